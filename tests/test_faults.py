"""The six sick runs of lesson 18: their numbers tell them apart, whatever the seed."""

import numpy as np
import pytest

from scripts import faults


@pytest.fixture(scope="module")
def runs():
    return faults.sick_runs(2)  # the lesson itself plays, and asserts, with 1


def test_each_fault_is_found_by_numbers_alone(runs):
    found = {name: faults.diagnose(run, runs["healthy"]) for name, run in runs.items()}
    assert found == {"healthy": "healthy"} | faults.FAULTS


def test_the_signs_are_far_from_the_limits_of_the_diagnosis(runs):
    repeats = {faults.FAULTS.get(name, name): faults.repeats(run) for name, run in runs.items()}
    assert repeats.pop("not shuffled") > 0.8 and max(repeats.values()) < 0.35
    last = {faults.FAULTS.get(name, name): run.validation_accuracy[-1] for name, run in runs.items()}
    assert last["labels shuffled"] < 0.2 and last["leak"] > 0.97
    assert last["validation augmented"] < last["healthy"] - 0.06
    ends = {faults.FAULTS.get(name, name): run.validation_loss[-1] for name, run in runs.items()}
    assert ends["rate too large"] > 10 * ends["healthy"] and ends["rate too small"] > 2 * ends["healthy"]


def test_training_loss_alone_does_not_tell_a_small_rate_from_shuffled_labels(runs):
    by_fault = {fault: runs[letter] for letter, fault in faults.FAULTS.items()}
    assert abs(by_fault["rate too small"].loss[-1] - by_fault["labels shuffled"].loss[-1]) < 0.1


def test_a_judge_that_is_augmented_leaves_training_as_it_was(runs):
    sick = runs[next(letter for letter, fault in faults.FAULTS.items() if fault == "validation augmented")]
    assert np.allclose(sick.loss, runs["healthy"].loss, rtol=0.001)
    assert np.all(sick.validation_loss > runs["healthy"].validation_loss)


def test_curves_have_a_value_for_each_epoch_and_steps_for_each_batch(runs):
    run = runs["healthy"]
    assert {curve.shape for curve in run[:4]} == {(faults.EPOCHS,)}
    assert run.steps.shape == (faults.EPOCHS, 24)  # 3,068 photos in batches of 128
    assert np.allclose(run.steps.mean(axis=1), run.loss)


def test_epochs_that_repeat_are_told_from_epochs_in_a_new_order():
    up_and_down, shift = np.sin(np.arange(24)), np.linspace(3, 1, 12)[:, None]
    curves = [np.zeros(12)] * 4
    assert faults.repeats(faults.Run(*curves, up_and_down + shift)) == pytest.approx(1)
    noise = np.random.default_rng(0).normal(size=(12, 24))
    assert abs(faults.repeats(faults.Run(*curves, noise + shift))) < 0.3
