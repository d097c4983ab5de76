"""Files: written whole or not at all, their checksums, and a lock between processes."""

import hashlib
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path):
    """Yield the path of a new file beside `path`, which takes the place of `path` when the block
    ends well.

    At every moment either the old file or the whole new one is there, also where two processes
    write at once. The new file has the same suffixes, which some libraries look at. Raises
    `OSError` where the disk refuses.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(prefix=".part-", suffix=f"-{path.name}", dir=path.parent)
    os.close(handle)
    part = Path(part)
    try:
        yield part
        part.chmod(0o644)  # mkstemp lets only the owner read
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_whole(path, content):
    """Write a text (as UTF-8, lines ending in a newline only) or bytes to `path`, whole or not at
    all.
    """
    with written_whole(path) as part:
        part.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def digest(path, algorithm="sha256"):
    """Return the checksum of a file, hexadecimal; "" where there is no file that can be read."""
    try:
        with open(path, "rb") as stream:
            sha = hashlib.new(algorithm, usedforsecurity=False)
            while block := stream.read(2**20):
                sha.update(block)
            return sha.hexdigest()
    except OSError:
        return ""


@contextmanager
def lock(path, waiting=""):
    """Wait until no other process holds the file `path`, and hold it till the block ends.

    `waiting` is what to say, on stderr, to somebody who has to wait. The system lets go of the file
    should this process die. The file stays, empty. On a disk that knows no locks (some network
    drives) nobody waits.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        if not _take(stream, wait=False):
            if waiting:
                print(waiting, file=sys.stderr, flush=True)
            _take(stream, wait=True)
        yield


def _take(stream, wait):
    """Lock an open file; return False where another process holds it and `wait` is False."""
    if os.name == "nt":
        import msvcrt

        while True:
            try:
                msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
                return True
            except OSError:  # also after ten seconds of waiting
                if not wait:
                    return False
    import fcntl

    try:
        fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:  # ENOLCK, ENOSYS: this disk knows no locks
        pass
    return True
