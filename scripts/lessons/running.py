"""Execute the lessons and write what came of it: `python -m scripts.run [lesson …] [--jobs N]
[--out build] [--store]`.

The executed copies go to `build/notebooks`, what was measured to `build/run.json`. With `--store`
the lessons run on the drawn pictures with the stand-in, and their outputs are stored in
`notebooks`.
"""

import argparse
import asyncio
import json
import os
import platform
import re
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from tqdm import tqdm

from scripts import course, datasets, resources
from scripts.files import write_whole
from scripts.lessons import notebooks, outputs

CELL_TIMEOUT = 1800  # seconds
MOST_JOBS = 4
LESSON_MEMORY = 2 * 10**9  # bytes that a lesson takes at most
EMBEDDED = {"COURSE_DATA": "sample", "COURSE_WEIGHTS": "standin", "CUDA_VISIBLE_DEVICES": "-1"}
LIBRARIES = ("tensorflow", "keras", "numpy", "pillow", "matplotlib")
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass
class Outcome:
    """What came of one lesson. `status` is "waiting", "running", "passed", "failed", "interrupted"
    or "not run".
    """

    lesson: str
    cells: int  # code cells
    executed: int = 0
    status: str = "waiting"
    seconds: float = 0.0
    error: dict | None = None  # cell (a number from 1), source, message, traceback
    results: list = field(default_factory=list)


class Progress:
    """A line per lesson: bars on a terminal; elsewhere one at its start, one at its end, one every
    30 seconds.
    """

    def __init__(self, outcomes):
        self.bars = {}
        self.told = {}
        form = "{desc:<34}|{bar:20}| cell {n_fmt} of {total_fmt}{postfix}"
        if sys.stdout.isatty():
            for position, outcome in enumerate(outcomes):
                bar = tqdm(
                    total=outcome.cells, desc=outcome.lesson, position=position, bar_format=form, file=sys.stdout
                )
                self.bars[outcome.lesson] = bar

    def show(self, outcome):
        name, seconds = outcome.lesson, f"{outcome.seconds:.0f} s"
        if name in self.bars:
            self.bars[name].n = outcome.executed
            self.bars[name].set_postfix_str(f"{seconds} {outcome.status}")
        elif outcome.status != "running" or outcome.seconds - self.told.get(name, -30) >= 30:
            self.told[name] = outcome.seconds
            print(f"{name}: {outcome.status}, cell {outcome.executed} of {outcome.cells}, {seconds}", flush=True)

    def close(self):
        for bar in self.bars.values():
            bar.close()


async def execute(path, notebook, outcome, environment, log):
    """Execute a notebook (a `NotebookNode`, changed in place) in a kernel of its own, and fill in
    its `Outcome`.

    The kernel starts in the notebook's folder, with the dictionary `environment`. What it says
    while it starts or dies goes to the file `log`.
    """
    # No folder to look in: what is left is the kernel of this Python, never one that the user once
    # installed elsewhere.
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
    client = NotebookClient(notebook, km=manager, timeout=CELL_TIMEOUT, startup_timeout=120, record_timing=False)
    cell, number = None, 0
    try:
        with log.open("w") as file:
            await client.async_start_new_kernel(cwd=str(path.parent), env=environment, stdout=file, stderr=file)
        await client.async_start_new_kernel_client()
        for position, cell in enumerate(notebook.cells):
            if cell.cell_type == "code":
                number += 1
                await client.async_execute_cell(cell, position, execution_count=number)
                outcome.executed = number
                if line := outputs.unexpected_stderr(cell.outputs):
                    fail(outcome, f"It writes to stderr, where a reader sees it: {line}", number, cell)
                    break
        else:
            outcome.status = "passed"
    except CellExecutionError as error:
        trace = [line for output in cell.outputs for line in output.get("traceback", [])]
        fail(outcome, f"{error.ename}: {error.evalue}", number, cell, "\n".join(trace))
    except CellTimeoutError:
        fail(outcome, f"It ran longer than {CELL_TIMEOUT} seconds and was stopped.", number, cell)
    except DeadKernelError:
        message = "The kernel died. If the machine ran out of memory, --jobs 1 helps."
        fail(outcome, message, number, cell, log.read_text())
    except RuntimeError as error:
        fail(outcome, f"The kernel did not start: {error}", traceback=log.read_text())
    finally:
        if client.kc is not None:
            client.kc.stop_channels()
        if manager.has_kernel:
            await manager.shutdown_kernel(now=outcome.status != "passed")


def fail(outcome, message, number=0, cell=None, traceback=""):
    """Note what went wrong, in which code cell (its number from 1; 0 for none of them)."""
    if outcome.status == "interrupted":  # we ended the kernel ourselves
        return
    outcome.status = "failed"
    source = cell.source if number else ""
    message, traceback = ANSI.sub("", message), ANSI.sub("", traceback)
    outcome.error = {"cell": number, "source": source, "message": message, "traceback": traceback}


async def run_lesson(path, outcome, environment, out, store):
    """Execute one lesson and write its copy to the folder `out`; with `store` also its stored
    outputs.
    """
    began = path.read_text(encoding="utf-8")
    notebook = notebooks.read_notebook(path)
    for cell in notebooks.code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.jsonl"
        environment = environment | {"COURSE_RESULTS": str(results)}
        await execute(path, notebook, outcome, environment, Path(folder) / "kernel.log")
        if results.exists():
            outcome.results = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    if outcome.status == "interrupted":
        return
    notebook.metadata = {"kernelspec": notebooks.KERNEL, "language_info": notebooks.LANGUAGE}
    write_whole(out / "notebooks" / path.name, notebooks.to_text(notebook))
    if store and outcome.status == "passed":
        if path.read_text(encoding="utf-8") != began:
            fail(outcome, "The notebook was edited while it ran: its outputs were not stored. Run it again.")
        else:
            stored = notebooks.to_text(notebooks.normalize(notebook, former=notebooks.parse(began)))
            if stored != began:
                write_whole(path, stored)


def count_cells(path):
    try:
        return len(notebooks.code_cells(notebooks.read_notebook(path)))
    except course.CourseError:  # it is no notebook: told when its turn comes
        return 0


async def run_all(lessons, environment, out, jobs, store=False):
    """Execute the notebooks with the paths `lessons`, `jobs` at a time, and return a list with the
    `Outcome` of each.

    Those that say they run longest start first, so that none of them is left alone at the end. A
    lesson that fails does not stop the others. SIGINT and SIGTERM end the kernels; what did not
    finish is "interrupted", what did not start "not run".
    """
    outcomes = [Outcome(path.stem, count_cells(path)) for path in lessons]
    progress = Progress(outcomes)
    slots = asyncio.Semaphore(jobs)

    async def one(path, outcome):
        async with slots:
            started = time.monotonic()
            outcome.status = "running"
            ticking = asyncio.create_task(tick(outcome, started))
            try:
                await run_lesson(path, outcome, environment, out, store)
            except course.CourseError as error:
                fail(outcome, str(error))
            except Exception as error:  # of ours, not of the lesson: still the others go on
                fail(outcome, f"{type(error).__name__}: {error}")
            finally:
                ticking.cancel()
                outcome.seconds = round(time.monotonic() - started, 1)
                progress.show(outcome)

    async def tick(outcome, started):
        while outcome.status == "running":
            outcome.seconds = time.monotonic() - started
            progress.show(outcome)
            await asyncio.sleep(1)

    def stop():
        for task, outcome in zip(tasks, outcomes, strict=True):
            if outcome.status in ("waiting", "running"):
                outcome.status = "interrupted" if outcome.status == "running" else "not run"
                task.cancel()

    loop = asyncio.get_running_loop()
    started = {}
    for path, outcome in sorted(zip(lessons, outcomes, strict=True), key=lambda pair: -notebooks.said_seconds(pair[0])):
        started[outcome.lesson] = asyncio.create_task(one(path, outcome))
    tasks = [started[outcome.lesson] for outcome in outcomes]
    handlers = {}
    for name in (signal.SIGINT, signal.SIGTERM):
        handlers[name] = signal.signal(name, lambda *_: loop.call_soon_threadsafe(stop))
    try:
        await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        for name, handler in handlers.items():
            signal.signal(name, handler)
        progress.close()
    return outcomes


def kernel_environment(jobs=1):
    """Return the environment of the kernels, `jobs` of which run at once: ours, with the two
    switches resolved once and the cores shared out. Draws the sample if need be.

    Raises `CourseError` where a switch names something that is not there.
    """
    images, weights = course.image_source(), course.weights_source()
    datasets.data_folder()  # draws the sample once, here, and not in every kernel at once
    environment = dict(os.environ)
    environment.pop("MPLBACKEND", None)  # figures belong into the notebook
    environment["COURSE_PROGRESS"] = "off"  # nobody learns here
    for name in course.HOSTS:  # where a lesson says more than is stored
        environment.pop(name, None)
    environment["COURSE_DATA"] = str(images.path.resolve()) if images.kind == "path" else images.kind
    environment["COURSE_WEIGHTS"] = str(weights.path.resolve()) if weights.kind == "path" else weights.kind
    for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"):  # kernels that fight for cores are slower
        environment.setdefault(name, str(max(1, resources.cores() // jobs)))
    environment.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # lessons share the GPU
    return environment


def report(outcomes):
    """Return what `build/run.json` holds: this machine and, per lesson, what came of it and what it
    measured.
    """
    images, weights = course.image_source(), course.weights_source()
    pictures = sum(len(datasets.list_images(split)[0]) for split in datasets.SPLITS)
    data = {"kind": images.kind, "description": images.description, "pictures": pictures}
    used = {"data": data, "weights": {"kind": weights.kind, "description": weights.description}}
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": {"system": platform.platform(), "processor": platform.machine(), "cores": resources.cores()},
        "versions": {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
        "lessons": [asdict(outcome) | used for outcome in outcomes],
    }


def version(library):
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def failure_text(outcome):
    """Return what a reader needs to mend a failed lesson: notebook, cell, source and error."""
    error = outcome.error
    lines = [f"{outcome.lesson} failed" + (f" in code cell {error['cell']}:" if error["cell"] else ":")]
    lines += [f"    {line}" for line in error["source"].splitlines()]
    traceback = error["traceback"].strip().splitlines()
    lines += ["", *(f"  {line}" for line in traceback[-20:])] if traceback else []
    if not traceback or traceback[-1].strip() != error["message"].strip().splitlines()[-1]:
        lines += ["", f"  {error['message']}"]
    return "\n".join(lines)


def table(outcomes):
    """Return the closing table: a line per lesson."""
    width = max(len(outcome.lesson) for outcome in outcomes)
    lines = [f"{'lesson':<{width}}  {'status':<11}  {'cells':>7}  {'seconds':>7}"]
    for outcome in outcomes:
        cells = f"{outcome.executed}/{outcome.cells}"
        lines.append(f"{outcome.lesson:<{width}}  {outcome.status:<11}  {cells:>7}  {outcome.seconds:>7.1f}")
    return "\n".join(lines)


def finish(outcomes, lessons, out, seconds):
    """Write what the run as a whole leaves in the folder `out`, and print its failures and its
    table.

    `lessons` are the paths of all lessons, executed now or not.
    """
    write_whole(out / "run.json", json.dumps(report(outcomes), indent=1) + "\n")
    images = lessons[0].parent.parent / "images"
    if images.is_dir():  # the copies show them too
        shutil.copytree(images, out / "images", dirs_exist_ok=True)
    for outcome in outcomes:
        if outcome.status == "failed":
            print("\n" + failure_text(outcome))
    passed = sum(outcome.status == "passed" for outcome in outcomes)
    print(f"\n{table(outcomes)}\n\n{passed} of {len(outcomes)} lessons passed in {seconds:.0f} s.")
    executed = os.path.relpath(out / "notebooks")
    print(f"Executed copies: {executed}. As web pages: python -m scripts.site --notebooks {executed}")


def main(arguments=None, folder=notebooks.NOTEBOOKS):
    """Run the command on the lessons of a folder; return the exit code: 0, 1, or, where it was
    interrupted, 130.
    """
    parser = argparse.ArgumentParser(prog="python -m scripts.run", description="Execute lessons, show what came of it.")
    parser.add_argument("lessons", nargs="*", metavar="lesson", help="a number or a name; all lessons if none is given")
    parser.add_argument(
        "--jobs",
        type=int,
        default=resources.jobs(LESSON_MEMORY, MOST_JOBS),
        help="lessons at a time (here %(default)s)",
    )
    parser.add_argument("--out", type=Path, default=course.ROOT / "build", help="the folder to write to (build)")
    parser.add_argument("--store", action="store_true", help="store the outputs of the embedded mode in the notebooks")
    options = parser.parse_args(arguments)
    jobs = max(1, options.jobs)
    if options.store:
        os.environ.update(EMBEDDED)
    if sys.platform == "win32":  # the kernels' sockets need it
        asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())
    try:
        lessons = notebooks.find_lessons(folder)
        chosen = notebooks.choose_lessons(options.lessons, lessons)
        environment = kernel_environment(jobs)
        print(f"Pictures: {course.image_source().description}. Weights: {course.weights_source().description}.")
        print(f"Lessons: {len(chosen)}, {jobs} at a time.", flush=True)
        began = time.monotonic()
        outcomes = asyncio.run(run_all(chosen, environment, options.out, jobs, options.store))
        finish(outcomes, lessons, options.out, time.monotonic() - began)
    except course.CourseError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    states = {outcome.status for outcome in outcomes}
    return 0 if states == {"passed"} else 130 if states & {"interrupted", "not run"} else 1


if __name__ == "__main__":
    sys.exit(main())
