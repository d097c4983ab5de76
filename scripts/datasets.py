"""The pictures: where they are, which there are, who took them, and the one loader for all."""

import csv
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from scripts.course import DATA, CourseError, image_source
from scripts.files import write_whole

SPLITS = ("train", "validation", "test")
FITS = ("crop", "pad", "squash")
DEFAULT_FIT = "crop"
GRAY = (128, 128, 128)
MAXIMUM_PIXELS = 100_000_000  # twice the largest phone camera's; more is a mistake or an attack
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif", ".heic", ".heif"}
UPRIGHT = {  # how to turn an image whose EXIF orientation is not 1
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Pillow warns from 89 million pixels on; our limit is the one above. Not in a `with`: that is not
# safe in threads.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class ImageError(CourseError):
    """A file is not a readable image. The message names the file, says what is wrong and what to
    do.
    """


class DataError(CourseError):
    """A folder of pictures lacks the layout that the course needs. The message says what was
    expected, what found.
    """


def data_folder():
    """Return the folder of the pictures that `COURSE_DATA` names; draw the sample first if it is
    wanted and not there.

    The folder holds `train/`, `validation/` and `test/`, each with one folder per class, and, where
    it is known who took which photo, `images.csv`. Raises `DataError` where that layout is missing.
    """
    source = image_source()
    if source.kind == "sample":
        from scripts.sample import folder as sample

        return sample.ensure(source.path)
    check_layout(source.path)
    return source.path


def check_layout(folder):
    """Raise `DataError` unless `folder` holds the three splits, each with the same class folders"""
    expected = "expected the folders train, validation and test, each holding one folder of pictures per class"
    missing = [split for split in SPLITS if not (folder / split).is_dir()]
    if missing:
        found = sorted(entry.name for entry in folder.iterdir())[:8] if folder.is_dir() else "no such folder"
        raise DataError(f"{folder}: {expected}; {', '.join(missing)} not there; found: {found}")
    classes = {split: set(class_folders(folder / split)) for split in SPLITS}
    if not classes["train"]:
        raise DataError(f"{folder / 'train'}: {expected}; found no class folder")
    for split in SPLITS[1:]:
        if classes[split] != classes["train"]:
            odd = sorted(classes[split] ^ classes["train"])
            raise DataError(f"{folder / split}: {expected}, the same ones as in train; these differ: {odd}")


def class_folders(split_folder):
    """Return the names of the class folders in the folder of a split, sorted; hidden ones
    (Jupyter's) do not count.
    """
    return sorted(entry.name for entry in split_folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def class_names(data=None):
    """Return the names of the classes: those of the folders in train, sorted. A label is a position
    in this list.

    `data` is the folder of the pictures, by default the one that `COURSE_DATA` names.
    """
    return class_folders((data or data_folder()) / "train")


def list_images(split, data=None):
    """Return the pictures of a split as `(paths, labels)`: a list of paths and an int64 array of
    the same length.

    The order is that of the sorted class folders, and of the sorted file names in each: the same on
    every machine. `data` is the folder of the pictures, by default the one that `COURSE_DATA`
    names. Raises `DataError` where there is no picture at all.
    """
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}; it must be one of {SPLITS}")
    data = data or data_folder()
    folder = data / split
    paths, labels = [], []
    for label, name in enumerate(class_names(data)):
        files = [file for file in (folder / name).iterdir() if file.suffix.lower() in SUFFIXES]
        files = [file for file in files if not file.name.startswith(".")]  # macOS leaves such beside each picture
        paths += sorted(files, key=lambda file: file.name)
        labels += [label] * len(files)
    if not paths:
        raise DataError(f"{folder}: expected pictures in its class folders; found no file ending in {sorted(SUFFIXES)}")
    return paths, np.array(labels, dtype="int64")


def photographers():
    """Return who took which picture, as a dictionary from file stem to the photographer's number (a
    string).

    Read from `images.csv`; empty where the folder has none. Source of the real one:
    alexeygrigorev/clothing-dataset. Raises `DataError` where the table lacks the columns image and
    sender_id.
    """
    table = data_folder() / "images.csv"
    if not table.exists():
        return {}
    with table.open(newline="", encoding="utf-8-sig") as file:  # -sig: spreadsheets put a mark at the beginning
        rows = csv.DictReader(file)
        if not {"image", "sender_id"} <= set(rows.fieldnames or ()):
            raise DataError(f"{table}: expected the columns image and sender_id; found: {rows.fieldnames}")
        return {row["image"]: row["sender_id"] for row in rows}


def load_image(path, size=None, fit=DEFAULT_FIT):
    """Return one RGB image as a uint8 array of shape (size, size, 3), values 0-255; unresized where
    `size` is None.

    Follows the photo's EXIF orientation; transparent parts become white. Resizes with antialiased
    bilinear interpolation. `fit` says how a photo that is not square becomes square: "crop" keeps
    the center, "pad" adds gray, "squash" distorts. A JPEG much larger than `size` is decoded at a
    half, a quarter or an eighth of its size first, which is faster. Raises `ImageError`, naming the
    file and what is wrong, for anything that is no readable image.
    """
    if fit not in FITS:
        raise ValueError(f"fit is {fit!r}; it must be one of {FITS}")
    image = open_image(path, size)
    if size is not None:
        image = resize_image(image, size, fit)
    return np.array(image)  # a copy: Pillow's own pixels may not be written to


def resize_image(image, size, fit=DEFAULT_FIT):
    """Return a Pillow image made square, (size, size), as `load_image` does."""
    method = Image.Resampling.BILINEAR  # in Pillow this one is antialiased
    if fit == "crop":
        return ImageOps.fit(image, (size, size), method)
    if fit == "pad":
        scale = size / max(image.size)
        image = image.resize([max(1, round(side * scale)) for side in image.size], method)
        return ImageOps.pad(image, (size, size), color=GRAY)  # nothing left to resize
    return image.resize((size, size), method)


def open_image(path, size=None):
    """Return a file as an upright RGB Pillow image: unresized, or a large JPEG at least `size`
    pixels a side.

    Raises `ImageError`, naming the file and what is wrong, for anything that is no readable image.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise ImageError(f"{path} is a folder, not an image. Name one file in it.")
        with Image.open(path) as image:
            if image.width * image.height > MAXIMUM_PIXELS:
                raise ImageError(
                    f"{path} is {image.width} x {image.height} pixels large, more than {MAXIMUM_PIXELS:,} in all. "
                    "Make it smaller first."
                )
            return decode_image(image, size)
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


def decode_image(image, size=None):
    """Return what `Image.open` returned, read, upright and in RGB: unresized, or a large JPEG at
    least `size` pixels a side. Raises what Pillow raises for damaged files.
    """
    if size is not None:
        image.draft("RGB", (size, size))
    image.load()  # some formats keep the orientation behind the pixels
    turn = UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation))
    return to_rgb(image if turn is None else image.transpose(turn))


def describe_damage(path, error):
    """Return what is wrong with a file that Pillow cannot read, and the remedy."""
    try:
        with open(path, "rb") as file:
            start = file.read(256)
    except (OSError, ValueError):  # not even a possible name
        return f"{error}. Check the name and the folder."
    return describe_content(start, error) or f"{error}. Open it in an image viewer and save it as JPEG."


def describe_content(start, error):
    """Return what a file is that begins with the bytes `start` and that Pillow could not read, and
    the remedy; "" where that is not known.
    """
    if not start:
        return "the file is empty. Download or copy it again."
    if start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        return "it holds a web page, not a picture. Download the picture itself."
    if start[4:8] == b"ftyp":
        return "it is in a format of phones (HEIC) or a video. Export it as JPEG."
    if isinstance(error, UnidentifiedImageError):
        return "it is in no format of pictures that is known here. Open it in an image viewer and save it as JPEG."
    if "truncated" in str(error).lower() or "unexpected end" in str(error).lower():
        return "it is cut off before its end. Download or copy it again."
    return ""


def to_rgb(image):
    """Return any Pillow image in mode RGB: gray, palette, CMYK, 16-bit and transparent ones
    included.
    """
    if image.mode in ("I;16", "I;16L", "I;16B", "I;16N", "I"):  # Pillow would clip 16 bits to 255 instead of scaling
        gray = np.asarray(image, dtype="float64") / 257
        image = Image.fromarray(np.clip(np.rint(gray), 0, 255).astype("uint8"))
    elif image.mode == "F":
        raise ValueError("its pixels are decimal numbers without a known range")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def uploaded_photo(upload, file=DATA / "my_photo"):
    """Return the path of the photo that a reader chose with an `ipywidgets.FileUpload`, or None
    where there is none.

    The photo is kept in `file`, which git ignores; its own name is not used. Works with ipywidgets
    8, and 7 as on Colab.
    """
    chosen = upload.value.values() if isinstance(upload.value, dict) else upload.value
    for photo in chosen:
        write_whole(file, bytes(photo["content"]))
        return file
    return None


def image_folder(split, size, batch_size=32, fit=DEFAULT_FIT, shuffle=False, seed=None, unreadable="stop"):
    """Return a `tf.data.Dataset` of batches (images, labels) of a split, every image read by
    `load_image`.

    Images: uint8, shape (batch, size, size, 3), values 0-255. Labels: int64, shape (batch,),
    positions in `class_names()`. The order is that of `list_images`, or with `shuffle=True` a new
    one in every epoch, the same for the same `seed`. Files are read when their turn comes, in
    parallel and ahead of their use. `unreadable` says what to do with a file that is no image:
    "stop" raises `tf.errors.InvalidArgumentError`, naming the file, when its turn comes; "report"
    tries all files before anything else, and leaves those out that it names in one warning.
    """
    import tensorflow as tf

    if unreadable not in ("report", "stop"):
        raise ValueError(f"unreadable is {unreadable!r}; it must be 'report' or 'stop'")
    paths, labels = list_images(split)
    if unreadable == "report":
        paths, labels = leave_out_unreadable(paths, labels, split)

    def read(index):
        try:
            return load_image(paths[index], size, fit)
        except ImageError as error:
            raise ValueError(str(error)) from None  # the kind of error that TensorFlow passes on

    def load(index, label):
        image = tf.numpy_function(read, [index], tf.uint8, stateful=False)
        return tf.ensure_shape(image, (size, size, 3)), label

    examples = tf.data.Dataset.from_tensor_slices((np.arange(len(paths)), labels))
    if shuffle:
        examples = examples.shuffle(len(paths), seed=seed, reshuffle_each_iteration=True)
    examples = examples.map(load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return examples.batch(batch_size).prefetch(tf.data.AUTOTUNE)


def leave_out_unreadable(paths, labels, split):
    """Return `paths` and `labels` without the files that are no readable images; name these in one
    warning.
    """

    def is_readable(path):
        try:
            return bool(open_image(path, size=1))  # a JPEG at an eighth of its size: fast
        except ImageError:
            return False

    with ThreadPoolExecutor() as pool:
        readable = np.array(list(pool.map(is_readable, paths)))
    if readable.all():
        return paths, labels
    good, bad = ([paths[index] for index in np.flatnonzero(choice)] for choice in (readable, ~readable))
    names = ", ".join(f"{path.parent.name}/{path.name}" for path in bad)
    if not good:
        raise DataError(f"{split}: expected pictures; found {len(bad)} unreadable files: {names}")
    warnings.warn(f"{len(bad)} unreadable files left out of {split}: {names}", stacklevel=3)
    return good, labels[readable]


def load_split(split, size, fit=DEFAULT_FIT):
    """Return a whole split in memory: (images, labels), uint8 of shape (n, size, size, 3) and int64
    of shape (n,).

    3,000 images of 150 x 150 pixels take 200 MB. Raises `ImageError` at the first file that is no
    image.
    """
    paths, labels = list_images(split)
    with ThreadPoolExecutor() as pool:  # Pillow decodes outside Python's lock
        images = list(pool.map(lambda path: load_image(path, size, fit), paths))
    return np.stack(images), labels
