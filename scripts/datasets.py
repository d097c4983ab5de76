"""The pictures: where they are, which there are, who took them, and the one loader that reads them."""

import csv
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from scripts.course import CourseError, image_source

SPLITS = ("train", "validation", "test")
FITS = ("crop", "pad", "squash")
DEFAULT_FIT = "crop"
GREY = (128, 128, 128)
MAXIMUM_PIXELS = 100_000_000  # twice the largest phone camera's; more is a mistake or an attack
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif"}


class ImageError(CourseError):
    """A file is not a readable image. The message names the file, says what is wrong and what to do."""


class DataError(CourseError):
    """A folder of pictures lacks the layout that the course needs. The message says what was expected and what was found."""


def data_folder():
    """Return the folder of the pictures that `COURSE_DATA` names; draw the sample first if it is wanted and not there yet.

    The folder holds `train/`, `validation/` and `test/`, each with one folder per class, and, where it is known who took which
    photo, `images.csv`. Raises `DataError` where that layout is missing.
    """
    source = image_source()
    if source.kind == "sample":
        from scripts import sample

        return sample.ensure(source.path)
    check_layout(source.path)
    return source.path


def check_layout(folder):
    """Raise `DataError` unless `folder` holds the three splits, each with the same class folders."""
    expected = "expected the folders train, validation and test, each holding one folder of pictures per class"
    missing = [split for split in SPLITS if not (folder / split).is_dir()]
    if missing:
        found = sorted(entry.name for entry in folder.iterdir())[:8] if folder.is_dir() else "no such folder"
        raise DataError(f"{folder}: {expected}; {', '.join(missing)} not there; found: {found}")
    classes = {split: {entry.name for entry in (folder / split).iterdir() if entry.is_dir()} for split in SPLITS}
    if not classes["train"]:
        raise DataError(f"{folder / 'train'}: {expected}; found no class folder")
    for split in SPLITS[1:]:
        if classes[split] != classes["train"]:
            odd = sorted(classes[split] ^ classes["train"])
            raise DataError(f"{folder / split}: {expected}, the same ones as in train; these differ: {odd}")


def class_names():
    """Return the names of the classes: those of the folders in train, sorted. A label is a position in this list."""
    return sorted(entry.name for entry in (data_folder() / "train").iterdir() if entry.is_dir())


def list_images(split):
    """Return the pictures of a split as `(paths, labels)`: a list of paths and an int64 array of the same length.

    The order is that of the sorted class folders, and of the sorted file names in each: the same on every machine.
    """
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}; it must be one of {SPLITS}")
    folder = data_folder() / split
    paths, labels = [], []
    for label, name in enumerate(class_names()):
        files = sorted(file for file in (folder / name).iterdir() if file.suffix.lower() in SUFFIXES)
        paths += files
        labels += [label] * len(files)
    return paths, np.array(labels, dtype="int64")


def photographers():
    """Return who took which picture, as a dictionary from file stem to the photographer's number (a string).

    Read from `images.csv`; empty where the folder has none. Source of the real one: alexeygrigorev/clothing-dataset.
    """
    table = data_folder() / "images.csv"
    if not table.exists():
        return {}
    with table.open(newline="", encoding="utf-8") as file:
        return {row["image"]: row["sender_id"] for row in csv.DictReader(file)}


def load_image(path, size=None, fit=DEFAULT_FIT):
    """Return one RGB image as a uint8 array of shape (size, size, 3), values 0-255; at its own size where `size` is None.

    Follows the photo's EXIF orientation; transparent parts become white. Resizes with antialiased bilinear interpolation.
    `fit` says how a photo that is not square becomes square: "crop" keeps the centre, "pad" adds grey, "squash" distorts.
    A JPEG much larger than `size` is decoded at a half, a quarter or an eighth of its size first, which is faster.
    Raises `ImageError`, naming the file and what is wrong, for anything that is not a readable image.
    """
    if fit not in FITS:
        raise ValueError(f"fit is {fit!r}; it must be one of {FITS}")
    image = open_image(path, size)
    if size is not None:
        image = resize_image(image, size, fit)
    return np.asarray(image)


def resize_image(image, size, fit=DEFAULT_FIT):
    """Return a Pillow image made square, (size, size), as `load_image` does."""
    method = Image.Resampling.BILINEAR  # in Pillow this one is antialiased
    if fit == "crop":
        return ImageOps.fit(image, (size, size), method)
    if fit == "pad":
        return ImageOps.pad(image, (size, size), method, color=GREY)
    return image.resize((size, size), method)


def open_image(path, size=None):
    """Return a file as an upright RGB Pillow image, at its own size or, for a large JPEG, at least `size` pixels a side.

    Raises `ImageError`, naming the file and what is wrong, for anything that is not a readable image.
    """
    path = Path(path)
    if path.is_dir():
        raise ImageError(f"{path} is a folder, not an image. Name one file in it.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is ours
            with Image.open(path) as image:
                if image.width * image.height > MAXIMUM_PIXELS:
                    raise ImageError(
                        f"{path} is {image.width} x {image.height} pixels large, more than {MAXIMUM_PIXELS:,} in all. "
                        "Make it smaller first."
                    )
                if size is not None:
                    image.draft("RGB", (size, size))
                return to_rgb(ImageOps.exif_transpose(image))
    except ImageError:
        raise
    except FileNotFoundError:
        raise ImageError(f"{path} does not exist. Check the name and the folder.") from None
    except PermissionError:
        raise ImageError(f"{path} may not be read by this user. Change its permissions.") from None
    except Image.DecompressionBombError:
        raise ImageError(f"{path} is far too large to be a photo. Make it smaller first.") from None
    except Exception as error:  # Pillow raises a dozen kinds for damaged files
        raise ImageError(f"{path} cannot be read as an image: {describe_damage(path, error)}") from None


def describe_damage(path, error):
    try:
        start = path.read_bytes()[:256] if path.stat().st_size else b""
    except OSError:
        return str(error)
    if not start:
        return "the file is empty. Download or copy it again."
    if start.lstrip()[:1] == b"<":
        return "it holds a web page, not a picture. Download the picture itself."
    if "truncated" in str(error).lower() or "unexpected end" in str(error).lower():
        return "it is cut off before its end. Download or copy it again."
    return f"{error}. Open it in an image viewer and save it as JPEG or PNG."


def to_rgb(image):
    """Return any Pillow image in mode RGB: grey, palette, CMYK, 16-bit and transparent ones included."""
    if image.mode in ("I;16", "I;16L", "I;16B", "I;16N", "I"):  # Pillow would clip 16 bits to 255 instead of scaling
        grey = np.asarray(image, dtype="float64") / 257
        image = Image.fromarray(np.clip(np.rint(grey), 0, 255).astype("uint8"))
    elif image.mode == "F":
        raise ValueError("its pixels are decimal numbers without a known range")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def image_folder(split, size, batch_size=32, fit=DEFAULT_FIT, shuffle=False, seed=None, unreadable="report"):
    """Return a `tf.data.Dataset` of batches (images, labels) of a split, every image read by `load_image`.

    Images: uint8, shape (batch, size, size, 3), values 0-255. Labels: int64, shape (batch,), positions in `class_names()`. The
    order is that of `list_images`, or with `shuffle=True` a new one in every epoch, the same for the same `seed`. Files are read
    in parallel, ahead of their use. `unreadable` says what to do with a file that is no image: "report" leaves it out and names all such files
    at the end of each epoch in one warning, "stop" raises `tf.errors.InvalidArgumentError`, naming the file.
    """
    import tensorflow as tf

    if unreadable not in ("report", "stop"):
        raise ValueError(f"unreadable is {unreadable!r}; it must be 'report' or 'stop'")
    paths, labels = list_images(split)
    failures = {}

    def read(index):
        try:
            return load_image(paths[index], size, fit), np.int64(labels[index]), True
        except ImageError as error:
            if unreadable == "stop":
                raise ValueError(str(error)) from None
            failures[paths[index].name] = str(error)
            return np.zeros((size, size, 3), "uint8"), np.int64(-1), False

    def load(index):
        image, label, ok = tf.numpy_function(read, [index], (tf.uint8, tf.int64, tf.bool), stateful=False)
        return tf.ensure_shape(image, (size, size, 3)), tf.ensure_shape(label, ()), tf.ensure_shape(ok, ())

    def report():
        if failures:
            names = ", ".join(sorted(failures))
            warnings.warn(f"{len(failures)} unreadable files left out of {split}: {names}", stacklevel=2)
            failures.clear()
        return iter(())

    indices = tf.data.Dataset.range(len(paths))
    if shuffle:
        indices = indices.shuffle(len(paths), seed=seed, reshuffle_each_iteration=True)
    examples = indices.map(load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    examples = examples.filter(lambda image, label, ok: ok)
    examples = examples.map(lambda image, label, ok: (image, label))
    end = tf.data.Dataset.from_generator(report, output_signature=examples.element_spec)
    return examples.concatenate(end).batch(batch_size).prefetch(tf.data.AUTOTUNE)


def load_split(split, size, fit=DEFAULT_FIT):
    """Return a whole split in memory: (images, labels), uint8 of shape (n, size, size, 3) and int64 of shape (n,).

    3,000 images of 150 x 150 pixels take 200 MB. Raises `ImageError` at the first file that is no image.
    """
    paths, labels = list_images(split)
    with ThreadPoolExecutor() as pool:  # Pillow decodes outside Python's lock
        images = list(pool.map(lambda path: load_image(path, size, fit), paths))
    return np.stack(images), labels
