"""What executed cells show: compared where nbval does not look, in figures and on stderr."""

import base64
import io
import re

import numpy as np
from PIL import Image

from scripts.lessons import notebooks

BLOCK = 8  # pixels a side
MOST = 20  # levels of 255 by which the mean color of a block may differ: another processor moves a line a little
EXPECTED = re.compile(  # lines on stderr that are no fault of a lesson
    r"\s*$"
    r"|WARNING: All log messages before absl|[IW]\d{4} |\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*: [IW] "  # TensorFlow's C++
    r"|To enable the following instructions"
    r"|(\w[\w -]*:)? *\d+%\|| *\d[\d.k]*\w* \[\d\d:"  # a progress bar
    r"|Drawing the sample of "
)


def unexpected_stderr(outputs):
    """Return the first line that the outputs of a cell show on stderr and should not: a warning, a
    log; "" if none.
    """
    for output in outputs:
        if output.get("name") == "stderr":
            for line in re.split(r"[\r\n]|\x1b\[A", output["text"]):
                if not EXPECTED.match(line):
                    return line.strip()
    return ""


def figure_problem(stored, new):
    """Return how the figures of a cell differ from the stored ones; "" if they do not.

    `stored`, `new`: lists of outputs. Figures are compared in blocks of 8 x 8 pixels: the mean
    color of each must agree within 30 of 255 levels. So a line that another processor draws a
    little lower passes; another picture, curve, label or color does not.
    """
    stored, new = figures(stored), figures(new)
    if len(stored) != len(new):
        return f"it shows {len(new)} figures; {len(stored)} are stored"
    for number, (old, now) in enumerate(zip(stored, new, strict=True), start=1):
        if old.size != now.size:
            return f"its figure {number} has {now.size[0]} x {now.size[1]} pixels; the stored one {old.size[0]} x {old.size[1]}"
        worst = np.abs(blocks(old) - blocks(now)).max()
        if worst > MOST:
            return (
                f"its figure {number} is another than the stored one: somewhere it differs by {worst:.0f} of 255 levels"
            )
    return ""


def figures(outputs):
    """Return the PNG figures in a list of outputs as Pillow images, on white."""
    found = []
    for output in outputs:
        if "image/png" in output.get("data", {}):
            image = Image.open(io.BytesIO(base64.b64decode(output["data"]["image/png"]))).convert("RGBA")
            found.append(Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB"))
    return found


def blocks(image):
    """Return the mean colors of the blocks of an image, floats of shape (rows, columns, 3)."""
    size = [max(1, side // BLOCK) for side in image.size]
    return np.asarray(image.resize(size, Image.Resampling.BOX), dtype=float)


def problem(cell, outputs):
    """Return what is wrong with the outputs of a cell that was executed again, beyond what nbval
    compares; "" if nothing.
    """
    line = unexpected_stderr(outputs)
    if line:
        return f"It writes to stderr, where a reader sees it: {line}"
    if {notebooks.IGNORED_OUTPUT, notebooks.FREE_FIGURE} & set(notebooks.tags(cell)):
        return ""
    different = figure_problem(cell.outputs, outputs)
    return f"Not as stored: {different}. If that is meant, run `make outputs`." if different else ""
