"""The benchmark: its arithmetic, and the lessons' own count of their epochs. No time is tested."""

import json
import multiprocessing
import runpy
import sys
from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from scripts.benchmark import __main__ as command
from scripts.benchmark import backbone, heads, recipe
from scripts.course import CourseError
from scripts.heads import train_head


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
    more = WORK | {"12": {"epochs": 200, "photos": 1500}}
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


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory):
    """A folder of pictures that is not there, and one fresh process for all parts that want one."""
    folder = tmp_path_factory.mktemp("pictures") / "nowhere"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA", str(folder))  # the process inherits it
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            patch.setattr(multiprocessing.context.SpawnContext, "Pool", lambda *_, **__: nullcontext(pool))
            yield folder


@pytest.mark.parametrize("part", sorted(command.PARTS))
def test_an_error_of_the_course_is_one_line_without_a_traceback(nowhere, monkeypatch, part):
    monkeypatch.setattr(sys, "argv", ["benchmark", part])
    with pytest.raises(SystemExit) as caught:  # which Python shows without a traceback
        runpy.run_path(command.__file__, run_name="__main__")
    said = caught.value.code
    assert isinstance(said, str) and "\n" not in said
    assert ("COURSE_DATA" in said and "nowhere" in said) or "make run" in said


def views(labels, good):
    """Two views of each photo: the class stands in the features where `good` says so, else there is
    only noise.
    """
    noise = np.random.default_rng(0).normal(0, 0.1, (2, len(labels), 3)).astype("float32")
    return [
        SimpleNamespace(features=noise[number] + np.eye(3, dtype="float32")[labels] * sees, labels=labels)
        for number, sees in enumerate(good)
    ]


def test_views_are_tried_alone_and_together(monkeypatch):
    monkeypatch.setattr("scripts.heads.train_head", partial(train_head, batch_size=32))  # for the few photos
    labels = np.arange(300) % 3
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
