"""The exercises of the lessons: one file a lesson, the one source of its task, check, hints and
solution.

`exercise.py` says what an exercise consists of. `python -m scripts.solutions` writes the section
"Exercises" of each lesson and its solution notebook from here.
"""

from importlib import import_module
from pathlib import Path

from scripts.course import CourseError

NUMBERS = tuple(
    sorted(path.stem.removeprefix("lesson_") for path in Path(__file__).parent.glob("lesson_[0-9][0-9].py"))
)


def exercises_of(lesson):
    """Return the tuple of `Exercise` of a lesson, named by its number: "05" or 5.

    Raises `CourseError` for a lesson that has none.
    """
    number = str(lesson).strip().zfill(2)
    if number not in NUMBERS:
        raise CourseError(f"Lesson {number} has no exercises. These lessons have: {', '.join(NUMBERS)}.")
    return import_module(f"scripts.checks.lesson_{number}").EXERCISES
