"""The drawn sample: what is in it, that it is the same everywhere, and that a damaged one is drawn
anew.
"""

import csv
import hashlib
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from scripts import datasets
from scripts.course import ROOT, CourseError
from scripts.sample import drawing, plan
from scripts.sample import folder as sample
from scripts.sample.__main__ import contact_sheet


@pytest.fixture(scope="module")
def folder():
    """The whole sample; conftest.py has drawn it."""
    return sample.ensure()


@pytest.fixture
def small(monkeypatch):
    """A plan of four pictures, so that drawing takes a moment."""
    pictures = sample.plan()[::150]
    monkeypatch.setattr(sample, "plan", lambda: pictures)
    return pictures


def test_600_pictures_in_three_splits_and_ten_classes(folder):
    assert datasets.class_names() == sorted(drawing.CLASSES)
    assert [len(datasets.list_images(split)[0]) for split in datasets.SPLITS] == [400, 100, 100]
    for split in datasets.SPLITS:
        assert set(datasets.list_images(split)[1]) == set(range(10))


def test_every_picture_is_a_readable_rgb_jpeg_of_about_300_by_400(folder):
    shapes = Counter()
    for path in sorted(folder.glob("*/*/*")):
        with Image.open(path) as image:
            assert (image.format, image.mode) == ("JPEG", "RGB"), path
            assert 280 <= min(image.size) <= 420 and max(image.size) <= 560, path
            shapes["portrait" if image.height > image.width else "other"] += 1
            image.load()
    assert shapes.total() == 600
    assert 0.5 < shapes["portrait"] / 600 < 0.95


def test_the_table_names_every_picture_with_the_columns_of_the_real_set(folder):
    with (folder / "images.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["image", "sender_id", "label", "kids"]
    assert sorted(row["image"] for row in rows) == sorted(path.stem for path in folder.glob("*/*/*"))
    by_stem = {path.stem: path.parent.name for path in folder.glob("*/*/*")}
    assert all(by_stem[row["image"]] == row["label"].lower() for row in rows)


def test_photographers_are_shared_as_in_the_real_set(folder):
    who = datasets.photographers()
    people = {split: [who[path.stem] for path in datasets.list_images(split)[0]] for split in datasets.SPLITS}
    assert len(set(people["test"])) == 5
    assert not set(people["test"]) & (set(people["train"]) | set(people["validation"]))
    assert Counter(people["test"]).most_common(1)[0][1] > 50
    assert np.mean([person in set(people["train"]) for person in people["validation"]]) >= 0.95


def test_shoes_are_rarer_in_train_than_in_test():
    shares = {split: counts["shoes"] / sum(counts.values()) for split, counts in plan.COUNTS.items()}
    assert shares["test"] > 2 * shares["train"]


def test_all_pictures_differ(folder):
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*/*/*")}
    assert len(digests) == 600


def test_the_same_bytes_whatever_the_number_of_processes(tmp_path, folder):
    pictures = sample.plan()[::120]
    for processes in (1, 2):
        sample.draw_all(tmp_path / str(processes), pictures, processes)
    for picture in pictures:
        one, two = (tmp_path / str(processes) / picture.path for processes in (1, 2))
        assert one.read_bytes() == two.read_bytes() == (folder / picture.path).read_bytes()


def test_a_sample_that_is_there_is_not_drawn_again(tmp_path, small, monkeypatch):
    folder = sample.ensure(tmp_path / "sample", processes=1)
    monkeypatch.setattr(sample, "draw_all", lambda *arguments: pytest.fail("drawn again"))
    assert sample.ensure(folder) == folder


def lose_a_picture(folder):
    next(folder.glob("*/*/*.jpg")).unlink()


def be_of_another_version(folder):
    (folder / sample.STAMP).write_text("0" * 64)


def lose_the_table(folder):
    (folder / "images.csv").unlink()


@pytest.mark.parametrize("harm", [lose_a_picture, be_of_another_version, lose_the_table])
def test_a_stale_or_half_sample_is_drawn_anew(tmp_path, small, harm):
    folder = sample.ensure(tmp_path / "sample", processes=1)
    before = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    harm(folder)
    sample.ensure(folder, processes=1)
    assert {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["sample"]


def test_drawing_that_is_cut_off_leaves_no_sample(tmp_path, small, monkeypatch):
    original, drawn = sample.draw_file, []

    def cut_off(folder, picture):
        if len(drawn) == 3:
            raise KeyboardInterrupt
        drawn.append(picture)
        original(folder, picture)

    monkeypatch.setattr(sample, "draw_file", cut_off)
    with pytest.raises(KeyboardInterrupt):
        sample.ensure(tmp_path / "sample", processes=1)
    assert not (tmp_path / "sample").exists()
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path, small):
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample/thesis.txt").write_text("years of work")
    with pytest.raises(CourseError, match="not a drawn sample"):
        sample.ensure(tmp_path / "sample")
    assert (tmp_path / "sample/thesis.txt").read_text() == "years of work"


TWO_AT_ONCE = """
import sys
from pathlib import Path
from scripts.sample import folder as sample
pictures = sample.plan()[::150]
sample.plan = lambda: pictures
original = sample.draw_all
def counted(*arguments):
    with open(sys.argv[2], "a") as file:
        file.write("drawn\\n")
    original(*arguments)
sample.draw_all = counted
sample.ensure(Path(sys.argv[1]), processes=1)
"""


def test_of_two_processes_at_once_only_one_draws(tmp_path):
    command = [sys.executable, "-c", TWO_AT_ONCE, str(tmp_path / "sample"), str(tmp_path / "log")]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    assert (tmp_path / "log").read_text() == "drawn\n"
    assert len(list((tmp_path / "sample").glob("*/*/*.jpg"))) == 4


def test_small_pixels_alone_do_not_tell_the_classes():
    """Logistic regression on 32 x 32 pixels, by gradient descent, stays under 0.60 on test."""
    (train, labels), (test, answers) = (datasets.load_split(split, 32) for split in ("train", "test"))
    train, test = (images.reshape(len(images), -1).astype("float32") / 255 for images in (train, test))
    mean, spread = train.mean(axis=0), train.std(axis=0)
    train, test = (train - mean) / spread, (test - mean) / spread
    weights, one_hot = np.zeros((train.shape[1], 10), "float32"), np.eye(10, dtype="float32")[labels]
    for _ in range(300):
        scores = train @ weights
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        weights -= 0.01 * (train.T @ (shares - one_hot) / len(train) + 0.01 * weights)
    assert (shares.argmax(axis=1) == labels).mean() > 0.8  # it did learn
    assert 0.15 < ((test @ weights).argmax(axis=1) == answers).mean() < 0.60


def test_the_command_writes_a_contact_sheet(tmp_path, folder):
    contact_sheet(folder, tmp_path / "sheet.png", columns=4)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (4 * 102, 10 * 136)
