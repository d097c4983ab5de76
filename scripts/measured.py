"""Measurements of the 3,781 real photos, shipped with the course in `data/measured/`: numbers, no
photo.

They are the same for every reader, with and without the photos, and need no network.
`data/measured/README.md` says how they were made: `python -m scripts.measure`.
"""

import csv
import json
import zipfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from scripts import files
from scripts.course import DATA, CourseError
from scripts.features import Features

FOLDER = DATA / "measured"
DIGESTS = "measured.sha256"


class MeasurementError(CourseError):
    """A file of measurements is missing or damaged. The message names the file and the remedy."""


def measured_features(view, split, folder=FOLDER):
    """Return the `Features` of a split of the real photos, as `features()` would compute them.

    `view` is a name such as "150-crop" (`views()` lists them): the pixels a side, how the photo was
    made square, and what else was done to it. The features, float32 of shape (n, 2048), are those
    of Xception up to block 13, each rounded to a whole number of its steps. Labels are int64 (n,),
    names such as "train/dress/….jpg", in `list_images` order. Raises `MeasurementError` where the
    file is missing or damaged, `ValueError` for a view or a split that was not measured.
    """
    folder = Path(folder)
    if view not in views(folder):
        raise ValueError(f"the view {view!r} was not measured; there are {', '.join(views(folder))}")
    stored = _checked(folder / f"{view}.npz")
    try:
        with np.load(stored) as arrays:
            if split not in arrays:
                raise ValueError(f"the split {split!r} was not measured in the view {view!r}")
            rounded, step = arrays[split], arrays["step"]
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise MeasurementError(f"{stored} cannot be read ({error}). {_remedy(stored)}") from None
    names = [photo["name"] for photo in _photos(folder)[split]]
    return Features(rounded.T * step, measured_labels(split, folder), names)


def views(folder=FOLDER):
    """Return the names of the views that were measured, sorted."""
    return sorted(name.removesuffix(".npz") for name in _digests(Path(folder)) if name[0].isdigit())


def measured_answers(model, split, folder=FOLDER):
    """Return what a model that needs the photos themselves said of a split: logits, float32 of
    shape (n, classes).

    `split` is "validation" or "test"; `models()` lists the names. Raises as `measured_features`
    does.
    """
    if model not in models(folder):
        raise ValueError(f"the model {model!r} was not measured; there are {', '.join(models(folder))}")
    with np.load(_checked(Path(folder) / "answers.npz")) as arrays:
        return arrays[f"{model}, {split}"].astype("float32")


def models(folder=FOLDER):
    """Return the names of the models whose answers were measured, sorted."""
    with np.load(_checked(Path(folder) / "answers.npz")) as arrays:
        return sorted({name.rpartition(", ")[0] for name in arrays})


def measured_labels(split, folder=FOLDER):
    """Return the labels of a split, int64 (n,): positions in `measured_classes()`."""
    classes = measured_classes(folder)
    return np.array([classes.index(photo["label"]) for photo in _photos(Path(folder))[split]], dtype="int64")


def measured_classes(folder=FOLDER):
    """Return the names of the ten classes, sorted."""
    return sorted({photo["label"] for photo in _photos(Path(folder))["train"]})


def measured_reader(folder=FOLDER):
    """Return what a blind reader named on 110 test photos: a dictionary from a photo's name, as in
    `measured_features`, to a list of classes, its choice first, then what it called possible too.

    The reader, a language model, saw neither label nor answer; `data/measured/README.md` says more.
    """
    with _checked(Path(folder) / "blind.csv").open(newline="", encoding="utf-8") as file:
        return {row["name"]: row["reader"].split("/") for row in csv.DictReader(file)}


def measured_photographers(split, folder=FOLDER):
    """Return who took each photo of a split: photographers' numbers, an array of strings (n,)."""
    return np.array([photo["photographer"] for photo in _photos(Path(folder))[split]])


def real_results(folder=FOLDER):
    """Return what the lessons recorded on the real photos, a list of dictionaries in the order of
    the lessons.

    Each has name, value (a share), n, interval, lesson, weights, and the seconds that its lesson
    took.
    """
    return json.loads(_checked(Path(folder) / "results.json").read_text(encoding="utf-8"))["results"]


def real_result(name, folder=FOLDER):
    """Show what the course measured on the real photos under this name (`record` gives the name).

    Prints a line such as "on the real photos: small CNN from scratch, validation: 0.700 (95 %
    interval 0.650 to 0.746, n = 341)". Raises `ValueError` for a name that was not recorded.
    """
    rows = {row["name"]: row for row in real_results(folder)}
    if name not in rows:
        raise ValueError(f"no result {name!r}; there are {', '.join(sorted(rows))}")
    row = rows[name]
    low, high = row["interval"]
    print(f"on the real photos: {name}: {row['value']:.3f} (95 % interval {low:.3f} to {high:.3f}, n = {row['n']})")


@lru_cache
def _photos(folder):
    """Return the photos of each split, in `list_images` order, a list of dictionaries."""
    with _checked(folder / "photos.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {split: [row for row in rows if row["split"] == split] for split in ("train", "validation", "test")}


@lru_cache
def _checked(path):
    """Return the path of a file of measurements whose digest is right; raise `MeasurementError`."""
    found, wanted = files.digest(path), _digests(path.parent).get(path.name)
    if not found:
        raise MeasurementError(f"{path} is missing. {_remedy(path)}")
    if found != wanted:
        raise MeasurementError(
            f"{path} is damaged or was changed: its SHA-256 is not the recorded one. {_remedy(path)}"
        )
    return path


def _digests(folder):
    """Return the recorded digest of each file of measurements, by name."""
    try:
        lines = (folder / DIGESTS).read_text(encoding="utf-8").splitlines()
    except OSError:
        raise MeasurementError(f"{folder / DIGESTS} is missing. {_remedy(folder / DIGESTS)}") from None
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}


def _remedy(path):
    return f"`git checkout -- data/measured` brings {path.name} back; without git, copy data/measured from the course anew."
