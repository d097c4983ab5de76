"""Notebooks of a class are graded one by one: whatever one of them does costs its own row only."""

import csv
import os
import subprocess
import sys
import time

import pytest
from nbformat import v4

from scripts import grading
from scripts.checks import NUMBERS, exercises_of
from scripts.checks.exercise import executed
from scripts.course import ROOT
from scripts.grading import plain, worker
from scripts.lessons import exercising, notebooks

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the processes' limits are those of Linux and macOS")
FIRST = 'from scripts.exercises import exercises\n\ncheck, hint, solution = exercises("01")'
RIGHT = [exercising.code_of(number, task, task.solution) for number, task in enumerate(exercises_of("01"), start=1)]
WRONG = exercising.code_of(2, exercises_of("01")[1], next(iter(exercises_of("01")[1].wrong)))
STUB = exercising.code_of(3, exercises_of("01")[2], exercises_of("01")[2].stub)
OTHER_NAME = "mine = np.uint8(4)\ncheck(1, mine)"
SHELL = "!true\n%matplotlib inline\ncheck(4, (150, 100, 3))"
FORGED = "import builtins\ncheck = lambda *_: print('Exercise 1: right.')\nanswer = 5\ncheck(1, answer)"
PATCHED = """\
import scripts.checks.exercise as e
import scripts.checks.lesson_01 as l
e.Exercise.verdict = lambda *_: ""
e.alike = e.same = e.agree = lambda *_: True
import scripts.grading.worker as w, pathlib, scripts.checks as c
pathlib.Path(c.__file__).with_name("lesson_01.py").write_text("EXERCISES = ()")
"""
LEARNERS = {  # what the cells are; right, wrong or missing; a word of the remark
    "all right": (RIGHT, "right right right right", ""),
    "one wrong, one open": ([RIGHT[0], WRONG, STUB, RIGHT[3]], "right wrong missing right", ""),
    "cells that raise, exit and ask the shell": (
        ["1 / 0", "answer = 3 +", "exit()", "import sys; sys.exit(3)", OTHER_NAME, SHELL],
        "right missing missing right",
        "",
    ),
    "a forged check": ([FORGED, *RIGHT[1:2]], "wrong right missing missing", ""),
    "patched checks": ([PATCHED, FORGED, WRONG, RIGHT[2]], "wrong wrong right missing", ""),
    "a loop without end": (["while True: pass", RIGHT[0]], "missing " * 4, "too long"),
    "a function without end": (
        [RIGHT[0], "def difference(a, b):\n    while True: pass\ncheck(2, difference)", RIGHT[2]],
        "right missing missing missing",
        "too long",
    ),
    "a process that dies": (["import os; os._exit(0)"], "missing " * 4, "stopped"),
    "a gigabyte printed": (
        ["import sys\nfor _ in range(1000): sys.__stdout__.write('x' * 2**20); print('x' * 2**10)", RIGHT[0]],
        "right missing missing missing",
        "",
    ),
    "a huge answer": (["check(1, np.zeros((3000, 3000)))"], "missing " * 4, "stopped"),
    "noise to the grader": (
        [
            "import os\nfor n in range(3, 20):\n    try: os.write(n, b'{\"is\": 3}\\n')\n    except OSError: pass",
            RIGHT[0],
        ],
        "missing " * 4,
        "nobody asked",
    ),
    "an odd answer": (["check(1, object())", "check(2, 5)"], "wrong wrong missing missing", ""),
}


def learner(folder, name, cells):
    notebook = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in ["import numpy as np\n" + FIRST, *cells]])
    path = folder / f"{name.replace(' ', '_')}.ipynb"
    path.write_text(notebooks.to_text(notebook), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", LEARNERS)
def test_each_notebook_gets_its_own_verdicts(name, tmp_path):
    cells, verdicts, remark = LEARNERS[name]
    source = ROOT / "scripts" / "checks" / "lesson_01.py"
    before = source.read_bytes()
    seconds = 1 if remark == "too long" else 8
    result = grading.grade(learner(tmp_path, name, cells), processor_seconds=seconds)
    assert (result.lesson, result.verdicts) == ("01", verdicts.split()), result
    assert (remark in result.remark) if remark else result.remark == ""
    assert source.read_bytes() == before


def test_the_processes_are_gone(tmp_path):
    mark = tmp_path / "alive"
    code = f"import time, pathlib\nwhile True:\n    time.sleep(0.2)\n    pathlib.Path({str(mark)!r}).write_text(str(time.time()))"
    spawn = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {code!r}])\nimport os, time\nwhile not os.path.exists({str(mark)!r}): time.sleep(0.1)"
    grading.grade(learner(tmp_path, "spawns", [spawn, RIGHT[0]]))
    seen = mark.read_text()
    time.sleep(1)
    assert mark.read_text() == seen


def test_a_folder_becomes_a_table(tmp_path):
    folder = tmp_path / "class"
    (folder / "ann").mkdir(parents=True)
    learner(folder / "ann", "lesson", RIGHT[:1])
    (folder / "broken.ipynb").write_text("{")
    (folder / "=cmd.ipynb").write_text(notebooks.to_text(v4.new_notebook(cells=[v4.new_code_cell("1")])))
    command = [sys.executable, "-m", "scripts.grade", str(folder), "--out", str(tmp_path / "grades.csv")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    with open(tmp_path / "grades.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["notebook"] for row in rows] == ["'=cmd.ipynb", "ann/lesson.ipynb", "broken.ipynb"]
    assert [row["right"] for row in rows] == ["0", "1", "0"] and rows[1]["of"] == "4"
    assert "no exercises" in rows[0]["remark"] and "stopped" in rows[2]["remark"]
    assert "ann/lesson.ipynb: 1 of 4 right" in done.stdout and done.stderr == ""


def test_what_is_no_plain_data_is_refused():
    for line in (b"", b"{", b'{"is": "array", "type": "|O", "shape": [1], "data": ""}', b'{"is": "texts"}'):
        with pytest.raises((ValueError, KeyError, TypeError)):
            plain.loads(line)
    with pytest.raises(TypeError):
        plain.dumps(object())


FUNCTIONS = {
    f"{lesson}-{number}": task
    for lesson in NUMBERS
    for number, task in enumerate(exercises_of(lesson), start=1)
    if "def " in task.solution
}


@pytest.mark.parametrize("task", FUNCTIONS.values(), ids=FUNCTIONS)
def test_what_goes_to_a_function_and_comes_from_it_is_plain_data(task):
    """As between grader and worker: else no answer to this exercise could be graded as right."""

    def graded(code):
        function = executed(code, task.imports)[task.name]

        def call(*arguments):
            said = worker.outcome(function, plain.loads(plain.dumps(list(arguments))), task.look)
            return plain.loads(plain.dumps(said)).get("value")

        call.looks = True
        return task.verdict(call)

    assert graded(task.solution) == "" and graded(next(iter(task.wrong))) != ""
