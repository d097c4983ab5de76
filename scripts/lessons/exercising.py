"""The exercises in notebooks: the section of a lesson and its solution notebook, made from their
source in `scripts/checks`.

    ## Exercises            text and a cell that imports
    ### Exercise 1: …       text with kind, minutes and task, and a cell with the stub and the check
"""

import argparse
import asyncio
import os
import re
import sys
import tempfile
from pathlib import Path

from scripts.checks import NUMBERS, exercises_of
from scripts.checks.exercise import KINDS
from scripts.course import CourseError
from scripts.lessons import notebooks
from scripts.lessons.quick import v4

SOLUTIONS = notebooks.NOTEBOOKS / "solutions"
HEADING = "## Exercises"
CLOSING = "## What you learned\n"
INTRODUCTION = """\
## Exercises

Put your answer where the three dots are, and run the cell: `check` says whether it is right, or which mistake it is. \
`hint(1)` in a new cell helps with exercise 1, more each time; `solution(1)` leads to its solution. \
`python -m scripts.learned` shows what you solved."""
OPENING = """\
# {title}: solutions

The exercises of [the lesson](../{name}), solved, each with the reason. Try them there first: `check` says which mistake \
an answer is, and `hint` helps. What you run here does not count as solved by you."""


def minutes_of(cells):
    """Return the minutes that the exercises among some cells say they take."""
    found = [
        re.search(rf"^\*(?:{'|'.join(KINDS.values())}) · (\d+) minutes?\*$", cell.source, re.MULTILINE)
        for cell in cells
    ]
    return sum(int(one[1]) for one in found if one)


def section(cells):
    """Return where the exercises of a lesson begin and end among its cells; two equal numbers where
    there are none: there they belong, before the closing.
    """
    begin = next((at for at, cell in enumerate(cells) if cell.source.startswith(HEADING + "\n")), None)
    headed = "\n" + CLOSING if begin is None else "\n## "
    later = range(0 if begin is None else begin + 1, len(cells))
    end = next(
        (at for at in later if cells[at].cell_type == "markdown" and headed in f"\n{cells[at].source}"), len(cells)
    )
    return (end if begin is None else begin), end


def number_of(path):
    """Return the number of a lesson's path as its exercises are called; None where it has none."""
    return path.stem[:2] if path.stem[:2] in NUMBERS else None


def task_text(number, task):
    unit = "minute" if task.minutes == 1 else "minutes"
    return f"### Exercise {number}: {task.title}\n\n*{KINDS[task.kind]} · {task.minutes} {unit}*\n\n{task.task}"


def code_of(number, task, code):
    """Return what a cell holds: some code, and the check of what it makes."""
    gap = "\n\n\n" if "def " in code else "\n"
    return f"{code}{gap}check({number}, {task.name})"


def import_lines(tasks, last, numpy=True):
    """Return the cell that imports what the code of the exercises needs, the standard library
    first, and makes `check`.
    """
    lines = {line for task in tasks for line in task.imports} | ({"import numpy as np"} if numpy else set())
    standard = {line for line in lines if line.split()[1].partition(".")[0] in sys.stdlib_module_names}
    groups = ["\n".join(sorted(group)) for group in (standard, lines - standard) if group]
    return "\n\n".join([*groups, "from scripts.exercises import exercises", last])


def exercise_cells(lesson):
    """Return the cells of a lesson's section of exercises, with what they print."""
    tasks = exercises_of(lesson)
    source = import_lines(tasks, f'check, hint, solution = exercises("{lesson}")')
    cells = [v4.new_markdown_cell(INTRODUCTION), v4.new_code_cell(source)]
    for number, task in enumerate(tasks, start=1):
        says = v4.new_output("stream", name="stdout", text=f"Exercise {number}: not done yet.\n")
        cells.append(v4.new_markdown_cell(task_text(number, task)))
        cells.append(v4.new_code_cell(code_of(number, task, task.stub), outputs=[says]))
    return cells


def with_exercises(path, notebook):
    """Return a lesson with the section that its source asks for, in the stored form."""
    number = number_of(path)
    notebook = v4.new_notebook(cells=list(notebook.cells), metadata=notebook.metadata)
    begin, end = section(notebook.cells)
    before, heading, after = (
        notebook.cells[end].source.partition(CLOSING) if end < len(notebook.cells) else ("", "", "")
    )
    if number and before:  # what stands before the closing belongs to the cell above it
        notebook.cells[end : end + 1] = [v4.new_markdown_cell(text.strip()) for text in (before, heading + after)]
        begin, end = begin + (begin == end), end + 1
    notebook.cells[begin:end] = exercise_cells(number) if number else []
    return notebooks.normalize(notebook)


def setup_of(tasks, source):
    """Return the set-up cell of a solution notebook: `source`, that of the lesson, one folder
    deeper, and without TensorFlow where no exercise needs it.
    """
    source = source.replace('("..", ".")', '("../..", "..", ".")').replace(
        "every lesson", "every notebook of solutions"
    )
    if any("keras" in line or "tensorflow" in line for task in tasks for line in task.imports):
        return source
    return source.replace(" and fix the seeds", "").removesuffix("\nfrom scripts import course\n\ncourse.start()")


def solution_notebook(path):
    """Return the solution notebook of the lesson at `path`, not executed."""
    lesson, tasks = number_of(path), exercises_of(number_of(path))
    opening, setup = notebooks.read_notebook(path).cells[:2]
    title = opening.source.partition("\n")[0].removeprefix("# ")
    source = import_lines(
        tasks,
        f'check, hint, solution = exercises("{lesson}", keep=False)',
        any("np." in task.solution for task in tasks),
    )
    cells = [
        v4.new_markdown_cell(OPENING.format(title=title, name=path.name)),
        v4.new_code_cell(setup_of(tasks, setup.source)),
    ]
    cells += [v4.new_markdown_cell("What the solutions need:"), v4.new_code_cell(source)]
    for number, task in enumerate(tasks, start=1):
        cells.append(v4.new_markdown_cell(task_text(number, task).replace("### ", "## ", 1)))
        if "..." not in task.stub:
            cells[-1].source += f"\n\n```python\n{task.stub}\n```"
        cells.append(v4.new_code_cell(code_of(number, task, task.solution)))
        cells.append(v4.new_markdown_cell(task.why))
    cells[-1].source += f"\n\nBack to [the lesson](../{path.name})."
    return notebooks.normalize(v4.new_notebook(cells=cells))


def same_sources(one, other):
    return [(cell.cell_type, cell.source) for cell in one.cells] == [
        (cell.cell_type, cell.source) for cell in other.cells
    ]


def write(paths, environment):
    """Write the exercises of the lessons at `paths`, and their solution notebooks, executed.

    Yields a line for each file that changed. Raises `CourseError` where a solution does not run, or
    is not right.
    """
    from scripts.lessons.running import Outcome, execute

    for path in paths:
        notebook = notebooks.read_notebook(path)
        if store(with_exercises(path, notebook), path):
            yield f"{path.name}: exercises written"
        if not number_of(path):
            continue
        target = SOLUTIONS / path.name
        target.parent.mkdir(exist_ok=True)
        made = solution_notebook(path)
        outcome = Outcome(path.stem, len(notebooks.code_cells(made)))
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(execute(target, made, outcome, environment, Path(folder) / "kernel.log"))
        if outcome.status != "passed":
            raise CourseError(f"The solutions of {path.stem} do not run: {outcome.error['message']}")
        said = "".join(output.get("text", "") for cell in notebooks.code_cells(made) for output in cell.outputs)
        if said.count(": right. ") != len(exercises_of(number_of(path))):
            raise CourseError(f"Not every solution of {path.stem} is right:\n{said}")
        if store(notebooks.normalize(made), target):
            yield f"solutions/{target.name}: written"


def store(notebook, path):
    """Write a notebook if that changes its file; return whether it did."""
    from scripts.files import write_whole

    text = notebooks.to_text(notebook)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    write_whole(path, text)
    return True


def main(arguments=None):
    """Run the command line and return its exit status."""
    from scripts.lessons.running import EMBEDDED, kernel_environment

    parser = argparse.ArgumentParser(
        prog="python -m scripts.solutions",
        description="Write the exercises of the lessons, and their solution notebooks, from scripts/checks.",
    )
    parser.add_argument("lessons", nargs="*", help="numbers or names; all that have exercises if none is given")
    options = parser.parse_args(arguments)
    try:
        chosen = notebooks.choose_lessons(options.lessons, notebooks.find_lessons())
        os.environ.update(EMBEDDED)
        for line in write([path for path in chosen if number_of(path)], kernel_environment()):
            print(line, flush=True)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
