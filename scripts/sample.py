"""The drawn sample: 600 clothing pictures in the layout of the real set, made on this machine in less than a minute.

    python -m scripts.sample [--folder FOLDER] [--contact-sheet FILE.png]

What is in it is planned here: which classes, in which split, by which photographer. What a picture looks like is in
`scripts/drawing.py` and `scripts/garments.py`. Both follow from one seed, so that everybody has the same pictures.
"""

import argparse
import csv
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from scripts import drawing, garments
from scripts.course import DATA, ROOT, CourseError

FOLDER = DATA / "sample"
STAMP = "stamp.txt"  # in the folder: which version of the drawing code made it
COUNTS = {  # like the real set: t-shirts lead, and shoes are much more frequent in test than in train
    "train": dict(zip(drawing.CLASSES, (38, 24, 54, 32, 52, 40, 28, 30, 24, 78), strict=True)),
    "validation": dict(zip(drawing.CLASSES, (10, 5, 14, 7, 14, 10, 7, 7, 6, 20), strict=True)),
    "test": dict(zip(drawing.CLASSES, (8, 5, 17, 10, 11, 8, 16, 8, 5, 12), strict=True)),
}
LABELS = {name: name.title() for name in drawing.CLASSES}  # as images.csv of the real set spells them: "T-Shirt"
TRAIN_PHOTOGRAPHERS = 24
VALIDATION_ONLY = 3  # pictures of validation whose photographers are not in train
TEST_PHOTOGRAPHERS = (62, 17, 11, 6, 4)  # how many pictures each of the five took
NEAR_DUPLICATES = (
    ("train", "train"),
    ("train", "train"),
    ("train", "validation"),
)  # the splits of a picture and of its second shot
SEED = 20


@dataclass(frozen=True)
class Picture:
    """One picture to draw. `photographer` and `scene` are the seeds of its look; `variation` above 0 makes it a near duplicate of the
    picture with the same scene: a second shot, a moment later."""

    split: str
    label: str
    stem: str
    photographer: int
    scene: int
    variation: int = 0
    kids: bool = False

    @property
    def path(self):
        """Its place in the folder, with forward slashes."""
        return f"{self.split}/{self.label}/{self.stem}.jpg"


@functools.cache
def plan():
    """Return the 600 pictures as a tuple of `Picture`: the same on every machine."""
    generator = np.random.default_rng(SEED)
    numbers = [int(number) for number in generator.permutation(np.arange(10, 200))]
    train, newcomers, test = numbers[:TRAIN_PHOTOGRAPHERS], numbers[40:42], numbers[50 : 50 + len(TEST_PHOTOGRAPHERS)]
    shares = generator.dirichlet(np.full(len(train), 1.5))
    photographers = {
        "train": train
        + [int(number) for number in generator.choice(train, sum(COUNTS["train"].values()) - len(train), p=shares)],
        "validation": [
            int(number)
            for number in generator.choice(train, sum(COUNTS["validation"].values()) - VALIDATION_ONLY, p=shares)
        ]
        + [newcomers[index % len(newcomers)] for index in range(VALIDATION_ONLY)],
        "test": [number for number, count in zip(test, TEST_PHOTOGRAPHERS, strict=True) for _ in range(count)],
    }
    pictures = []
    for split, counts in COUNTS.items():
        senders = list(generator.permutation(photographers[split]))
        for label, count in counts.items():
            for _ in range(count):
                stem = str(uuid.UUID(bytes=generator.bytes(16), version=4))
                kids = bool(generator.random() < 0.1)
                pictures.append(Picture(split, label, stem, int(senders.pop()), len(pictures), 0, kids))
    for split, other in NEAR_DUPLICATES:
        twin = pictures[
            generator.choice(
                [i for i, picture in enumerate(pictures) if picture.split == split and not picture.variation]
            )
        ]
        same_class = [i for i, picture in enumerate(pictures) if (picture.split, picture.label) == (other, twin.label)]
        position = generator.choice([i for i in same_class if pictures[i].scene != twin.scene])
        stem = pictures[position].stem
        pictures[position] = replace(twin, split=other, stem=stem, variation=1)
    return tuple(pictures)


def ensure(folder=FOLDER, processes=None):
    """Return the folder of the sample, a path; draw it first unless it is there, whole, and drawn by this version of the code.

    A folder that holds a sample is replaced as a whole once the new one is complete; one that holds anything else is left alone
    and raises `CourseError`. Of two processes that come at once, one draws and the other waits. `processes` is the number of
    processes that draw, by default that of the cores; the pictures do not depend on it.
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
    texts = [
        Path(file).read_text(encoding="utf-8") for file in (__file__, drawing.__file__, garments.__file__)
    ]  # text: line ends do not matter
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


@contextmanager
def lock(file):
    """Wait until no other process holds `file`, and hold it. The system lets go of it should this process die."""
    with file.open("a") as stream:
        if os.name == "nt":
            import msvcrt

            while True:
                try:
                    msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK, 1)  # gives up after ten seconds
                    break
                except OSError:
                    continue
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def draw_all(folder, pictures, processes=None):
    """Draw the pictures into `folder` with several processes, showing progress on stderr where someone watches."""
    if processes is None:
        processes = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    watched = sys.stderr.isatty() or "ipykernel" in sys.modules
    processes = min(processes, len(pictures)) if sys.executable else 1
    done = 0

    def progress():
        nonlocal done
        done += 1
        if watched and (done % 10 == 0 or done == len(pictures)):
            bar = "#" * (30 * done // len(pictures))
            print(
                f"\r[{bar:<30}] {done} of {len(pictures)}",
                end="" if done < len(pictures) else "\n",
                file=sys.stderr,
                flush=True,
            )

    if processes == 1:
        for picture in pictures:
            draw_file(folder, picture)
            progress()
        return
    # Plain child processes instead of multiprocessing, which would run the caller's own script again on Windows and macOS.
    code = "import sys; sys.path.insert(0, sys.argv[1]); from scripts import sample; sample.draw_part(*sys.argv[2:])"
    workers = []
    try:
        for part in range(processes):
            positions = ",".join(str(plan().index(picture)) for picture in pictures[part::processes])
            command = [sys.executable, "-c", code, str(ROOT), str(folder), positions]
            workers.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        for worker in workers:
            for _ in worker.stdout:
                progress()
            if worker.wait() != 0:
                raise CourseError(f"Drawing the sample into {folder} failed; what went wrong is said above.")
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
            worker.stdout.close()


def draw_part(folder, positions):
    """Draw the pictures at these positions of the plan (numbers with commas), printing a line after each: a child process' work."""
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


def contact_sheet(folder, file, columns=16):
    """Write one PNG that shows the first pictures of every class of train, a row per class."""
    sheet = Image.new("RGB", (columns * 102, len(drawing.CLASSES) * 136), "white")
    for row, label in enumerate(drawing.CLASSES):
        for column, path in enumerate(sorted((Path(folder) / "train" / label).iterdir())[:columns]):
            with Image.open(path) as image:
                image.thumbnail((100, 134))
                sheet.paste(image, (column * 102, row * 136))
    sheet.save(file)


def main():
    parser = argparse.ArgumentParser(description="Draw the course's sample pictures.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to, by default data/sample")
    parser.add_argument("--contact-sheet", type=Path, metavar="FILE.png", help="also write an overview of the pictures")
    arguments = parser.parse_args()
    try:
        folder = ensure(arguments.folder)
        print(f"The sample of {len(plan())} pictures is in {folder}.")
        if arguments.contact_sheet:
            contact_sheet(folder, arguments.contact_sheet)
    except CourseError as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
