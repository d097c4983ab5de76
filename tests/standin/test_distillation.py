"""Distillation in small: views seen alike by both networks, training that goes on after a kill,
weights that load.
"""

import os
import runpy
import subprocess
import sys
from functools import partial

import keras
import numpy as np
import pytest
import small_distillation
from PIL import Image

from scripts import features
from scripts.course import ROOT
from scripts.files import digest
from scripts.standin import distillation as distill


@pytest.fixture
def photos(tmp_path, monkeypatch):
    generator = np.random.default_rng(0)
    for split in ("train", "validation", "test"):
        for name in distill.STANDIN_CLASSES:
            folder = tmp_path / "photos" / split / name
            folder.mkdir(parents=True)
            pixels = generator.integers(0, 256, (4, 3, 3), dtype="uint8")
            Image.fromarray(pixels).resize((150, 200)).save(folder / "1.jpg")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "photos"))
    return sorted((tmp_path / "photos/train").glob("*/*.jpg"))


def test_both_networks_see_the_same_view(photos):
    for index in range(5):
        large, small = distill.make_views(photos[0], index)
        assert large.shape == (299, 299, 3) and small.shape == (150, 150, 3)
        shrunk = np.asarray(Image.fromarray(large).resize((150, 150), Image.Resampling.BILINEAR), dtype="float32")
        assert np.abs(shrunk - small).mean() < 3


def test_a_view_is_the_same_each_time_and_another_for_each_index(photos):
    again = [distill.make_views(photos[0], index)[1] for index in (2, 2, 3)]
    assert np.array_equal(again[0], again[1])
    assert not np.array_equal(again[0], again[2])


def test_the_first_two_views_are_the_photo_and_its_mirror_image(photos):
    plain, mirrored = (distill.make_views(photos[0], index)[1] for index in (0, 1))
    assert np.array_equal(plain[:, ::-1], mirrored)


class CountingTeacher:
    """Stands for Xception: two features, the mean and the spread of each image."""

    def __init__(self):
        self.seen = 0

    def predict_on_batch(self, images):
        assert images.shape[1:] == (299, 299, 3) and images.min() >= -1 and images.max() <= 1
        self.seen += len(images)
        return np.stack([images.mean(axis=(1, 2, 3)), images.std(axis=(1, 2, 3))], axis=1)


def test_the_teacher_sees_each_view_once_even_after_a_cut(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(distill, "CHUNK", 8)
    teacher, folder = CountingTeacher(), tmp_path / "views"
    distill.teach(teacher, photos, 3, folder)
    images, targets = distill.load_views(folder, 30)
    assert teacher.seen == 30 and images.shape == (30, 150, 150, 3)
    (folder / "views-0002.npz").unlink()
    distill.teach(teacher, photos, 3, folder)
    assert teacher.seen == 38
    assert np.allclose(distill.load_views(folder, 30)[1], targets)
    assert np.allclose(targets.mean(axis=0), 0, atol=1e-3) and np.allclose(targets.std(axis=0), 1, atol=1e-2)


def test_a_run_with_more_views_completes_a_short_last_file(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(distill, "CHUNK", 8)
    teacher, folder = CountingTeacher(), tmp_path / "views"
    distill.teach(teacher, photos, 1, folder)  # ten views: a file of eight, and one of two
    distill.teach(teacher, photos, 2, folder)
    images, _ = distill.load_views(folder, 20)
    wanted = [distill.make_views(photo, index)[1] for index in (0, 1) for photo in photos]
    assert np.array_equal(images, np.stack(wanted)) and teacher.seen == 10 + 8 + 4


@pytest.fixture
def small(monkeypatch):
    """A small network for the stand-in, and a short training."""
    for name, value in small_distillation.SETTINGS.items():
        monkeypatch.setattr(distill, name, value)


def test_a_trained_student_is_taken_over_at_half_the_learning_rate(tmp_path, small):
    first = distill.build_student(2, epochs=1)
    first.save(tmp_path / "student.keras")
    again = distill.build_student(2, epochs=1, start=tmp_path / "student.keras")
    assert all(np.array_equal(one, other) for one, other in zip(first.get_weights(), again.get_weights(), strict=True))
    highest = [float(max(student.optimizer._learning_rate(step) for step in range(100))) for student in (first, again)]
    assert highest[1] == pytest.approx(highest[0] / 2)


def test_every_pass_holds_each_view_once(monkeypatch):
    monkeypatch.setattr(distill, "STEPS_IN_EPOCH", 3)
    monkeypatch.setattr(distill, "BATCH", 4)
    images = np.zeros((8, 150, 150, 3), "uint8")
    order = np.concatenate([distill.Batches(images, images, epoch, 150).order for epoch in range(4)])
    for start in range(0, 48, 8):
        assert sorted(order[start : start + 8]) == list(range(8))


def test_training_goes_on_after_a_kill_with_the_same_steps_and_a_model_no_worse(tmp_path, small, capsys):
    folders = tmp_path / "killed", tmp_path / "whole"
    for folder in folders:
        folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "2"}
    command = [sys.executable, small_distillation.__file__, str(folders[0])]
    killed = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert killed.returncode == 9 and "epoch 2/4" in killed.stdout and "epoch 3/4" not in killed.stdout
    resumed, whole = map(small_distillation.train, folders)
    told = capsys.readouterr().out
    assert told.startswith("Going on after epoch 2 of 4") and told.count("Going on") == 1
    assert resumed[0] == whole[0] == 24
    assert resumed[1] == pytest.approx(whole[1], rel=0.05)
    log = [["1", "96"], ["2", "96"], ["3", "112"], ["4", "112"]]
    assert [row[:2] for row in distill.read_log(tmp_path / "killed")] == log


def test_publishing_writes_weights_that_load_and_a_card(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(features, "CACHE", tmp_path)
    monkeypatch.setattr(distill, "ensure", lambda: tmp_path / "photos")  # for the drawn ones, which are more
    monkeypatch.setattr(distill, "train_head", partial(distill.train_head, epochs=2))
    student = distill.build_student(2, epochs=1)
    out = tmp_path / "standin.weights.h5"
    model = distill.publish(student, out)
    assert out.stat().st_size <= 4_000_000
    again = distill.build_standin(include_top=True)
    again.load_weights(out)
    image = np.random.default_rng(0).uniform(-1, 1, (1, 150, 150, 3)).astype("float32")
    assert np.allclose(again(image), model(image), atol=1e-5)
    assert (tmp_path / "standin.sha256").read_text().split()[0] == digest(out)
    facts = dict.fromkeys(["parameters", "photos", "data", "teacher", "views", "steps", "seconds", "machine"], "x")
    for validation in ("0.1", "0.2"):
        distill.write_card(out, {"note": "", **facts, "validation": validation, "test": "0.3"})
    card = (tmp_path / "standin.md").read_text()
    assert digest(out) in card and "0.1" in card and "0.2" in card


def test_without_a_teacher_it_says_which_one_to_set(monkeypatch):
    monkeypatch.setenv("COURSE_WEIGHTS", "standin")
    monkeypatch.setattr(sys, "argv", ["distill"])
    with pytest.raises(SystemExit, match="COURSE_WEIGHTS"):  # one line, where an error has a traceback
        runpy.run_module("scripts.distill", run_name="__main__")


@pytest.mark.parametrize("there", [[], ["student.keras"], ["log.csv"]])
def test_a_start_that_is_not_whole_is_said_before_any_work(tmp_path, monkeypatch, there):
    for name in there:
        (tmp_path / name).write_text("x")
    monkeypatch.setattr(sys, "argv", ["distill", "--start", str(tmp_path / "student.keras")])
    monkeypatch.setattr(distill, "weights_source", lambda: pytest.fail("began"))
    with pytest.raises(distill.CourseError, match="log.csv" if there == ["student.keras"] else "student.keras"):
        distill.main()


def test_keras_policy_is_left_as_it_was():
    assert keras.config.dtype_policy().name == "float32"


def test_a_run_from_another_student_is_another_run(tmp_path):
    students = [tmp_path / name for name in ("a.keras", "b.keras")]
    for student in students:
        student.write_text(student.name)
    names = {distill.run_name(9, 36), *(distill.run_name(9, 36, student) for student in students)}
    assert len(names) == 3
    students[0].rename(tmp_path / "moved.keras")
    assert distill.run_name(9, 36, tmp_path / "moved.keras") in names
