"""One shard: some photos in, one Parquet file out, whole or not at all. This is what a worker does.

Memory of a worker: the network, `BATCHES_AHEAD` + 1 batches of pixels, the features of one shard,
and the photos that two threads decode. Of the last, a photo of `MAXIMUM_PIXELS` may take 1 GB; one
from a phone takes 50 MB.
"""

import json
import os
import socket
import stat
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scripts import files
from scripts.cluster import network
from scripts.cluster.network import BATCH
from scripts.cluster.plan import SHARDS, JobError
from scripts.cluster.reader import read_apart
from scripts.datasets import load_image
from scripts.resources import peak_memory

BATCHES_AHEAD = 3  # read while the network works on the one before
MAXIMUM_BYTES = 2**30  # of a file; no photo is larger
LONGEST_ERROR = 300
KEY, ERRORS = b"course key", b"course errors"  # in the metadata of a shard's file


def shard_file(out, number):
    return Path(out) / SHARDS / f"{number:06}.parquet"


def written_name(name):
    r"""Return a file's name as it stands in the table: UTF-8, also where the name on disk is not.

    A backslash becomes two and a byte that is no text becomes \udcXX, so that two names never
    become one.
    """
    return name.replace("\\", "\\\\").encode("utf-8", "backslashreplace").decode()


def make_shard(folder, out, number, names, settings, key, careful=False):
    """Write the shard of some photos, named relative to `folder`; return what it cost, a
    dictionary.

    One row a name: `name`, `digest` (SHA-256), `features`, or `error` for what is no photo. A shard
    that is there already is left alone, so that doing it twice does no harm. `careful` reads each
    photo in a process of its own, and makes a row of every error. Raises `JobError` where this
    worker has another network, or does not see the photos, and `OSError` where a disk fails, for
    then it may succeed elsewhere.
    """
    file = shard_file(out, number)
    if (kept := read_counts(file, key)) is not None:
        return kept
    net = network.loaded(settings)
    if net.key != key:
        raise JobError("A worker has another network, loader or version than the job was begun with. Start it anew.")
    begin = time.process_time()
    rows, features = compute(Path(folder), names, settings, net, careful)
    if not any(os.path.lexists(os.path.join(folder, name)) for name in names):
        raise JobError(
            f"A worker sees none of the photos of shard {number}: {folder} is not mounted there, or is empty now. "
            "Mount it, or begin anew in another OUT; what is there stays."
        )
    errors = Counter(error for _, _, error in rows if error is not None)
    try:
        write_table(file, rows, features, {KEY: key.encode(), ERRORS: json.dumps(errors).encode()})
    except OSError as error:
        raise JobError(f"{file} cannot be written: {error.strerror}. What is done stays; make room there.") from None
    failed = sum(errors.values())
    return {
        "done": len(rows) - failed,
        "failed": failed,
        "skipped": 0,
        "errors": dict(errors),
        "cpu_seconds": time.process_time() - begin,
        "process": (f"{socket.gethostname()} {os.getpid()}", time.process_time()),
        "memory": peak_memory(),
    }


def compute(folder, names, settings, net, careful=False):
    """Return the rows of some photos, (name, digest, error or None), and features, float32 (n,
    width).

    Batches are always of `BATCH` pictures, filled up with black ones, so that a photo's features do
    not depend on how many others there are.
    """
    read = read_apart if careful else load_image

    def read_batch(batch):
        pixels = np.zeros((BATCH, settings.size, settings.size, 3), "uint8")
        return pixels, [read_photo(folder, name, settings, read, pixels[place]) for place, name in enumerate(batch)]

    batches = [names[start : start + BATCH] for start in range(0, len(names), BATCH)]
    features = np.zeros((len(names), net.width), "float32")
    rows, ahead = [], deque()
    with ThreadPoolExecutor(2) as pool:
        for position in range(len(batches) + BATCHES_AHEAD):
            if position < len(batches):
                ahead.append(pool.submit(read_batch, batches[position]))
            if position >= BATCHES_AHEAD:
                pixels, found = ahead.popleft().result()
                if any(error is None for _, _, error in found):
                    features[len(rows) : len(rows) + len(found)] = net.run(pixels)[: len(found)]
                rows += found
    return rows, features


def read_photo(folder, name, settings, read, pixels):
    """Read a photo into `pixels`, uint8 (size, size, 3); return its row, (name, digest, error or
    None).
    """
    path, digest = folder / name, ""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for
            raise JobError(f"{path} is no file.")
        if status.st_size > MAXIMUM_BYTES:
            raise JobError(f"{path} is {status.st_size:,} bytes large, more than {MAXIMUM_BYTES:,}.")
        digest = files.digest(path)
        pixels[:] = read(path, settings.size, settings.fit)
        return written_name(name), digest, None
    except FileNotFoundError:
        reason = "is a link to nothing." if os.path.lexists(path) else "is gone since the plan was made."
    except Exception as error:  # whatever a hostile file brings about
        if not digest and read is not read_apart and not isinstance(error, JobError) and os.access(path, os.R_OK):
            raise OSError(f"{name} cannot be read now: {without_paths(str(error), folder, path)}") from None
        reason = without_paths(str(error) or type(error).__name__, folder, path)
    pixels[:] = 0
    return written_name(name), digest, reason


def without_paths(text, folder, path):
    """Return an error without any path of this machine, as UTF-8 of at most `LONGEST_ERROR`
    characters.
    """
    text = text.removeprefix(f"{path} ").replace(str(path), "the file")
    for place in (repr(str(path))[1:-1], str(folder), repr(str(folder))[1:-1]):
        text = text.replace(place, "the folder" if place != repr(str(path))[1:-1] else "the file")
    return text.encode("utf-8", "backslashreplace").decode()[:LONGEST_ERROR]


def write_table(file, rows, features, facts):
    """Write a shard's file, whole or not at all."""
    missing = pa.array([error is not None for _, _, error in rows])
    columns = {
        "name": pa.array([name for name, _, _ in rows], pa.string()),
        "digest": pa.array([digest for _, digest, _ in rows], pa.string()),
        "features": pa.FixedSizeListArray.from_arrays(pa.array(features.ravel()), features.shape[1], mask=missing),
        "error": pa.array([error for _, _, error in rows], pa.string()),
    }
    with files.written_whole(file) as part:
        table = pa.table(columns).replace_schema_metadata(facts)
        pq.write_table(table, part, use_dictionary=["error"], write_page_checksum=True)


def read_counts(file, key):
    """Return how many rows a shard's file has, in the form of `make_shard`; None where it is not
    there or damaged. Raises `JobError` where it is of another job.
    """
    try:
        facts = pq.read_metadata(file)
        errors, found = json.loads(facts.metadata[ERRORS]), facts.metadata[KEY].decode()
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
        return None
    if found != key:
        raise JobError(f"{file} is of another job. Move it away; then it is made anew.")
    failed = sum(errors.values())
    return {"done": facts.num_rows - failed, "failed": failed, "skipped": facts.num_rows, "errors": errors}
