"""Grade a folder of learners' notebooks: each in a process of its own, judged from outside of it.

The process (`worker.py`) runs the cells of the section "Exercises" and hands out answers as plain
data; a function stays there and is called from here. What a notebook prints, stores or changes in
its own process is never asked.
"""

import argparse
import contextlib
import csv
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from scripts import course
from scripts.checks import NUMBERS, exercises_of
from scripts.checks.exercise import NOT_DONE, Failed
from scripts.files import write_whole
from scripts.grading import plain

SECONDS, PROCESSOR_SECONDS = 600, 60  # for one notebook; other programs may use the machine, too
MOST_EXERCISES = 4


class Stopped(BaseException):
    """A notebook's process is of no more use; the message says why.

    No `Exception`, which the checks would take for one of the learner's function.
    """


@dataclass
class Grade:
    """What came of one notebook. `verdicts` has "right", "wrong" or "missing" for each exercise."""

    notebook: str
    lesson: str = ""
    verdicts: list = field(default_factory=list)
    remark: str = ""

    def row(self):
        verdicts = self.verdicts + [""] * (MOST_EXERCISES - len(self.verdicts))
        return [self.notebook, self.lesson, self.verdicts.count("right"), len(self.verdicts), *verdicts, self.remark]


HEADER = ["notebook", "lesson", "right", "of", *(f"exercise {n + 1}" for n in range(MOST_EXERCISES)), "remark"]


class Worker:
    """The process of one notebook. Use it as a context: at its end the process and its children are
    gone.
    """

    def __init__(self, notebook, seconds, processor_seconds):
        self.ends = time.monotonic() + seconds
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        here = Path(self.folder.name)
        shutil.copytree(course.ROOT / "scripts", here / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        os.symlink(course.DATA, here / "data", target_is_directory=True)
        (here / "notebooks").mkdir()
        shutil.copy(notebook, here / "notebooks" / "learner.ipynb")
        environment = os.environ | {"PYTHONPATH": str(here), "COURSE_PROGRESS": "off", "MPLBACKEND": "Agg"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "scripts.grading.worker", "learner.ipynb", str(processor_seconds)],
            cwd=here / "notebooks",
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        """Hand on what the process says, line by line; stop listening to one that says too much."""
        left = 5 * plain.LONGEST
        while left > 0:
            line = self.process.stdout.readline(plain.LONGEST)
            self.lines.put(line)
            left -= len(line)
            if not line.endswith(b"\n"):
                return
        self.lines.put(b"")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (OSError, AttributeError):  # gone; or Windows, which knows no groups
            self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        with contextlib.suppress(OSError):  # what was not sent yet
            self.process.stdin.close()
        self.folder.cleanup()

    def answer(self):
        """Return what the process says next, decoded. Raises `Stopped`."""
        try:
            line = self.lines.get(timeout=max(0.0, self.ends - time.monotonic()))
        except queue.Empty:
            raise Stopped("it took too long") from None
        try:
            return plain.loads(line)
        except (ValueError, KeyError, TypeError):
            # One that says too much waits for somebody who listens; it does not end.
            patience = 0 if len(line) == plain.LONGEST else 10
            raise Stopped(self.end(patience) if not line.endswith(b"\n") else "it says what nobody asked") from None

    def end(self, patience=10):
        """Say how the process ended, which said nothing whole any more."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            if self.process.wait(patience) == -signal.SIGXCPU:
                return "it took too long"
        return "it stopped"

    def function(self, number, name):
        """Return a function that does what the learner's function of an exercise does."""

        def call(*arguments):
            try:
                self.process.stdin.write(plain.dumps([number, list(arguments)]))
                self.process.stdin.flush()
            except OSError:
                raise Stopped(self.end()) from None
            said = self.answer()
            if not isinstance(said, dict):
                raise Stopped("it says what nobody asked")
            return Failed(said["failed"]) if "failed" in said else said["value"]

        call.__name__, call.looks = name, True
        return call


def grade(notebook, seconds=SECONDS, processor_seconds=PROCESSOR_SECONDS):
    """Return the `Grade` of one notebook, whatever it holds; it costs about `seconds` at most.

    `processor_seconds` end what computes without an end, also where the machine is busy.
    """
    result = Grade(notebook.name)
    try:
        with Worker(notebook, seconds, processor_seconds) as worker:
            opening = worker.answer()
            if not isinstance(opening, dict) or opening.get("lesson") not in NUMBERS:
                result.remark = "no exercises of this course in it"
                return result
            result.lesson = opening["lesson"]
            tasks = exercises_of(result.lesson)
            result.verdicts = ["missing"] * len(tasks)
            answers = worker.answer()
            for number, task in enumerate(tasks, start=1):
                result.verdicts[number - 1] = judged(worker, number, task, answers)
    except Stopped as stop:
        result.remark = str(stop)
    except Exception as error:  # ours, or a file that cannot be read: the others go on
        result.remark = f"cannot be graded ({type(error).__name__})"
    return result


def judged(worker, number, task, answers):
    """Return "right", "wrong" or "missing" for one exercise."""
    if str(number) not in answers:
        return "missing"
    answer = answers[str(number)]
    if isinstance(answer, plain.Function):
        answer = worker.function(number, task.name)
    found = task.verdict(answer)
    return {"": "right", NOT_DONE: "missing"}.get(found, "wrong")


def main(arguments=None):
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.grade",
        description="Grade a folder of learners' notebooks; write a table. Unknown people's notebooks are programs: "
        "grade them in a container.",
    )
    parser.add_argument("folder", type=Path, help="a folder with notebooks, also in folders of it")
    parser.add_argument("--out", type=Path, default=Path("grades.csv"), help="the table to write (grades.csv)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each notebook (%(default)s)")
    options = parser.parse_args(arguments)
    found = sorted(path for path in options.folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    if not found:
        print(f"{options.folder} holds no notebook.", file=sys.stderr)
        return 1
    table = StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(HEADER)
    for path in found:
        result = grade(path, options.seconds)
        result.notebook = path.relative_to(options.folder).as_posix()
        writer.writerow(["'" + cell if str(cell)[:1] in tuple("=+-@") else cell for cell in result.row()])
        print(f"{result.notebook}: {result.verdicts.count('right')} of {len(result.verdicts)} right", end="")
        print(f"; {result.remark}" if result.remark else "", flush=True)
    write_whole(options.out, table.getvalue())
    print(f"Table: {options.out}")
    return 0
