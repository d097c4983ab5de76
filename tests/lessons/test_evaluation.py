"""What lesson 15 writes by hand, against known answers: its own functions, taken from its cells."""

import ast

import numpy as np
import pytest

from scripts.calibration import expected_calibration_error, softmax
from scripts.lessons import notebooks

BY_HAND = ("holm", "choose", "by_photos", "by_people", "draw_labels")


@pytest.fixture
def lesson():
    """Return the lesson's functions, with a random generator of their own, as a dictionary."""
    (path,) = (path for path in notebooks.find_lessons() if path.stem == "15_evaluation")
    cells = [ast.parse(cell.source) for cell in notebooks.code_cells(notebooks.read_notebook(path))]
    functions = [node for cell in cells for node in cell.body if isinstance(node, ast.FunctionDef)]
    program = ast.Module([node for node in functions if node.name in BY_HAND], [])
    assert {node.name for node in program.body} == set(BY_HAND)
    names = {"np": np, "generator": np.random.default_rng(0)}
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
