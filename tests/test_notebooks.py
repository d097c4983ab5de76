"""Every lesson keeps every promise of scripts/promises.py, and nbval compares every one of its cells."""

import os
import re
import subprocess
import sys
from functools import lru_cache

import pytest

from scripts import notebooks, promises
from scripts.course import ROOT

LESSONS = sorted(notebooks.NOTEBOOKS.glob("*.ipynb"))
read = lru_cache(notebooks.read_notebook)


def test_there_are_lessons():
    assert notebooks.find_lessons() == LESSONS, "notebooks/ holds only the lessons, and at least one"


@pytest.mark.parametrize("promise", promises.PROMISES, ids=lambda promise: promise.__name__)
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_lesson_keeps_its_promise(lesson, promise):
    problems = promise(lesson, read(lesson))
    if problems:
        pytest.fail("\n  ".join([f"{lesson.name}:", *problems]), pytrace=False)


def test_nbval_collects_every_code_cell():
    command = [sys.executable, "-m", "pytest", "-n", "0", "--collect-only", "-q", "-p", "no:cacheprovider", "notebooks"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    collected = re.findall(r"^notebooks/(.+\.ipynb)::", result.stdout, re.MULTILINE)
    there = [lesson.name for lesson in LESSONS for _ in notebooks.code_cells(read(lesson))]
    assert sorted(collected) == there, result.stdout + result.stderr
