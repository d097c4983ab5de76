"""Lesson 19's two workers: its checks see a gradient that is not averaged, and nobody outside can
reach a worker.
"""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from scripts.lessons import notebooks

STEPS = 24  # of the lesson's worker, in three epochs of 1,024 photos
RATE = np.float32(0.003)


@pytest.fixture
def lesson(tmp_path):
    """Return what the lesson's cells define for the worker, its program and data being in
    `tmp_path`.
    """
    path = next(notebooks.NOTEBOOKS.glob("19_*.ipynb"))
    sources = [cell.source for cell in notebooks.code_cells(notebooks.read_notebook(path))]
    gradient = next(source for source in sources if "def loss_and_gradient" in source)
    gradient = gradient[gradient.index("def loss_and_gradient") :].split("\n\n\n")[0]
    names = {"np": np, "folder": tmp_path, "inspect": SimpleNamespace(getsource=lambda function: gradient)}
    exec(gradient, names)
    for source in sources:
        if source.lstrip().startswith(("import inspect", "worker +=")):
            exec(source.removeprefix("import inspect\n"), names)
    generator = np.random.default_rng(0)
    x = generator.normal(size=(1024, 2048)).astype("float32")
    np.savez(tmp_path / "data.npz", x=x, y=generator.integers(0, 10, 1024))
    return names


def start(folder, *words):
    command = [sys.executable, "worker.py", *map(str, words)]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)


def weights_of_two(folder):
    """Return the weights, (2048, 10), of each of the two workers at their end."""
    workers = [start(folder, 0, 0, -1)]
    try:
        workers.append(start(folder, 1, int(workers[0].stdout.readline()), -1))
        for worker in workers:
            worker.communicate(timeout=60)
    finally:
        for worker in workers:
            worker.kill()
    return [np.load(folder / f"{rank}.npy") for rank in range(2)]


def weights_of_one(lesson):
    data = np.load(lesson["folder"] / "data.npz")
    weights = np.zeros((2048, 10), "float32")
    for step in range(STEPS):
        rows = slice(step % 8 * 128, step % 8 * 128 + 128)
        weights -= RATE * lesson["loss_and_gradient"](weights, data["x"][rows], data["y"][rows])[1]
    return weights


def test_two_workers_have_the_weights_of_one(lesson, tmp_path):
    first, second = weights_of_two(tmp_path)
    assert np.array_equal(first, second) and np.allclose(first, weights_of_one(lesson), atol=1e-5)


def test_without_the_average_they_have_not(lesson, tmp_path):
    program = (tmp_path / "worker.py").read_text()
    assert program.count("(mine + theirs) / 2") == 1
    (tmp_path / "worker.py").write_text(program.replace("(mine + theirs) / 2", "mine"))
    first, second = weights_of_two(tmp_path)
    one = weights_of_one(lesson)
    assert not np.array_equal(first, second) and not np.allclose(first, one, atol=1e-4)


def test_a_worker_listens_on_loopback_only(lesson, tmp_path):
    worker = start(tmp_path, 0, 0, -1)
    try:
        port = int(worker.stdout.readline())
        listening = [one.laddr for one in psutil.Process(worker.pid).net_connections() if one.status == "LISTEN"]
        assert [tuple(address) for address in listening] == [("127.0.0.1", port)]
    finally:
        worker.kill()
        worker.communicate()
