"""The views of the real photos whose features ship with the course, and how these are rounded."""

import csv
import io
import zipfile
from functools import cache
from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from scripts import files
from scripts.datasets import SPLITS, class_names, list_images, photographers
from scripts.features import features, run
from scripts.pretrained import Xception

STEP = 1.0  # of a feature's standard deviation over the training photos: what it is rounded to
EPOCH = (1980, 1, 1, 0, 0, 0)  # the date in a zip file: the same bytes each time


class View(NamedTuple):
    """What is done to a photo before Xception sees it, and of which splits that is measured."""

    size: int  # pixels a side
    fit: str
    change: str = ""  # "", "mirrored", "upside-down" or "random-SEED"
    splits: tuple = SPLITS

    @property
    def name(self):
        return "-".join(filter(None, (str(self.size), self.fit, self.change)))


VIEWS = (
    View(150, "crop"),
    View(150, "crop", "mirrored"),
    View(150, "crop", "random-10", ("train", "validation")),
    View(150, "crop", "random-20", ("validation",)),
    View(150, "crop", "random-30", ("validation",)),
    View(150, "crop", "upside-down", ("validation",)),
    View(150, "pad"),
    View(150, "squash"),
    View(96, "squash"),
    View(299, "squash"),
    View(299, "pad"),
    View(299, "squash", "mirrored"),
    View(299, "pad", "mirrored"),
)


class AlwaysAugment(layers.Pipeline):
    """A row of layers that change images at random, in prediction too (lesson 12)."""

    def call(self, images):
        return super().call(images, training=True)


def mild_changes(seed):
    """Return lesson 12's five layers, for images with values -1 to 1."""
    return [
        layers.RandomFlip("horizontal", seed=seed),
        layers.RandomRotation(0.03, fill_mode="nearest", seed=seed + 1),
        layers.RandomZoom((-0.2, 0.1), fill_mode="nearest", seed=seed + 2),
        layers.RandomTranslation(0.05, 0.05, fill_mode="nearest", seed=seed + 3),
        layers.RandomBrightness(0.1, value_range=(-1, 1), seed=seed + 4),
    ]


def changed(images, change):
    """Return the symbolic `images` after the change of a view."""
    if change == "mirrored":
        return keras.ops.flip(images, axis=2)
    if change == "upside-down":
        return keras.ops.flip(images, axis=1)
    if change:
        return AlwaysAugment(mild_changes(int(change.removeprefix("random-"))))(images)
    return images


@cache
def build_base(size):
    """Return a frozen model from images (n, size, size, 3), values -1 to 1, to features (n, d).

    Photos of 299 pixels are computed in bfloat16, which is faster and errs by far less than a step.
    """
    keras.config.set_dtype_policy("mixed_bfloat16" if size > 150 else "float32")
    try:
        base = Xception(include_top=False, input_shape=(size, size, 3))
    finally:
        keras.config.set_dtype_policy("float32")
    base.trainable = False
    return keras.Model(base.input, layers.GlobalAveragePooling2D(dtype="float32")(base.output))


def build_extractor(view):
    """Return a frozen model from images of a view, values -1 to 1, to features (n, d)."""
    if not view.change:
        return build_base(view.size)
    images = keras.Input((view.size, view.size, 3))
    return keras.Model(images, build_base(view.size)(changed(images, view.change)))


def measure_view(view):
    """Return the exact features of a view, a dictionary from split to float32 (n, 2048); each split
    is kept as soon as it is computed.
    """
    found = {}
    for split in view.splits:
        # An extractor of its own for each split: a random layer remembers how much it has drawn.
        found[split] = features(build_extractor(view), split, view.size, view.fit).features
    return found


def rounding_steps(exact, step=STEP):
    """Return the step of each feature, float32 (d,): a share of its standard deviation over the
    training photos, and at least so large that the largest feature of any split fits into a byte.

    `exact`: features of each split, none negative, a dictionary of floats (n, d).
    """
    deviation = exact["train"].std(axis=0, dtype="float64")
    largest = np.max([found.max(axis=0) for found in exact.values()], axis=0).astype("float64")
    steps = np.maximum(deviation * step, largest / 255)
    return np.where(steps > 0, steps, 1.0).astype("float32")


def to_levels(exact, steps):
    """Return features (n, d) as whole numbers of steps, uint8 (n, d)."""
    return np.clip(np.round(exact / steps), 0, 255).astype("uint8")


def pack(arrays):
    """Return a dictionary of arrays as the bytes of an .npz file, in LZMA: smaller than NumPy's."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", EPOCH)
            info.compress_type = zipfile.ZIP_LZMA
            archive.writestr(info, member.getvalue())
    return stream.getvalue()


def plain_steps(view, folder):
    """Return the steps of the plain view in a folder, for a view without training photos."""
    with np.load(folder / f"{view.size}-{view.fit}.npz") as arrays:
        return arrays["step"]


def write_view(view, folder):
    """Measure a view and write its file; return its path."""
    exact = measure_view(view)
    steps = rounding_steps(exact) if "train" in exact else plain_steps(view, folder)
    levels = {split: to_levels(found, steps).T for split, found in exact.items()}  # alike beside alike: smaller
    path = folder / f"{view.name}.npz"
    files.write_whole(path, pack({"step": steps, **levels}))
    return path


def check_view(view, folder, part=16):
    """Measure about `part` photos of each split of a view again; return how they differ from its
    file, or "".

    Photos from all over the split; of a random view the first batch, for which the same changes are
    drawn again.
    """
    with np.load(folder / f"{view.name}.npz") as arrays:
        for split in view.splits:
            paths, _ = list_images(split)
            stored, steps = arrays[split].T, arrays["step"]
            if len(stored) != len(paths):
                return f"{split} holds {len(stored)} photos, {len(paths)} are here"
            random = view.change.startswith("random")
            rows = np.arange(32) if random else np.arange(0, len(paths), max(1, len(paths) // part))
            exact = run(build_extractor(view), [paths[row] for row in rows], view.size, view.fit, 32, split)
            apart = np.abs(to_levels(exact, steps).astype(int) - stored[rows])
            # Numbers that lie on the border between two steps may fall to either side.
            allowed = 0.1 if view.size > 150 else 0.005
            if apart.max() > 1 or (apart > 0).mean() > allowed:
                return f"{split}: {(apart > 0).mean():.1%} of the features differ, by up to {apart.max()} steps"
    return ""


def write_photos(folder):
    """Write the table of the photos: split, name, label, photographer, in `list_images` order."""
    names, who = class_names(), photographers()
    stream = io.StringIO(newline="")
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(["split", "name", "label", "photographer"])
    for split in SPLITS:
        for path, label in zip(*list_images(split), strict=True):
            name = f"{split}/{names[label]}/{path.name}"
            table.writerow([split, name, names[label], who.get(path.stem, "")])
    path = folder / "photos.csv"
    files.write_whole(path, stream.getvalue())
    return path
