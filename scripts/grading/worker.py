"""The process of one learner's notebook: it runs the cells of its exercises, hands out answers.

It says three things, each a line of plain data: {"lesson": "01"}; the answers {"1": …}; then, for
each line [number, arguments] that it reads, what the learner's function gives: {"value": …} or
{"failed": why}.
"""

import ast
import contextlib
import copy
import json
import math
import os
import re
import sys
import time

from scripts import exercises
from scripts.checks import NUMBERS, exercises_of
from scripts.checks.exercise import CHANGED, Failed, alike
from scripts.grading import plain

MEMORY, DISK = 16 * 2**30, 64 * 2**20  # bytes that a notebook may take


def limit(processor_seconds):
    """Let this process take so much time from here on, and memory, where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        most = math.ceil(time.process_time()) + processor_seconds  # without what starting took
        resource.setrlimit(resource.RLIMIT_CPU, (most, most + 5))
        resource.setrlimit(resource.RLIMIT_FSIZE, (DISK, DISK))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def private_output():
    """Return a stream to the grader; all that is printed from here on goes nowhere."""
    stream = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    return stream


def read_cells(path):
    """Return the cells of a notebook, a list of (type, source)."""
    with open(path, encoding="utf-8") as file:
        notebook = json.load(file)
    if notebook["nbformat"] != 4:
        import nbformat  # half a second, which notebooks of today need not wait for

        notebook = nbformat.read(path, as_version=4)
    return [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]


def exercise_sources(cells):
    """Return the code from the heading "Exercises" on; all of it where there is no such heading."""
    begin = next((at for at, (_, source) in enumerate(cells) if source.lstrip().startswith("## Exercises")), 0)
    return [as_python(source) for kind, source in cells[begin:] if kind == "code"]


def as_python(source):
    """Return the source of a cell with what only Jupyter knows, such as `!ls`, put into Python."""
    with contextlib.suppress(Exception):
        ast.parse(source)
        return source
    from IPython.core.inputtransformer2 import TransformerManager  # slow to import, and seldom needed

    return TransformerManager().transform_cell(source)


def lesson_of(sources):
    """Return the number of the lesson whose exercises are imported; "" where there is none."""
    found = re.search(r"""exercises\(\s*["']?(\d{1,2})["']?""", "\n".join(sources))
    return found[1].zfill(2) if found else ""


def run(sources, names):
    """Execute cells, and return the answers {number: object}: what is handed to `check` in each.

    `check` itself is not asked: somebody may have replaced it. A cell that raises costs its own
    answer only.
    """
    answers = {}
    # Nobody reads what `check` says, and a function without an end would keep it forever.
    exercises.exercises = lambda *_, **__: exercises.Exercises(*[lambda *_, **__: None] * 3)
    for source in sources:
        with contextlib.suppress(Exception, SystemExit, KeyboardInterrupt):
            tree = ast.parse(source)
            with contextlib.suppress(Exception, SystemExit, KeyboardInterrupt):
                exec(compile(tree, "cell", "exec"), names)
            for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
                if getattr(call.func, "id", "") == "check" and len(call.args) == 2:
                    number = ast.literal_eval(call.args[0])
                    answers[str(int(number))] = eval(compile(ast.Expression(call.args[1]), "answer", "eval"), names)
    return answers


def outcome(answer, arguments, look):
    """Return {"value": …} or {"failed": why} for one call of a learner's function."""
    mine = copy.deepcopy(arguments)
    try:
        result = answer(*mine)
        if look and result is not None and result is not ...:
            result = look(result)
        if not all(alike(one, other) for one, other in zip(mine, arguments, strict=True)):
            return {"failed": str(CHANGED)}
        plain.dumps(result)
    except Exception as error:
        return {"failed": str(Failed(type(error).__name__))}
    return {"value": result}


def plain_answer(answer):
    try:
        plain.dumps(answer)
    except Exception:
        return "no plain data"
    return answer


def main():
    say = private_output()

    def tell(value):
        say.write(plain.dumps(value))
        say.flush()

    limit(int(sys.argv[2]))
    sources = exercise_sources(read_cells(sys.argv[1]))
    lesson = lesson_of(sources)
    tell({"lesson": lesson})
    if lesson not in NUMBERS:
        return
    tasks = exercises_of(lesson)
    answers = run(sources, {"__name__": "__main__"})
    tell({number: plain_answer(answer) for number, answer in answers.items()})
    for line in sys.stdin.buffer:
        number, arguments = plain.loads(line)
        tell(outcome(answers[str(number)], arguments, tasks[number - 1].look))


if __name__ == "__main__":
    main()
