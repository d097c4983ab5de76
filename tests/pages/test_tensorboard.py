"""TensorBoard's page, opened in a real browser: it shows the runs of a real training, asks no other
host for anything, and leaves no process behind.
"""

import importlib.util
import json
import socket
import time
from urllib.error import HTTPError
from urllib.request import urlopen

import keras
import numpy as np
import psutil
import pytest
import tensorflow as tf

from scripts.course import ROOT
from scripts.machine.browser import find_browser

spec = importlib.util.spec_from_file_location("screenshots", ROOT / "images" / "screenshots.py")
screenshots = importlib.util.module_from_spec(spec)
spec.loader.exec_module(screenshots)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """Two small runs, as lesson 18 logs its own."""
    folder = tmp_path_factory.mktemp("logs")
    numbers = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    for rate in (0.1, 0.001):
        head = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        head.compile(keras.optimizers.SGD(rate), "mse")
        log = keras.callbacks.TensorBoard(folder / f"rate-{rate}", write_graph=False)
        head.fit(numbers, numbers.sum(axis=1), epochs=3, callbacks=[log], verbose=0)
    return folder


def answers(address):
    host, port = address.removeprefix("http://").split(":")
    with socket.socket() as connection:
        return connection.connect_ex((host, int(port))) == 0


def listeners(processes):
    return {c.laddr.ip for process in processes for c in process.net_connections("inet") if c.status == "LISTEN"}


def test_the_server_listens_on_this_machine_only_and_is_gone_also_after_an_error(logs):
    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(ZeroDivisionError), screenshots.tensorboard(logs) as address:
        assert answers(address)
        assert listeners(set(psutil.Process().children(recursive=True)) - before) == {"127.0.0.1"}
        raise ZeroDivisionError
    assert not answers(address)
    assert not set(psutil.Process().children(recursive=True)) - before


@pytest.mark.skipif(not importlib.util.find_spec("tensorboard_data_server"), reason="no faster reader here")
@pytest.mark.parametrize(("fast", "steps"), [("true", [0, 1, 2]), ("false", [0, 1, 2, 0, 1, 2])])
def test_of_two_runs_in_one_folder_the_faster_reader_shows_the_second_only(tmp_path, fast, steps):
    for _ in range(2):
        with tf.summary.create_file_writer(str(tmp_path / "twice")).as_default():
            for step in range(3):
                tf.summary.scalar("epoch_loss", 1.0, step=step)
        time.sleep(1.1)  # the names of the files count seconds
    with screenshots.tensorboard(tmp_path, fast) as address:
        end = time.monotonic() + 60
        while True:  # it answers 404 until it has read the log
            try:
                with urlopen(f"{address}/data/plugin/scalars/scalars?run=twice&tag=epoch_loss") as answer:
                    found = json.load(answer)
                break
            except HTTPError:
                assert time.monotonic() < end
                time.sleep(0.5)
    assert [step for _, step, _ in found] == steps


@pytest.mark.skipif(not find_browser(), reason="no browser here: `make browser`")
def test_the_page_shows_the_runs_and_reaches_no_other_host(logs):
    refused = []
    with screenshots.tensorboard(logs) as address, screenshots.open_page(address, refused) as page:
        page.goto(address + screenshots.charts("rate-.*train", "epoch_loss"))
        for words in ("rate-0.1/train", "rate-0.001/train", "epoch_loss"):
            page.get_by_text(words, exact=True).first.wait_for(timeout=60_000)
        assert not refused
        with pytest.raises(Exception, match="ERR_FAILED"):
            page.goto("http://example.com/")
    assert refused == ["http://example.com/"]
