"""The exercises are written into lessons and solution notebooks, whole and only once."""

import pytest
import synthetic
from nbformat import v4

from scripts.course import CourseError
from scripts.lessons import exercising, notebooks


@pytest.fixture
def path(tmp_path):
    return synthetic.write(synthetic.lesson(), tmp_path / "01_loading_images.ipynb")


def sources(notebook):
    return [cell.source for cell in notebook.cells]


def without(lesson):
    """The lesson before it had exercises."""
    begin, end = exercising.section(lesson.cells)
    del lesson.cells[begin:end]
    return lesson


def test_writing_twice_changes_nothing(path):
    lesson = synthetic.lesson()
    once = exercising.with_exercises(path, without(lesson))
    assert sources(once) == sources(synthetic.lesson())
    assert notebooks.to_text(exercising.with_exercises(path, once)) == notebooks.to_text(once)


def test_old_exercises_are_replaced(path):
    lesson = synthetic.lesson()
    begin, end = exercising.section(lesson.cells)
    lesson.cells[begin + 2 : end] = [v4.new_markdown_cell("### Exercise 1: an old one"), v4.new_code_cell("old = 1")]
    assert sources(exercising.with_exercises(path, lesson)) == sources(synthetic.lesson())


def test_what_stands_before_the_closing_stays_before_the_exercises(path):
    lesson = without(synthetic.lesson())
    lesson.cells[-1].source = "The figure rises.\n\n" + lesson.cells[-1].source
    written = sources(exercising.with_exercises(path, lesson))
    assert written.index("The figure rises.") < written.index(exercising.INTRODUCTION)
    assert written[-1] == synthetic.CLOSING and written[-2].endswith("check(4, answer)")


def test_a_lesson_without_a_source_gets_none(tmp_path):
    lesson = exercising.with_exercises(tmp_path / "99_more.ipynb", synthetic.lesson())
    assert exercising.HEADING not in "".join(sources(lesson))


def test_the_minutes_are_those_of_the_exercises(path):
    begin, end = exercising.section(synthetic.lesson().cells)
    assert exercising.minutes_of(synthetic.lesson().cells[begin:end]) == sum(
        task.minutes for task in exercising.exercises_of("01")
    )


def test_a_solution_that_is_wrong_is_not_stored(path, monkeypatch, tmp_path):
    async def executed(target, notebook, outcome, environment, log):
        outcome.status = "passed"
        for cell in notebooks.code_cells(notebook):
            cell.outputs = [synthetic.printed("Exercise 1: not yet.\n")]

    monkeypatch.setattr("scripts.lessons.running.execute", executed)
    monkeypatch.setattr(exercising, "SOLUTIONS", tmp_path / "solutions")
    with pytest.raises(CourseError, match="Not every solution of 01"):
        list(exercising.write([path], {}))
    assert not list((tmp_path / "solutions").glob("*"))
