"""The folder of the drawn sample: made once on this machine, in less than a minute, and drawn anew
when it is damaged.
"""

import csv
import functools
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.course import DATA, ROOT, CourseError
from scripts.files import lock
from scripts.progress import progress
from scripts.resources import cores
from scripts.sample import drawing
from scripts.sample.plan import LABELS, plan

FOLDER = DATA / "sample"
STAMP = "stamp.txt"  # in the folder: which version of the drawing code made it


def ensure(folder=FOLDER, processes=None):
    """Return the folder of the sample, a path; draw it first unless it is there, whole, and drawn
    by this version of the code.

    A folder that holds a sample is replaced as a whole once the new one is complete; one that holds
    anything else is left alone and raises `CourseError`. Of two processes that come at once, one
    draws and the other waits. `processes` is the number of processes that draw, by default that of
    the cores; the pictures do not depend on it.
    """
    folder = Path(folder)
    if is_current(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with lock(folder.with_name(folder.name + ".lock")):
        if is_current(folder):  # another process drew it while this one waited
            return folder
        if folder.exists() and not (folder / STAMP).exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise CourseError(f"{folder} exists and is not a drawn sample. Name another folder, or move this one away.")
        for leftover in folder.parent.glob(f"{folder.name}.drawing-*"):  # of a process that was killed
            shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=f"{folder.name}.drawing-", dir=folder.parent) as temporary:
            new = Path(temporary) / "new"
            print(
                f"Drawing the sample of {len(plan())} pictures into {folder.name}, once (about half a minute) …",
                file=sys.stderr,
            )
            draw_all(new, plan(), processes)
            write_table(new / "images.csv", plan())
            (new / STAMP).write_text(version() + "\n", encoding="utf-8")
            try:
                if folder.exists():
                    folder.rename(Path(temporary) / "old")
                new.rename(folder)
            except PermissionError:
                raise CourseError(
                    f"{folder} is in use. Close the programs that show its pictures and try again."
                ) from None
    return folder


def is_current(folder):
    """Return whether `folder` holds the whole sample as this version of the code draws it."""
    try:
        if (folder / STAMP).read_text(encoding="utf-8").strip() != version():
            return False
    except OSError:
        return False
    return (folder / "images.csv").exists() and all((folder / picture.path).exists() for picture in plan())


@functools.cache
def version():
    """Return the SHA-256 of the code that makes the sample, in hexadecimal digits."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    texts = [file.read_text(encoding="utf-8") for file in files]  # text: line ends do not matter
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def draw_all(folder, pictures, processes=None):
    """Draw the pictures into `folder` with several processes, showing progress on stderr where
    someone watches.
    """
    if processes is None:
        processes = cores()
    processes = min(processes, len(pictures)) if sys.executable else 1
    with progress(len(pictures), "drawing", "pictures") as update:
        if processes == 1:
            for picture in pictures:
                draw_file(folder, picture)
                update(1)
        else:
            draw_in_processes(folder, pictures, processes, update)


def draw_in_processes(folder, pictures, processes, update):
    """Draw the pictures with child processes, calling `update(1)` after each picture."""
    # Plain child processes instead of multiprocessing, which would run the caller's own script
    # again on Windows and macOS.
    code = "import sys; sys.path.insert(0, sys.argv[1]); from scripts.sample import folder; folder.draw_part(*sys.argv[2:])"
    workers = []
    try:
        for part in range(processes):
            positions = ",".join(str(plan().index(picture)) for picture in pictures[part::processes])
            command = [sys.executable, "-c", code, str(ROOT), str(folder), positions]
            workers.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        for worker in workers:
            for _ in worker.stdout:
                update(1)
            if worker.wait() != 0:
                raise CourseError(f"Drawing the sample into {folder} failed; what went wrong is said above.")
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
            worker.stdout.close()


def draw_part(folder, positions):
    """Draw the pictures at these positions of the plan (numbers with commas), printing a line after
    each: a child process' work.
    """
    for position in positions.split(","):
        draw_file(Path(folder), plan()[int(position)])
        print(position, flush=True)


def draw_file(folder, picture):
    """Draw one picture and write it as JPEG to its place in `folder`."""
    file = Path(folder) / picture.path
    file.parent.mkdir(parents=True, exist_ok=True)
    drawing.draw(picture.label, picture.photographer, picture.scene, picture.variation, picture.kids).save(
        file, quality=88
    )


def write_table(file, pictures):
    """Write who took which picture, with the columns of the real set's images.csv."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["image", "sender_id", "label", "kids"])
        for picture in sorted(pictures, key=lambda picture: picture.stem):
            writer.writerow([picture.stem, picture.photographer, LABELS[picture.label], picture.kids])
