"""The benchmark: its arithmetic, and the lessons' own count of their epochs. No time is tested."""

import json
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from scripts import benchmark
from scripts.course import CourseError
from scripts.lessons import notebooks


def test_operations_of_a_convolution_are_counted():
    model = keras.Sequential([keras.Input((10, 10, 3)), keras.layers.Conv2D(4, 3, padding="same", use_bias=False)])
    assert benchmark.operations(model) == 2 * 3 * 3 * 3 * 4 * 10 * 10


def test_every_lesson_on_training_well_says_how_many_epochs_it_trains():
    epochs, passes = benchmark.lessons_bill()
    assert epochs > 1000 and passes >= 1


def test_a_lesson_that_does_not_say_it_is_named(tmp_path, monkeypatch):
    (tmp_path / "08_learning_rate_and_checkpoints.ipynb").write_text(
        '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    )
    monkeypatch.setattr(notebooks, "find_lessons", lambda: [tmp_path / "08_learning_rate_and_checkpoints.ipynb"])
    with pytest.raises(CourseError, match="08_learning_rate"):
        benchmark.lessons_bill()


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
        tried = benchmark.try_views(splits, numbers, numbers, 0.001, seeds, scored=("test",))
        return benchmark.judge(tried, splits, "test")

    seeing, blind, both = judge([0], (0, 1)), judge([1], (0,)), judge([0, 1], (0,))
    assert seeing["test"] == 1 and blind["test"] < 0.7 < both["test"]
    assert seeing["test loss"] < both["test loss"] < blind["test loss"]


def test_a_result_carries_mean_lowest_interval_and_loss():
    splits = {"test": [SimpleNamespace(labels=np.zeros(372, dtype=int))]}
    answers = []
    for correct in (346, 344, 348):
        answers.append(np.full((372, 2), 0.25))
        answers[-1][:correct, 0] = answers[-1][correct:, 1] = 0.75
    row = benchmark.judge({"test": answers}, splits, "test")
    assert row["test"] == 346 / 372 and row["test lowest"] == 344 / 372 and row["test interval"] == "0.900-0.952"
    assert row["test loss"] == pytest.approx((346 * -np.log(0.75) + 26 * -np.log(0.25)) / 372)


def test_the_table_is_written_as_json(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(
        benchmark.PARTS, "heads", lambda: ([{"head": "10", "times faster": 123.4}], {"ours, minutes": 2.5})
    )
    monkeypatch.setattr(sys, "argv", ["benchmark", "heads", "--json", str(tmp_path / "new/heads.json")])
    benchmark.main()
    assert json.loads((tmp_path / "new/heads.json").read_text())["rows"] == [{"head": "10", "times faster": 123.4}]
    assert "123" in capsys.readouterr().out
