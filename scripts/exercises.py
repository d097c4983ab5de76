"""The exercises at the end of a lesson: check an answer, ask for a hint, find the solution.

What was solved is kept in `data/progress.json`, which git does not know, or in the file that the
environment variable `COURSE_PROGRESS` names; nothing is kept where that is "off".
"""

import itertools
import json
import os
from pathlib import Path
from typing import NamedTuple

from scripts import course
from scripts.checks import NUMBERS, exercises_of
from scripts.checks.exercise import NOT_DONE
from scripts.course import CourseError
from scripts.files import lock, write_whole


class Exercises(NamedTuple):
    """Three functions of one lesson: `check, hint, solution = exercises("05")`."""

    check: callable
    hint: callable
    solution: callable


def exercises(lesson, keep=True):
    """Return the functions `check(number, answer)`, `hint(number)` and `solution(number)` of a
    lesson.

    All three print one line or two and return nothing. `keep` says whether what is solved is kept
    as the learner's progress. Raises `CourseError` for a lesson without exercises.
    """
    tasks = exercises_of(lesson)
    lesson = str(lesson).zfill(2)
    shown = {}  # how many hints of each exercise

    def numbered(function):
        def call(number, *answer):
            if isinstance(number, bool) or number not in range(1, len(tasks) + 1):
                print(f"Lesson {lesson} has the exercises 1 to {len(tasks)}, and none with the number {number!r}.")
            else:
                function(int(number), tasks[int(number) - 1], *answer)

        call.__name__, call.__doc__ = function.__name__, function.__doc__
        return call

    @numbered
    def check(number, task, answer=...):
        """Say whether an answer is right, and what it means; or which mistake it is."""
        found = task.verdict(answer)
        if found == NOT_DONE:
            print(f"Exercise {number}: not done yet.")
            return
        print(f"Exercise {number}: " + (f"not yet. {found}" if found else f"right. {task.means}"))
        if keep:
            note(lesson, number, right=not found)

    @numbered
    def hint(number, task):
        """Give the next hint; each is nearer than the one before."""
        shown[number] = min(shown.get(number, 0) + 1, len(task.hints))
        print(f"Hint {shown[number]} of {len(task.hints)}: {task.hints[shown[number] - 1]}")
        if shown[number] == len(task.hints):
            print(f"This was the last. solution({number}) says where the solution is.")

    @numbered
    def solution(number, task):
        """Say where the solution is, and why it is right."""
        (path,) = (course.ROOT / "notebooks" / "solutions").glob(f"{lesson}_*.ipynb")
        print(f"Exercise {number} of notebooks/solutions/{path.name}: the solution, and why it is right.")

    return Exercises(check, hint, solution)


def progress_file():
    """Return the path of the file that keeps what was solved; None where nothing is to be kept."""
    wanted = os.environ.get("COURSE_PROGRESS", "").strip()
    if wanted.lower() == "off":
        return None
    return Path(wanted).expanduser() if wanted else course.DATA / "progress.json"


def read_progress():
    """Return what was tried: {lesson: {exercise: {"right": bool, "tries": int}}}, numbers as texts.

    Empty where there is no file. Raises `CourseError` for one that cannot be read.
    """
    path = progress_file()
    try:
        kept = json.loads(path.read_text(encoding="utf-8")) if path else {}
        return {
            str(lesson): {
                str(number): {"right": bool(one["right"]), "tries": int(one["tries"])} for number, one in of.items()
            }
            for lesson, of in kept.items()
        }
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        raise CourseError(f"The file of what you solved, {path}, cannot be read.") from None


def note(lesson, number, right):
    """Keep that an exercise was tried, and whether it was right; once right, it stays so.

    A file that cannot be read is put aside, never written over, and a line says where it is. A disk
    that refuses is no reason to stop a learner: then nothing is kept.
    """
    path = progress_file()
    if path is None:
        return
    try:
        with lock(path.with_suffix(".lock")):
            try:
                kept = read_progress()
            except CourseError as error:
                print(f"{error} It is now {put_aside(path).name}, in the same folder, and a new file begins.")
                kept = {}
            one = kept.setdefault(lesson, {}).setdefault(str(number), {"right": False, "tries": 0})
            if not one["right"]:
                one["right"], one["tries"] = right, one["tries"] + 1
                write_whole(path, json.dumps(kept, indent=1, sort_keys=True) + "\n")
    except OSError:
        pass


def put_aside(path):
    """Rename a file to the first free name that says "unreadable", and return its new path.

    Raises `OSError` where the disk refuses.
    """
    names = (path.with_name(f"{path.stem}.unreadable-{number}{path.suffix}") for number in itertools.count(1))
    aside = next(name for name in names if not os.path.lexists(name))
    return path.rename(aside)


def show_progress(every_lesson=False):
    """Print how many exercises are solved, a line for each lesson that was begun, or for all."""
    try:
        kept = read_progress()
    except CourseError as error:
        print(error)
        kept = {}
    begun = [lesson for lesson in NUMBERS if every_lesson or kept.get(lesson)]
    if not begun:
        print("No exercise solved yet. They are at the end of each lesson.")
    for lesson in begun:
        tasks = exercises_of(lesson)
        solved = [kept.get(lesson, {}).get(str(number), {}).get("right", False) for number in range(1, len(tasks) + 1)]
        left = sum(task.minutes for task, done in zip(tasks, solved, strict=True) if not done)
        marks = "".join("●" if done else "○" for done in solved)
        rest = f"{left} minutes left" if left else "all solved"
        print(f"lesson {lesson}  {marks:<4}  {sum(solved)} of {len(tasks)} solved, {rest}")
