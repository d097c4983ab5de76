"""What models that need the photos themselves say of validation and test: each is trained by its
lesson's own cells, so that the two cannot drift apart.
"""

import os
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from scripts import course, files
from scripts.datasets import load_split
from scripts.features import features
from scripts.lessons import notebooks
from scripts.measuring.views import pack

SPLITS = ("validation", "test")
SECONDS = "seconds"  # in place of a split: how long the training took


class Model(NamedTuple):
    """A model whose answers ship with the course."""

    lesson: str  # its number
    learn: Callable  # from what the lesson's cells leave behind to a function from a split to logits, (n, classes)
    until: str = ""  # run the lesson's cells up to the one that holds this text; `learn` does the training
    weights: str = ""  # for `COURSE_WEIGHTS`, where it is not the real Xception


def softmax_on_pixels(lesson):
    """Return what answers with lesson 3's softmax regression."""

    def answer(split):
        images, _ = load_split(split, 32, fit="squash")
        inputs = (images.reshape(len(images), -1) / 255 - lesson["center"]) / lesson["spread"]
        return inputs @ lesson["weights"]

    return answer


def dense_network(lesson):
    """Return what answers with lesson 5's dense network."""
    return lambda split: lesson["chosen"].predict(load_split(split, 32)[0], verbose=0)


def small_cnn(lesson):
    """Return what answers with lesson 6's network."""
    return lambda split: lesson["cnn"].predict(load_split(split, 48)[0], verbose=0)


def augmented_cnn(lesson, width=48, epochs=40):
    """Train lesson 12's CNN with its changes, on all photos and as wide as in lesson 6; return what
    answers with it.

    The lesson itself takes about 400 photos of 24 pixels. Nothing is chosen: the last moment
    counts.
    """
    pixels, labels = load_split("train", width)
    judged = {split: load_split(split, width)[0] for split in SPLITS}
    lesson |= {"WIDTH": width, "pixels": pixels, "labels": labels, "judge_pixels": np.concatenate([*judged.values()])}
    lesson |= {"STEPS": len(pixels) // 32, "MOMENTS": epochs}
    changes = lesson["mild_changes"](10, value_range=(0, 255))
    probabilities = lesson["answers_while_learning"](changes, 1)[-1]
    logits = np.log(np.maximum(probabilities, 1e-7))
    parts = dict(zip(judged, np.split(logits, [len(judged["validation"])]), strict=True))
    return parts.get


def frozen(lesson):
    """Train lesson 14's head on all photos; return what answers with it and the frozen base."""
    return train_on_all(lesson, lesson["frozen"], lesson["PENALTIES"])


def fine_tuned(lesson):
    """Fine-tune the last block on all photos as lesson 14 does; return what answers with it."""
    return train_on_all(lesson, lesson["fine_tuned"], lesson["RATES"])


def train_on_all(lesson, train, settings):
    """Choose a setting as lesson 14 does, by a quarter of the training photos; train with it on all
    of them.
    """
    with tempfile.TemporaryDirectory() as folder:  # not from the cache: the time counts
        parts = {
            split: features(lesson["front"], split, 150, "crop", 32, "float16", folder) for split in ("train", *SPLITS)
        }
    maps, labels, _ = parts["train"]
    chooses = np.arange(len(labels)) % 4 == 0
    question = {"classes": int(labels.max()) + 1, "learn": (maps, labels), "choose": (maps[chooses], labels[chooses])}
    best = lesson["choose"](train, settings, question | {"learn": (maps[~chooses], labels[~chooses])})
    model = train(question, best, 1)
    return lambda split: model.predict(parts[split].features, verbose=0)


MODELS = {
    "softmax regression on pixels": Model("03", softmax_on_pixels),
    "dense network on pixels": Model("05", dense_network),
    "small CNN from scratch": Model("06", small_cnn),
    "CNN with augmentation": Model("12", augmented_cnn, "def answers_while_learning"),
    "stand-in, head trained": Model("14", frozen, "def choose(", "standin"),
    "stand-in, last block fine-tuned": Model("14", fine_tuned, "def choose(", "standin"),
    "Xception, last block fine-tuned": Model("14", fine_tuned, "def choose("),
}


def run_cells(number, until=""):
    """Return what the code cells of a lesson leave behind, a dictionary; its set-up cell is left
    out, and what follows the first cell that holds the text `until`.
    """
    import keras
    import matplotlib

    matplotlib.use("agg")
    (path,) = notebooks.choose_lessons([number], notebooks.find_lessons())
    keras.utils.set_random_seed(course.SEED)
    names = {"course": course}
    for cell in notebooks.code_cells(notebooks.read_notebook(path))[1:]:
        exec(compile(cell.source, path.name, "exec"), names)
        if until and until in cell.source:
            return names
    if until:
        raise ValueError(f"{path.name} has no cell with {until!r}")
    return names


def there(folder):
    """Return the names of the models whose answers are in a folder."""
    try:
        with np.load(folder / "answers.npz") as arrays:
            return {name.rpartition(", ")[0] for name in arrays}
    except FileNotFoundError:
        return set()


def add(name, folder):
    """Train a model by its lesson's cells, and add its answers to those in a folder.

    With them go the seconds that training took on one processor core, wherever the training is ours
    to time.
    """
    model = MODELS[name]
    with folder_of_lessons(), weights(model.weights):
        lesson = run_cells(model.lesson, model.until)
        begin = time.process_time()
        answer = model.learn(lesson)
        seconds = time.process_time() - begin
        found = {f"{name}, {split}": np.asarray(answer(split), dtype="float16") for split in SPLITS}
    if model.until:
        found[f"{name}, {SECONDS}"] = np.asarray(seconds, dtype="float32")
    if there(folder):
        with np.load(folder / "answers.npz") as arrays:
            found = {name: arrays[name] for name in arrays} | found
    files.write_whole(folder / "answers.npz", pack(dict(sorted(found.items()))))


@contextmanager
def weights(wanted):
    """Let `COURSE_WEIGHTS` be `wanted` for a while; nothing changes where that is empty."""
    before = os.environ.get("COURSE_WEIGHTS")
    try:
        if wanted:
            os.environ["COURSE_WEIGHTS"] = wanted
        yield
    finally:
        os.environ.pop("COURSE_WEIGHTS", None)
        if before is not None:
            os.environ["COURSE_WEIGHTS"] = before


@contextmanager
def folder_of_lessons():
    """Stand in the lessons' folder for a while, as a lesson does."""
    before = os.getcwd()
    os.chdir(notebooks.NOTEBOOKS)
    try:
        yield
    finally:
        os.chdir(before)
