"""What a learner sees of the exercises: one line from `check`, hints, the way to the solution, and
progress that is kept.
"""

import json
import multiprocessing
import os
import subprocess
import sys

import numpy as np
import pytest

from scripts import exercises as module
from scripts.checks import NUMBERS, exercises_of
from scripts.checks.exercise import executed
from scripts.course import ROOT, CourseError
from scripts.exercises import exercises, read_progress, show_progress


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The file in which progress is kept."""
    path = tmp_path / "mine" / "progress.json"
    monkeypatch.setenv("COURSE_PROGRESS", str(path))
    return path


def printed(capsys, call, *arguments):
    assert call(*arguments) is None
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out


def test_an_answer_is_open_then_wrong_then_right(capsys, kept):
    check, _, _ = exercises("01")
    assert printed(capsys, check, 1, ...) == "Exercise 1: not done yet.\n"
    assert printed(capsys, check, 1) == "Exercise 1: not done yet.\n"
    assert printed(capsys, check, 1, 260).startswith("Exercise 1: not yet. 260 does not fit")
    assert printed(capsys, check, 1, np.uint8(4)).startswith("Exercise 1: right. After 255 comes 0")


@pytest.mark.parametrize("lesson", NUMBERS)
def test_all_that_a_lesson_says_before_an_answer_is_right_hides_the_solution(lesson, capsys, kept):
    check, hint, _ = exercises(lesson)
    for number, task in enumerate(exercises_of(lesson), start=1):
        for code in (task.stub, *task.wrong):
            said = printed(capsys, check, number, executed(code, task.imports)[task.name])
            assert task.solution not in said and task.means not in said and task.why not in said
        for _ in range(4):
            assert task.solution not in printed(capsys, hint, number)


def test_hints_come_one_by_one_and_the_last_stays(capsys):
    _, hint, _ = exercises("01", keep=False)
    task = exercises_of("01")[0]
    told = [printed(capsys, hint, 1) for _ in range(5)]
    assert [text.partition(":")[0] for text in told] == [f"Hint {n} of 3" for n in (1, 2, 3, 3, 3)]
    assert all(one in text for one, text in zip(task.hints, told, strict=False))
    assert "solution(1)" in told[2] and "solution(1)" not in told[1]
    assert printed(capsys, hint, 2).startswith("Hint 1 of 3")  # each exercise has its own


def test_the_solution_is_in_a_notebook_that_is_there(capsys):
    said = printed(capsys, exercises(1, keep=False).solution, 2)
    assert "Exercise 2" in said and (ROOT / said.split()[3].rstrip(":")).is_file()


@pytest.mark.parametrize("number", [0, 9, -1, "1", None, 1.5, True, [1]], ids=repr)
def test_a_number_that_there_is_not_is_said(number, capsys):
    for call in exercises("01", keep=False):
        assert "exercises 1 to 4" in printed(capsys, call, number)


def test_a_lesson_without_exercises_is_said():
    with pytest.raises(CourseError, match="Lesson 99 has no exercises. These lessons have: 00, 01"):
        exercises("99")


def test_progress_is_kept_and_shown(capsys, kept):
    check = exercises("01").check
    for answer in (..., 260, 255, 4, 260):
        check(1, answer)
    exercises("03").check(1, 0.5)
    capsys.readouterr()
    assert read_progress() == {
        "01": {"1": {"right": True, "tries": 3}},
        "03": {"1": {"right": False, "tries": 1}},
    }
    lines = printed(capsys, show_progress).splitlines()
    assert lines[0].startswith("lesson 01  ●○○○  1 of 4 solved, ") and "minutes left" in lines[0]
    assert len(lines) == 2 and "0 of 4" in lines[1]
    assert len(printed(capsys, show_progress, True).splitlines()) == len(NUMBERS)
    assert [path.suffix for path in kept.parent.iterdir()].count(".json") == 1


def test_nothing_is_kept_where_that_is_off(capsys, kept, monkeypatch):
    exercises("01", keep=False).check(1, 4)
    monkeypatch.setenv("COURSE_PROGRESS", "off")
    exercises("01").check(1, 4)
    assert not kept.parent.exists() and read_progress() == {}
    assert "No exercise solved yet" in printed(capsys, show_progress).splitlines()[-1]


BROKEN = [
    "",
    "{",
    "[]",
    '{"01": 3}',
    '{"01": {"1": {}}}',
    "\\xff",
    '{"01": {"1": {"right": true, "tries": 2}}, "02": 1}',
]


@pytest.mark.parametrize("text", BROKEN)
def test_a_file_that_cannot_be_read_is_put_aside_and_never_written_over(text, kept, capsys):
    kept.parent.mkdir()
    kept.write_text(text)
    with pytest.raises(CourseError, match="cannot be read"):
        read_progress()
    said = printed(capsys, exercises("01").check, 1, 4)
    assert "right" in said and "progress.unreadable-1.json" in said and said.count("\n") == 2
    assert json.loads(kept.read_text()) == {"01": {"1": {"right": True, "tries": 1}}}
    assert (kept.parent / "progress.unreadable-1.json").read_text() == text
    assert "unreadable" not in printed(capsys, exercises("01").check, 1, 4)


def test_a_second_one_takes_no_place_of_the_first(kept, capsys):
    kept.parent.mkdir()
    for text in ("first", "second"):
        kept.write_text(text)
        exercises("01").check(1, 4)
    asides = sorted(path.read_text() for path in kept.parent.glob("*unreadable*"))
    assert asides == ["first", "second"]


def test_whoever_only_looks_moves_nothing_and_is_told(kept, capsys):
    kept.parent.mkdir()
    kept.write_text("{")
    said = printed(capsys, show_progress)
    assert f"{kept}, cannot be read" in said and "No exercise solved yet" in said
    assert kept.read_text() == "{" and len(list(kept.parent.iterdir())) == 1


def test_what_cannot_be_put_aside_stays_as_it_is(kept, capsys, monkeypatch):
    kept.parent.mkdir()
    kept.write_text("{")
    monkeypatch.setattr(module, "put_aside", refuse)
    assert "right" in printed(capsys, exercises("01").check, 1, 4)
    assert kept.read_text() == "{"


def refuse(path):
    raise PermissionError


def test_a_disk_that_refuses_stops_nobody(kept, capsys):
    kept.parent.write_text("a file where the folder would be")
    assert "right" in printed(capsys, exercises("01").check, 1, 4)


def solve(number):
    for _ in range(5):
        module.note("02", number, right=False)


def test_notebooks_at_the_same_time_lose_nothing(kept):
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.map(solve, range(6))
    assert {number: one["tries"] for number, one in read_progress()["02"].items()} == {str(n): 5 for n in range(6)}


def test_the_command_shows_every_lesson(kept):
    command = [sys.executable, "-m", "scripts.learned"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True)
    assert [line.split()[1] for line in done.stdout.splitlines()[:-1]] == list(NUMBERS)
    assert str(kept) in done.stdout and done.stderr == ""


def test_exercises_need_no_tensorflow_until_one_does():
    code = "import sys; from scripts.exercises import exercises; exercises('01').check(1, 4); exercises('05'); assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=os.environ, check=True, capture_output=True)
