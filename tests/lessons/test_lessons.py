"""Every lesson keeps every promise of scripts/lessons/promises.py, and nbval compares every one of
its cells.
"""

import os
import re
import subprocess
import sys
from functools import lru_cache

import pytest

from scripts.checks import NUMBERS, exercises_of
from scripts.course import ROOT
from scripts.lessons import exercising, notebooks, promises

LESSONS = sorted(notebooks.NOTEBOOKS.glob("*.ipynb"))
SOLVED = [lesson for lesson in LESSONS if exercising.number_of(lesson)]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
read = lru_cache(notebooks.read_notebook)


def test_there_are_lessons():
    assert notebooks.find_lessons() == LESSONS, "notebooks/ holds only the lessons, and at least one"


def printed(number):
    """Return what the cells of a lesson print, as stored."""
    (lesson,) = (lesson for lesson in LESSONS if lesson.stem.startswith(number))
    cells = notebooks.code_cells(read(lesson))
    return "".join(output.get("text", "") for cell in cells for output in cell.outputs)


def test_the_readme_lists_every_lesson_with_the_times_that_it_says_itself():
    rows = re.findall(
        r"^\| (\d\d) \| \[.*\]\(notebooks/(.*)\) \|.*\| (\d+) \| (\d+) \| (\d+) \|.*$", README, re.MULTILINE
    )
    said = []
    for lesson in LESSONS:
        says = re.search(r"\*(\d+) minutes? .* (\d+) seconds? .* (\d+) MB", lesson.read_text(encoding="utf-8"))
        said.append((lesson.stem[:2], lesson.name, *says.groups()))
    assert rows == said


def test_the_results_page_shows_what_the_lessons_show():
    table = RESULTS[RESULTS.index("Drawn pictures (`sample`)") :]
    rows = re.findall(r"\| (\d\.\d{3}) \| (\d\.\d{3}) to (\d\.\d{3}) \| lesson (\d\d)", table)
    assert len(rows) >= 5
    for share, low, high, number in rows:
        assert f": {share} (95 % interval {low} to {high}, n = 100)" in printed(number)


def test_on_the_drawn_pictures_each_step_of_the_course_gains_ten_points():
    named = {
        "03": "softmax regression, validation",
        "06": "small CNN from scratch, validation",
        "08": "transfer learning on the pictures at hand, validation",
    }
    pixels, scratch, transfer = (
        float(re.search(rf"{name}: (\d\.\d{{3}}) ", printed(number))[1]) for number, name in named.items()
    )
    assert pixels < 0.6 and pixels + 0.1 <= scratch <= transfer - 0.1 and transfer >= 0.9


@pytest.mark.parametrize("promise", promises.PROMISES, ids=lambda promise: promise.__name__)
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_lesson_keeps_its_promise(lesson, promise):
    problems = promise(lesson, read(lesson))
    if problems:
        pytest.fail("\n  ".join([f"{lesson.name}:", *problems]), pytrace=False)


def test_every_lesson_with_exercises_has_a_solution_notebook_and_no_other_has():
    assert sorted(path.name for path in exercising.SOLUTIONS.iterdir()) == [lesson.name for lesson in SOLVED]
    assert [lesson.stem[:2] for lesson in SOLVED] == list(NUMBERS)


def unlike_source(lesson, solved):
    """Return what is wrong with a solution notebook: "" if the source makes it so, executed."""
    if not exercising.same_sources(solved, exercising.solution_notebook(lesson)):
        return "is not what scripts/checks makes: run `python -m scripts.solutions`"
    if promises.every_cell_ran(lesson, solved) or promises.shows_no_error(lesson, solved):
        return "was not executed, or shows an error"
    if promises.names_no_place(lesson, solved) or promises.shows_nothing_that_varies(lesson, solved):
        return "shows what differs from machine to machine"
    said = re.findall(r"Exercise (\d+): right\.", str([cell.outputs for cell in notebooks.code_cells(solved)]))
    count = len(exercises_of(exercising.number_of(lesson)))
    return "" if said == [str(number) for number in range(1, count + 1)] else "not every solution is right"


@pytest.mark.parametrize("lesson", SOLVED, ids=lambda lesson: lesson.stem)
def test_a_solution_notebook_follows_from_its_source(lesson):
    assert unlike_source(lesson, read(exercising.SOLUTIONS / lesson.name)) == ""


def test_a_changed_solution_notebook_is_seen():
    lesson = SOLVED[1]
    for change in ({"source": "answer = 5\ncheck(1, answer)"}, {"outputs": []}, {"execution_count": None}):
        solved = notebooks.read_notebook(exercising.SOLUTIONS / lesson.name)
        notebooks.code_cells(solved)[2].update(change)
        assert unlike_source(lesson, solved)


def test_nbval_collects_every_code_cell_and_the_longest_lesson_first():
    command = [sys.executable, "-m", "pytest", "-n", "0", "--collect-only", "-q", "-p", "no:cacheprovider", "notebooks"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    collected = re.findall(r"^notebooks/(.+\.ipynb)::", result.stdout, re.MULTILINE)
    paths = {lesson.name: lesson for lesson in LESSONS}
    paths |= {f"solutions/{lesson.name}": exercising.SOLUTIONS / lesson.name for lesson in SOLVED}
    there = [name for name, path in paths.items() for _ in notebooks.code_cells(read(path))]
    assert sorted(collected) == sorted(there), result.stdout + result.stderr
    seconds = [notebooks.said_seconds(paths[name]) for name in collected]
    assert seconds[0] > seconds[-1] and seconds == sorted(seconds, reverse=True)
