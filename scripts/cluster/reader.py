"""Read one photo in a process of its own: `python -m scripts.cluster.reader PATH SIZE FIT`.

Some files end the process that reads them: a fault in a decoder, or more memory than there is. This
way that costs one photo.
"""

import os
import subprocess
import sys

import numpy as np

from scripts.course import ROOT
from scripts.datasets import ImageError, load_image

SECONDS = 300  # for one photo


def read_apart(path, size, fit, command=(sys.executable, "-m", "scripts.cluster.reader")):
    """Return what `load_image` does, read by another process. Raises `ImageError` also where that
    process dies.
    """
    try:
        ended = subprocess.run(
            [*command, os.fspath(path), str(size), fit], cwd=ROOT, capture_output=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        raise ImageError(f"{path} cannot be read within {SECONDS} s.") from None
    if ended.returncode == 1:
        raise ImageError(ended.stderr.decode("utf-8", "replace").strip())
    if ended.returncode or len(ended.stdout) != size * size * 3:
        raise ImageError(f"{path} ends the process that reads it (status {ended.returncode}). Do not open it.")
    return np.frombuffer(ended.stdout, "uint8").reshape(size, size, 3)


if __name__ == "__main__":
    path, size, fit = sys.argv[1:]
    try:
        pixels = load_image(path, int(size), fit)
    except Exception as error:
        sys.exit(str(error).encode("utf-8", "backslashreplace").decode())
    sys.stdout.buffer.write(pixels.tobytes())
