"""The plan of a job: which file belongs to which shard, written before anything else and kept.

A folder is walked lazily: what is held of it is the names of one shard, and of the folders that
wait their turn. The plan is bound to what it was made of: the files' names, sizes and times, the
network, the loader and the settings. Who comes back to an OUT that was made of something else is
told so.
"""

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import NamedTuple

from scripts import files
from scripts.course import CourseError
from scripts.progress import progress

PLAN, JOB, SHARDS = "plan.jsonl", "job.json", "shards"  # in OUT
ROUND = 2**128


class JobError(CourseError):
    """A job cannot go on. The message says why, what is kept, and the remedy."""


class Settings(NamedTuple):
    """What the features depend on, beside the photos: pixels a side, how a photo becomes square,
    and the function that loads the network, "module:function".
    """

    size: int = 150
    fit: str = "crop"
    network: str = "scripts.cluster.network:xception"


def walk(folder):
    """Yield every file in a folder and the folders in it, as (name, size in bytes, time in ns).

    `name` is relative, with "/". Hidden ones, whose names start with a dot, are left out, and
    linked folders are not entered. What is no plain file (a link to nothing, a pipe, a folder that
    may not be read) is yielded too, for it shall not vanish in silence. At every moment one folder
    is open.
    """
    waiting = [""]
    while waiting:
        place = waiting.pop()
        try:
            entries = os.scandir(os.path.join(folder, place))
        except OSError as error:
            if not place:
                raise JobError(f"{folder} cannot be read: {error.strerror}. Name a folder of photos.") from None
            yield place.rstrip("/"), 0, 0
            continue
        with entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{place}{entry.name}/")
                    continue
                try:
                    status = entry.stat()
                except OSError:  # a link to nothing, or to itself
                    yield place + entry.name, 0, 0
                    continue
                kept = status if stat.S_ISREG(status.st_mode) else None
                yield place + entry.name, kept.st_size if kept else 0, kept.st_mtime_ns if kept else 0


def fingerprint(found):
    """Return how many files `walk` yields and a number for their names, sizes and times, a text;
    the same in every order.
    """
    count = total = 0
    for name, size, time in found:
        text = f"{size} {time} ".encode() + os.fsencode(name)
        total += int.from_bytes(hashlib.sha256(text).digest()[:16], "big")
        count += 1
    return count, f"{total % ROUND:032x}"


def write_plan(folder, out, shard):
    """Write OUT's plan, one line a shard, each a list of names; return (count, fingerprint)."""
    with files.written_whole(out / PLAN) as part, part.open("w", encoding="ascii") as lines:

        def written():
            names = []
            with progress(None, "look for photos", "files") as update:
                for file in walk(folder):
                    yield file
                    names.append(file[0])
                    if len(names) == shard:
                        lines.write(json.dumps(names) + "\n")
                        update(len(names))
                        names = []
            if names:
                lines.write(json.dumps(names) + "\n")

        return fingerprint(written())


def read_plan(out):
    """Yield the shards of OUT's plan as (number, names), one at a time."""
    with (out / PLAN).open(encoding="ascii") as lines:
        for number, line in enumerate(lines):
            yield number, json.loads(line)


def check_folders(folder, out):
    """Raise `JobError` where FOLDER is no folder, or OUT cannot be one."""
    if not folder.is_dir():
        raise JobError(f"{folder} is no folder on this machine. Name a folder of photos.")
    if out.exists() and not out.is_dir():
        raise JobError(f"{out} is no folder. Name one that is empty or not there yet.")
    if out.resolve().is_relative_to(folder.resolve()):
        raise JobError(f"{out} lies in {folder}, so that results would count as photos. Name an OUT outside of it.")
    if not read_job(out) and out.is_dir():
        if any(entry.name not in (PLAN, SHARDS, ".lock", ".scratch") for entry in out.iterdir()):
            raise JobError(f"{out} holds something else than a job. Name a folder that is empty or not there yet.")
        if any((out / SHARDS).glob("*.parquet")):
            raise JobError(
                f"{out} has shards and no {JOB} that says what they are. Bring it back, or name another OUT."
            )


def prepare(folder, out, settings, shard, as_planned=False):
    """Make OUT's plan, or take the one that is there; return the job's facts, a dictionary.

    A job that is there already keeps its size of shards. Raises `JobError` where the folder or the
    settings are not those it was made of; with `as_planned` the folder is not looked at again.
    """
    folder, out = Path(folder), Path(out)
    check_folders(folder, out)
    folder, out = folder.resolve(), out.resolve()
    job = read_job(out)
    if job is None:
        count, mark = write_plan(folder, out, shard)
        if not count:
            raise JobError(f"{folder} holds no file. Name a folder of photos.")
        facts = {"files": count, "fingerprint": mark, "shard": shard, "plan": files.digest(out / PLAN)}
        return facts | {"settings": settings._asdict()}
    if job["settings"] != settings._asdict():
        raise JobError(
            f"{out} was begun with {describe(job['settings'])}, and now it is {describe(settings._asdict())}. "
            "Give the same again, or name another OUT; what is there stays."
        )
    if files.digest(out / PLAN) != job["plan"]:
        raise JobError(f"{out / PLAN} is damaged or missing. Bring it back, or name another OUT; what is there stays.")
    if not as_planned:
        count, mark = fingerprint(walk(folder))
        if mark != job["fingerprint"]:
            raise JobError(
                f"{folder} has changed since the plan was made: {job['files']:,} files then, {count:,} now"
                f"{' (others, or changed ones)' if count == job['files'] else ''}. Nothing is lost: bring the folder back, "
                "or name another OUT, or give --as-planned: then new files are left out, and of changed ones "
                "those count that are not done yet."
            )
    return job


def describe(settings):
    return ", ".join(f"{name} {value}" for name, value in settings.items())


def read_job(out):
    """Return the facts of OUT's job, or None where there is none."""
    file = Path(out) / JOB
    try:
        job = json.loads(file.read_text(encoding="utf-8"))
        return job if {"files", "fingerprint", "shard", "plan", "settings", "key"} <= set(job) else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise JobError(f"{file} is damaged ({error}). Bring it back, or name another OUT.") from None


def bind(out, job, key):
    """Tie a job to the network of its first run; raise `JobError` where that was another one."""
    if "key" not in job:
        job["key"] = key
        files.write_whole(Path(out) / JOB, json.dumps(job, indent=1) + "\n")
    if job["key"] != key:
        raise JobError(
            f"{out} was begun with another network, loader or version of Keras or Pillow: its features and new ones "
            "would not belong together. Go back to what it was begun with, or name another OUT; what is there stays."
        )
