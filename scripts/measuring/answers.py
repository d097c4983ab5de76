"""What models that need the photos themselves say of validation and test: each is trained by its
lesson's own cells, so that the two cannot drift apart.
"""

import os
from contextlib import contextmanager

import numpy as np

from scripts import course, files
from scripts.datasets import load_split
from scripts.lessons import notebooks
from scripts.measuring.views import pack

SPLITS = ("validation", "test")


def softmax_on_pixels(lesson, split):
    """Return the logits of lesson 3's softmax regression."""
    images, _ = load_split(split, 32, fit="squash")
    inputs = (images.reshape(len(images), -1) / 255 - lesson["center"]) / lesson["spread"]
    return inputs @ lesson["weights"]


def dense_network(lesson, split):
    """Return the logits of lesson 5's dense network."""
    return lesson["chosen"].predict(load_split(split, 32)[0], verbose=0)


def small_cnn(lesson, split):
    """Return the logits of lesson 6's network."""
    return lesson["cnn"].predict(load_split(split, 48)[0], verbose=0)


# Name of the model: its lesson, and what it says of a split.
MODELS = {
    "softmax regression on pixels": ("03", softmax_on_pixels),
    "dense network on pixels": ("05", dense_network),
    "small CNN from scratch": ("06", small_cnn),
}


def run_cells(number):
    """Return what the code cells of a lesson leave behind, a dictionary; its set-up cell is left
    out.
    """
    import keras
    import matplotlib

    matplotlib.use("agg")
    (path,) = notebooks.choose_lessons([number], notebooks.find_lessons())
    keras.utils.set_random_seed(course.SEED)
    names = {"course": course}
    for cell in notebooks.code_cells(notebooks.read_notebook(path))[1:]:
        exec(compile(cell.source, path.name, "exec"), names)
    return names


def there(folder):
    """Return the names of the models whose answers are in a folder."""
    try:
        with np.load(folder / "answers.npz") as arrays:
            return {name.rpartition(", ")[0] for name in arrays}
    except FileNotFoundError:
        return set()


def add(model, folder):
    """Train a model by its lesson's cells, and add its answers to those in a folder."""
    number, predict = MODELS[model]
    with folder_of_lessons():
        lesson = run_cells(number)
        found = {f"{model}, {split}": np.asarray(predict(lesson, split), dtype="float16") for split in SPLITS}
    if there(folder):
        with np.load(folder / "answers.npz") as arrays:
            found = {name: arrays[name] for name in arrays} | found
    files.write_whole(folder / "answers.npz", pack(dict(sorted(found.items()))))


@contextmanager
def folder_of_lessons():
    """Stand in the lessons' folder for a while, as a lesson does."""
    before = os.getcwd()
    os.chdir(notebooks.NOTEBOOKS)
    try:
        yield
    finally:
        os.chdir(before)
