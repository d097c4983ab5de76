"""One shard: a row for every file whatever it holds, whole or not at all, the same bits always."""

import hashlib
import os
import re
import struct
import sys
import zlib

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from scripts import files
from scripts.cluster import network, shard
from scripts.cluster.plan import JobError, Settings
from scripts.cluster.reader import read_apart
from scripts.datasets import ImageError, load_image

SETTINGS = Settings(64, "crop", "tests.cluster.colors:network")
KEY = "colors 64 crop"


@pytest.fixture
def folder(tmp_path):
    """Ten photos of noise."""
    place = tmp_path / "photos of mine"
    place.mkdir()
    generator = np.random.default_rng(0)
    for number in range(10):
        Image.fromarray(generator.integers(0, 256, (80, 100, 3), "uint8")).save(place / f"{number}.png")
    return place


def make(folder, names, out=None, **more):
    out = out or folder.parent / "out"
    result = shard.make_shard(str(folder), str(out), 0, names, SETTINGS, KEY, **more)
    return result, pq.read_table(shard.shard_file(out, 0)).to_pylist()


BAD = {
    "empty.jpg": b"",
    "page.jpg": b"<html>not found</html>",
    "text.jpg": b"hello, this is no photo",
    "half.png": None,  # filled in below
    "huge.png": None,
}
SAID = {
    "empty.jpg": "the file is empty",
    "page.jpg": "holds a web page",
    "text.jpg": "in no format of pictures",
    "half.png": "cut off|truncated|broken",
    "huge.png": "pixels large, more than|far too large",
    "gone.jpg": "is gone since the plan was made",
    "folder.jpg": "is no file",
}


def test_every_bad_file_gets_a_row_that_says_why_without_a_path_of_the_machine(folder):
    whole = (folder / "0.png").read_bytes()
    contents = BAD | {"half.png": whole[: len(whole) // 2], "huge.png": huge()}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "folder.jpg").mkdir()
    result, rows = make(folder, ["1.png", *SAID, "2.png"])
    assert (result["done"], result["failed"]) == (2, len(SAID)) == (2, sum(result["errors"].values()))
    assert [row["name"] for row in rows] == ["1.png", *SAID, "2.png"]
    for row in rows[1:-1]:
        assert re.search(SAID[row["name"]], row["error"])
        assert row["features"] is None
        assert str(folder) not in row["error"] and folder.name not in row["error"]
    good, _ = shard.compute(folder, ["1.png"], SETTINGS, network.loaded(SETTINGS))[::-1]
    assert np.array_equal(np.array(rows[0]["features"], "float32"), good[0])  # bad neighbors change nothing
    assert rows[0]["digest"] == hashlib.sha256((folder / "1.png").read_bytes()).hexdigest()


def huge():
    """Return a PNG that says it has 20,000 x 20,000 pixels, in a few bytes."""
    head = b"IHDR" + struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"")
    chunks = [struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in (head, data)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes and such links")
def test_a_pipe_is_not_waited_for_and_a_link_to_nothing_is_named(folder):
    os.mkfifo(folder / "pipe.jpg")
    (folder / "link.jpg").symlink_to("nowhere")
    _, rows = make(folder, ["pipe.jpg", "link.jpg", "0.png"])
    assert [row["error"] for row in rows] == ["is no file.", "is a link to nothing.", None]


def test_features_are_those_of_the_loader_and_the_network(folder):
    names = sorted(path.name for path in folder.iterdir())
    _, rows = make(folder, names)
    wanted = network.loaded(SETTINGS).run(np.stack([load_image(folder / name, 64) for name in names]))
    assert np.array_equal(np.array([row["features"] for row in rows], "float32"), wanted.astype("float32"))


def test_the_network_is_loaded_once_and_always_gets_a_full_batch(folder, monkeypatch):
    sizes, loads = [], []

    def own(settings):
        loads.append(settings)
        return network.Network(lambda images: sizes.append(images.shape) or np.zeros((len(images), 3)), 3, "own")

    monkeypatch.setattr("tests.cluster.colors.own", own, raising=False)
    settings = Settings(64, "crop", "tests.cluster.colors:own")
    try:
        for _ in range(2):
            rows, _ = shard.compute(folder, [f"{n % 10}.png" for n in range(33)], settings, network.loaded(settings))
            assert len(rows) == 33
    finally:
        network.LOADED.pop(settings)
    assert len(loads) == 1 and sizes == [(32, 64, 64, 3)] * 5  # one to warm up


def test_a_shard_that_is_there_is_left_alone_a_damaged_one_made_anew(folder):
    names = ["0.png", "gone.png"]
    _, rows = make(folder, names)
    file = shard.shard_file(folder.parent / "out", 0)
    whole = file.read_bytes()
    (folder / "0.png").unlink()  # who made it anew would notice
    (folder / "gone.png").write_bytes(b"")
    result, _ = make(folder, names)
    assert file.read_bytes() == whole
    assert result == {"done": 1, "failed": 1, "skipped": 2, "errors": {"is gone since the plan was made.": 1}}
    file.write_bytes(whole[:-100])
    result, rows = make(folder, names)
    assert not result["skipped"] and "is empty" in rows[1]["error"]


def test_shards_of_another_network_are_neither_taken_nor_mixed(folder):
    make(folder, ["0.png"])
    file = shard.shard_file(folder.parent / "out", 0)
    with pytest.raises(JobError, match="another job"):
        shard.read_counts(file, "another key")
    with pytest.raises(JobError, match="A worker has another network"):
        shard.make_shard(folder, folder.parent / "out", 1, ["0.png"], SETTINGS, "another key")


def test_a_worker_that_sees_no_photo_at_all_writes_nothing(folder):
    with pytest.raises(JobError, match="sees none of the photos"):
        make(folder.parent / "not mounted", ["0.png", "1.png"])
    assert not shard.shard_file(folder.parent / "out", 0).exists()


def test_a_disk_that_fails_is_tried_again_and_becomes_a_row_only_at_last(folder, monkeypatch):
    def failing(path, algorithm="sha256"):
        return ""

    def refuse(path, size, fit):
        raise ImageError(f"{path} cannot be read as an image: [Errno 5] Input/output error: '{path}'")

    monkeypatch.setattr(files, "digest", failing)
    monkeypatch.setattr(shard, "load_image", refuse)
    monkeypatch.setattr(shard, "read_apart", lambda *photo: refuse(*photo))
    with pytest.raises(OSError, match="cannot be read now"):
        make(folder, ["0.png"])
    _, rows = make(folder, ["0.png"], careful=True)
    assert rows[0]["error"] == "cannot be read as an image: [Errno 5] Input/output error: 'the file'"


def test_a_full_disk_is_said_and_leaves_nothing(folder, monkeypatch):
    def full(table, part, **_):
        part.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shard.pq, "write_table", full)
    with pytest.raises(JobError, match="cannot be written: No space left on device"):
        make(folder, ["0.png"])
    assert not list((folder.parent / "out" / "shards").iterdir())


def test_reading_apart_gives_the_same_pixels_and_the_same_errors(folder):
    (folder / "empty.png").touch()
    assert np.array_equal(read_apart(folder / "0.png", 64, "pad"), load_image(folder / "0.png", 64, "pad"))
    with pytest.raises(ImageError, match="empty"):
        read_apart(folder / "empty.png", 64, "pad")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_a_photo_that_ends_its_reader_costs_that_photo_only(folder):
    deadly = (sys.executable, "-c", "import os; os.kill(os.getpid(), 11)")
    with pytest.raises(ImageError, match="ends the process that reads it"):
        read_apart(folder / "0.png", 64, "crop", deadly)


def test_names_stay_apart_and_are_utf8():
    names = ["a.jpg", "\udcff.jpg", "\\udcff.jpg", "\\\\udcff.jpg", "é\n.jpg"]
    written = [shard.written_name(name) for name in names]
    assert len(set(written)) == 5 and written[0] == "a.jpg" and written[4] == "é\n.jpg"
    assert all(name.encode() for name in written)
