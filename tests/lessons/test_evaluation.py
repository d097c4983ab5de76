"""What lesson 15 writes by hand, against known answers: its own functions, taken from its cells."""

import ast

import numpy as np
import pytest
from sklearn.metrics import recall_score, roc_auc_score

from scripts.calibration import expected_calibration_error, softmax
from scripts.lessons import notebooks

BY_HAND = ("holm", "choose", "by_photos", "by_people", "draw_labels", "recalls", "redraw_as_train")
BY_HAND += ("spread_of", "share_stranger")


@pytest.fixture
def lesson():
    """Return the lesson's functions, with a random generator of their own, as a dictionary."""
    (path,) = (path for path in notebooks.find_lessons() if path.stem == "15_evaluation")
    cells = [ast.parse(cell.source) for cell in notebooks.code_cells(notebooks.read_notebook(path))]
    functions = [node for cell in cells for node in cell.body if isinstance(node, ast.FunctionDef)]
    program = ast.Module([node for node in functions if node.name in BY_HAND], [])
    assert {node.name for node in program.body} == set(BY_HAND)
    names = {"np": np, "generator": np.random.default_rng(0), "player": np.random.default_rng(0)}
    exec(compile(program, path.name, "exec"), names)
    return names


def test_holms_correction_of_a_case_on_paper(lesson):
    # Sorted 0.005, 0.01, 0.03, 0.04: times 4, 3, 2, 1 is 0.02, 0.03, 0.06, 0.04; it rises to 0.06.
    assert lesson["holm"]([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02], abs=1e-12)
    assert lesson["holm"]([0.9, 0.8]) == pytest.approx([1, 1])


def test_holm_raises_a_false_alarm_in_five_of_a_hundred_families(lesson):
    generator = np.random.default_rng(1)
    alarms = np.mean([lesson["holm"](generator.random(8)).min() < 0.05 for _ in range(4000)])
    assert 0.04 < alarms < 0.06


def test_who_chooses_among_equals_claims_more_than_it_is_worth(lesson):
    rows = np.random.default_rng(1).random((200, 400)) < 0.9
    claims, worth = lesson["choose"](rows, 200, splits=50)
    assert claims > 0.93 and worth == pytest.approx(0.9, abs=0.01)
    claims, worth = lesson["choose"](rows, 1, splits=50)
    assert claims == pytest.approx(worth, abs=0.01)


def coverage(lesson, photos_of_each, tests, draws):
    """Return how often the interval over photos, and that over people, holds a true share of 0.8
    around which people differ.
    """
    generator = np.random.default_rng(2)
    person, held = np.repeat(np.arange(len(photos_of_each)), photos_of_each), []
    for _ in range(tests):
        right = generator.random(len(person)) < generator.beta(16, 4, len(photos_of_each))[person]
        intervals = lesson["by_photos"](right, draws), lesson["by_people"](right, person, draws)
        held.append([low <= 0.8 <= high for low, high in intervals])
    return np.mean(held, axis=0)


def test_both_intervals_hold_the_truth_in_95_of_100_tests_of_one_photo_each(lesson):
    photos, people = coverage(lesson, np.ones(300, dtype=int), tests=600, draws=600)
    assert 0.93 <= photos <= 0.97 and 0.93 <= people <= 0.97


def test_with_many_photos_of_each_only_the_interval_over_people_holds(lesson):
    photos, people = coverage(lesson, np.full(60, 40), tests=300, draws=250)
    assert photos < 0.85 and 0.91 <= people <= 0.97


def test_labels_are_drawn_from_the_probabilities(lesson):
    table = np.tile(softmax([[0.0, 1.0, 2.0]]), (50_000, 1))
    drawn = lesson["draw_labels"](table)
    assert np.bincount(drawn, minlength=3) / len(drawn) == pytest.approx(table[0], abs=0.01)
    assert expected_calibration_error(table, drawn) < 0.01


def test_the_weighted_score_covers_the_truth_in_95_of_100_tests_of_other_shares(lesson):
    generator = np.random.default_rng(3)
    lesson["names"], lesson["train_shares"] = ["a", "b", "c"], np.array([0.5, 0.3, 0.2])
    true_recalls, sizes = np.array([0.7, 0.6, 0.8]), np.array([200, 200, 200])
    lesson["labels"] = {"test": np.repeat([0, 1, 2], sizes)}
    held = []
    for _ in range(1200):
        lesson["right"] = {"test": {"model": generator.random(sizes.sum()) < true_recalls[lesson["labels"]["test"]]}}
        low, high = np.quantile(lesson["redraw_as_train"]("model", "test", 600), [0.025, 0.975])
        held.append(low <= true_recalls @ lesson["train_shares"] <= high)
    assert 0.93 <= np.mean(held) <= 0.97


def test_recalls_and_the_share_found_stranger_are_scikit_learns(lesson):
    generator = np.random.default_rng(4)
    truth, answers = generator.integers(5, size=(2, 300))
    lesson.update(names=list("abcde"), labels={"test": truth}, right={"test": {"model": answers == truth}})
    theirs = recall_score(truth, answers, average=None)
    assert lesson["recalls"]("model", "test") == pytest.approx(theirs, rel=0, abs=1e-12)
    others, garments = generator.normal(1, 1, 40), generator.normal(0, 1, 90)
    area = roc_auc_score(np.repeat([1, 0], [40, 90]), np.concatenate([others, garments]))
    assert lesson["share_stranger"](others, garments) == pytest.approx(area, rel=0, abs=1e-12)


@pytest.mark.parametrize("spread", [0.0, 0.05, 0.1])
def test_the_spread_of_people_is_found_without_what_is_chance(lesson, spread):
    generator = np.random.default_rng(5)
    photos = generator.integers(11, 60, 8000)
    mean = np.clip(0.8 + spread * generator.choice([-1, 1], len(photos)), 0, 1)
    found = lesson["spread_of"](generator.binomial(photos, mean) / photos, photos)
    assert found == pytest.approx(spread, abs=0.02)
