"""The benchmark: its arithmetic, and the lessons' own count of their epochs. No time is tested."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from scripts.benchmark import __main__ as command
from scripts.benchmark import backbone, heads, recipe
from scripts.course import ROOT, CourseError


def test_operations_of_a_convolution_are_counted():
    model = keras.Sequential([keras.Input((10, 10, 3)), keras.layers.Conv2D(4, 3, padding="same", use_bias=False)])
    assert backbone.operations(model) == 2 * 3 * 3 * 3 * 4 * 10 * 10


def run_json(folder, **work):
    """Write what `make run` leaves, with the work that lessons recorded; return the file."""
    lessons = [
        {"lesson": f"{number}_x", "data": {"pictures": 600}, "results": [{"name": "work", **row}]}
        for number, row in work.items()
    ]
    file = folder / "run.json"
    file.write_text(json.dumps({"lessons": lessons}))
    return file


WORK = {number: {"epochs": 100, "photos": 500} for number in heads.TRAINING_LESSONS}


def test_the_bill_adds_the_epochs_and_counts_the_shared_pass_once(tmp_path):
    assert heads.lessons_bill(run_json(tmp_path, **WORK)) == (400, 1)
    more = WORK | {"12": {"epochs": 200, "photos": 1800}}
    assert heads.lessons_bill(run_json(tmp_path, **more)) == (500, 3)


def test_a_lesson_that_did_not_run_is_named(tmp_path):
    del (work := dict(WORK))["11"]
    with pytest.raises(CourseError, match="lesson 11.*make run"):
        heads.lessons_bill(run_json(tmp_path, **work))
    with pytest.raises(CourseError, match="make run"):
        heads.lessons_bill(tmp_path / "nothing")


def test_a_missing_bill_is_said_in_one_line_before_anything_is_measured(monkeypatch):
    def missing():
        raise CourseError("run `make run` first")

    monkeypatch.setattr(heads, "lessons_bill", missing)
    monkeypatch.setattr(heads, "import_tensorflow", lambda: pytest.fail("began to measure"))
    with pytest.raises(CourseError, match="make run"):
        heads.heads()


@pytest.mark.parametrize("part", sorted(command.PARTS))
def test_an_error_of_the_course_is_one_line_without_a_traceback(tmp_path, part):
    environment = {**os.environ, "COURSE_DATA": str(tmp_path / "nowhere"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command_line = [sys.executable, "-m", "scripts.benchmark", part]
    run = subprocess.run(command_line, capture_output=True, text=True, cwd=ROOT, env=environment)
    said = run.stderr.strip().splitlines()
    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert ("COURSE_DATA" in said[-1] and "nowhere" in said[-1]) or "make run" in said[-1]


def views(labels, good):
    """Two views of each photo: the class stands in the features where `good` says so, else there is
    only noise.
    """
    noise = np.random.default_rng(0).normal(0, 0.1, (2, len(labels), 3)).astype("float32")
    return [
        SimpleNamespace(features=noise[number] + np.eye(3, dtype="float32")[labels] * sees, labels=labels)
        for number, sees in enumerate(good)
    ]


def test_views_are_tried_alone_and_together():
    labels = np.arange(1200) % 3
    splits = {split: views(labels, (1, 0)) for split in ("train", "validation", "test")}

    def judge(numbers, seeds):
        tried = recipe.try_views(splits, numbers, numbers, 0.001, seeds, scored=("test",))
        return recipe.judge(tried, splits, "test")

    seeing, blind, both = judge([0], (0, 1)), judge([1], (0,)), judge([0, 1], (0,))
    assert seeing["test"] == 1 and blind["test"] < 0.7 < both["test"]
    assert seeing["test loss"] < both["test loss"] < blind["test loss"]


def test_a_result_carries_mean_lowest_interval_and_loss():
    splits = {"test": [SimpleNamespace(labels=np.zeros(372, dtype=int))]}
    answers = []
    for correct in (346, 344, 348):
        answers.append(np.full((372, 2), 0.25))
        answers[-1][:correct, 0] = answers[-1][correct:, 1] = 0.75
    row = recipe.judge({"test": answers}, splits, "test")
    assert row["test"] == 346 / 372 and row["test lowest"] == 344 / 372 and row["test interval"] == "0.900-0.952"
    assert row["test loss"] == pytest.approx((346 * -np.log(0.75) + 26 * -np.log(0.25)) / 372)


def test_the_table_is_written_as_json(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(
        command.PARTS, "heads", lambda: ([{"head": "10", "times faster": 123.4}], {"ours, minutes": 2.5})
    )
    monkeypatch.setattr(sys, "argv", ["benchmark", "heads", "--json", str(tmp_path / "new/heads.json")])
    command.main()
    assert json.loads((tmp_path / "new/heads.json").read_text())["rows"] == [{"head": "10", "times faster": 123.4}]
    assert "123" in capsys.readouterr().out
