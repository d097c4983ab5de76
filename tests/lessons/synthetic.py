"""Small lessons and pictures that tests make themselves."""

from nbformat import v4
from PIL import Image

from scripts import datasets
from scripts.lessons import exercising, launching, notebooks

OPENING = """\
# 1. Loading images

In this notebook you …:

- load a photo
- look at its numbers

*{minutes} minutes to read and do · 10 seconds to run on a 2-core CPU · 0 MB to download*"""

CLOSING = """\
## What you learned

- a photo is loaded by `load_image`
- its numbers are bytes

## Try it

1. Load another photo: its shape differs.
2. Crop it: the shape is square.
3. Double it: the numbers wrap around.

Next: [2. The data set](02_the_dataset.ipynb)"""


def lesson():
    """Return a lesson, as it would be stored, that keeps every promise; it is not made to be
    executed.
    """
    exercises = exercising.exercise_cells("01")
    opening = OPENING.format(minutes=5 + exercising.minutes_of(exercises))
    cells = [
        v4.new_markdown_cell(launching.with_launch_line(opening, "01_loading_images")),
        v4.new_code_cell(launching.SETUP, outputs=[printed("Pictures: 600 drawn ones. Weights: the stand-in.\n")]),
        v4.new_markdown_cell(
            "## What is in a photo\n\n![a red t-shirt on a wooden floor](../images/shirt.png)\n\nBytes:"
        ),
        v4.new_code_cell("size = 12\nsize", outputs=[v4.new_output("execute_result", {"text/plain": "12"})]),
        v4.new_markdown_cell("The numbers as a curve:"),
        v4.new_code_cell(
            "plt.plot([1, 2])\nplt.show()", outputs=[v4.new_output("display_data", {"image/png": "iVBO"})]
        ),
        v4.new_markdown_cell("It rises. How long does it take?"),
        v4.new_code_cell(
            "print(seconds)",
            outputs=[printed("0.25 seconds\n")],
            metadata={"tags": ["nbval-ignore-output"], "reason": "the time differs on every machine"},
        ),
        *exercises,
        v4.new_markdown_cell(CLOSING),
    ]
    return notebooks.normalize(v4.new_notebook(cells=cells))


def printed(text, name="stdout"):
    return v4.new_output("stream", name=name, text=text)


def notebook(*sources):
    """Return a notebook of code cells with these sources, not executed yet."""
    return notebooks.normalize(v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources]))


def write(notebook, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebooks.to_text(notebook), encoding="utf-8")
    return path


def pictures(folder):
    """Make a folder of the course's layout with one class and one picture in each split; return its
    path.
    """
    for split in datasets.SPLITS:
        (folder / split / "hat").mkdir(parents=True)
        Image.new("RGB", (40, 30), "red").save(folder / split / "hat" / "hat.jpg")
    return folder
