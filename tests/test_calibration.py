"""Sureness against cases solved on paper, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from scripts import calibration


def answers(n=500, classes=4, seed=0):
    """Return logits (n, classes) and labels (n,) of which the logits are exactly true."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, size=(n, classes))
    shares = calibration.softmax(logits).cumsum(axis=1)
    return logits, (shares < generator.random((n, 1))).sum(axis=1)


def test_softmax_of_a_case_on_paper_at_two_temperatures():
    logits = [[0, np.log(4)]]
    assert calibration.softmax(logits) == pytest.approx(np.array([[1 / 5, 4 / 5]]), abs=1e-12)
    assert calibration.softmax(logits, 2) == pytest.approx(np.array([[1 / 3, 2 / 3]]), abs=1e-12)
    assert calibration.softmax([[1000.0, 0.0]]) == pytest.approx(np.array([[1, 0]]), abs=1e-12)


def test_losses_and_brier_scores_are_scikit_learns():
    logits, labels = answers()
    probabilities = calibration.softmax(logits)
    assert calibration.log_losses(probabilities, labels).mean() == pytest.approx(
        log_loss(labels, probabilities), abs=1e-12
    )
    theirs = brier_score_loss(labels, probabilities, labels=range(4), scale_by_half=False)
    assert calibration.brier_scores(probabilities, labels).mean() == pytest.approx(theirs, abs=1e-12)


def test_a_right_answer_of_no_probability_has_a_large_loss_and_no_endless_one():
    assert calibration.log_losses([[1.0, 0.0]], [1]) == pytest.approx([-np.log(1e-12)])
    assert calibration.brier_scores([[1.0, 0.0]], [1]) == pytest.approx([2])


def test_the_calibration_error_of_a_case_on_paper():
    # Bin 0.6-0.7: sure 0.65 on average, 1 of 2 right. Bin 0.9-1.0: sure 0.95, 2 of 2 right.
    # Half of the answers each: (0.15 + 0.05) / 2.
    likeliest = np.array([0.62, 0.68, 0.92, 0.98])
    probabilities = np.stack([likeliest, 1 - likeliest], axis=1)
    error = calibration.expected_calibration_error(probabilities, [0, 1, 0, 0])
    assert error == pytest.approx(0.1, abs=1e-12)
    # One bin for all: sure 0.8, 3 of 4 right.
    assert calibration.expected_calibration_error(probabilities, [0, 1, 0, 0], bins=1) == pytest.approx(0.05, abs=1e-12)


def test_the_calibration_error_is_that_of_scikit_learns_curve():
    logits, labels = answers()
    probabilities = calibration.softmax(logits)
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    share_right, mean_sure = calibration_curve(right, sure, n_bins=10)
    counts = np.histogram(sure, bins=10, range=(0, 1))[0]
    theirs = np.abs(share_right - mean_sure) @ counts[counts > 0] / len(labels)
    assert calibration.expected_calibration_error(probabilities, labels) == pytest.approx(theirs, rel=0, abs=1e-12)


def test_an_answer_that_is_wholly_sure_is_in_the_last_bin():
    # Sure 1 and wrong, sure 0.92 and right: one bin, 0.96 on average, half of it right.
    error = calibration.expected_calibration_error([[1.0, 0.0], [0.92, 0.08]], [1, 0])
    assert error == pytest.approx(0.46, abs=1e-12)


def test_the_calibration_error_of_a_true_model_shrinks_with_the_pictures():
    few, many = (
        np.mean([calibration.expected_calibration_error(calibration.softmax(x), y) for x, y in draws])
        for draws in ([answers(100, seed=seed) for seed in range(40)], [answers(5000, seed=seed) for seed in range(10)])
    )
    assert 0.05 < few and many < few / 4


def test_the_temperature_of_a_case_on_paper():
    # Sure 0.8 of the first class (a logit of log 4) and right in 2 of 3: the best probability is
    # 2/3, a logit of log 2, half as large.
    logits = np.array([[np.log(4), 0]] * 3)
    assert calibration.fit_temperature(logits, [0, 0, 1]) == pytest.approx(2, rel=1e-5)
    # Right in 16 of 17: a logit of log 16, twice as large.
    logits = np.array([[np.log(4), 0]] * 17)
    assert calibration.fit_temperature(logits, [0] * 16 + [1]) == pytest.approx(0.5, rel=1e-5)


def test_the_temperature_undoes_a_scale_and_is_the_same_for_logarithms_of_probabilities():
    logits, labels = answers(20_000)
    assert calibration.fit_temperature(logits, labels) == pytest.approx(1, abs=0.05)
    once = calibration.fit_temperature(logits, labels)
    assert calibration.fit_temperature(3 * logits, labels) == pytest.approx(3 * once, rel=1e-4)
    assert calibration.fit_temperature(np.log(calibration.softmax(logits)), labels) == pytest.approx(once, rel=1e-4)


@pytest.mark.parametrize("labels", [[0, 1, 1], [[0], [1]]])
def test_labels_of_other_pictures_are_refused(labels):
    with pytest.raises(ValueError, match="a label for each picture"):
        calibration.log_losses(np.full((2, 2), 0.5), labels)
    with pytest.raises(ValueError, match="a label for each picture"):
        calibration.fit_temperature(np.zeros((2, 2)), labels)
