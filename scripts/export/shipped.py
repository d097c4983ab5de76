"""An exported folder, in use: the photo's bytes in, probabilities out, without TensorFlow."""

import io
import json
import queue
from pathlib import Path

import numpy as np
from PIL import Image

from scripts.course import CourseError
from scripts.datasets import decode_image, describe_content, resize_image
from scripts.export import classify

MOST_PIXELS = 50_000_000  # as many as the largest common phone camera has
RUNTIMES = ("onnx", "litert")  # those that need no TensorFlow
Image.init()  # else Pillow looks for its formats at the first photo
# Photos only: Pillow would hand PostScript, which is a program, to another program.
FORMATS = [name for name in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF") if name in Image.OPEN]


class FolderError(CourseError):
    """A folder cannot be used. The message says which, why, and the remedy."""


class PhotoError(CourseError):
    """Bytes are no readable photo. The message says what they are and what to do, and names no
    file.
    """


class TooLarge(PhotoError):
    """A photo has more pixels than are allowed. It was not decoded."""


def read_photo(content, size, fit, most_pixels=MOST_PIXELS):
    """Return a photo, given as the bytes of its file, as `datasets.load_image` does: uint8, (size,
    size, 3), values 0-255.

    Raises `TooLarge`, before anything is decoded, and `PhotoError`.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > most_pixels:
                raise TooLarge(
                    f"The photo is {image.width} x {image.height} pixels large, more than {most_pixels:,} in all. "
                    "Make it smaller first."
                )
            return np.asarray(resize_image(decode_image(image, size), size, fit))
    except PhotoError:
        raise
    except Image.DecompressionBombError:
        raise TooLarge("The photo is far too large. Make it smaller first.") from None
    except Exception as error:  # Pillow raises a dozen kinds for damaged files; their texts may hold addresses
        known = describe_content(content[:256], error)
        unknown = "it is damaged, or of a rare kind. Open it in an image viewer and save it as JPEG."
        raise PhotoError(f"The photo cannot be read: {known or unknown}") from None


class Shipped:
    """A classifier out of an exported folder, proven when it is loaded.

    `names`: of its classes, in the order of the probabilities. `format`: which of the folder's is
    used. `not_sure_below`: where the likeliest class has a smaller probability, the answer is "not
    sure"; None where the folder does not say.
    """

    def __init__(self, folder, name="", workers=1, most_pixels=MOST_PIXELS):
        """Load the format `name` of a folder, by default the first that needs no TensorFlow, for so
        many photos at the same time.

        Raises `FolderError` where a file's digest or a test vector does not hold.
        """
        folder = Path(folder)
        self.most_pixels = most_pixels
        try:
            self.facts = json.loads((folder / "export.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise FolderError(
                f"{folder} is no export: it has no readable export.json. `python -m scripts.export MODEL.keras {folder}` writes one."
            ) from None
        try:
            if bad := classify.damaged_files(self.facts, folder):
                raise FolderError(
                    f"{folder}: {bad[0]} is damaged or missing: its digest is not the recorded one. {AGAIN}"
                )
            self.names = json.loads((folder / "classes.json").read_text(encoding="utf-8"))
            self.size, self.fit = self.facts["size"], self.facts["fit"]
            self.not_sure_below = self.facts.get("not_sure_below")
            if self.not_sure_below is not None and not 0 <= self.not_sure_below <= 1:
                raise FolderError(f"{folder}: not_sure_below is {self.not_sure_below}; it must be from 0 to 1.")
            if not self.facts["vectors"]:
                raise FolderError(f"{folder} has no test vectors, so nothing proves it. {AGAIN}")
            self.format = choose(folder, self.facts["formats"], name)
            file = folder / self.facts["formats"][self.format]["file"]
            # onnxruntime answers many threads at a time; a LiteRT interpreter only one.
            loads = 1 if self.format.startswith("onnx") else workers
            models = [classify.load_model(self.format, file, 1) for _ in range(loads)]
            self.models = queue.SimpleQueue()
            for worker in range(workers):
                self.models.put(models[worker % loads])
            self.prove(folder)
        except FolderError:
            raise
        except Exception as error:  # keys that are not there, values of another kind, a model that does not load
            reason = str(error).partition("\n")[0][:200]
            raise FolderError(f"{folder} cannot be used: {type(error).__name__}: {reason}. {AGAIN}") from None

    def prove(self, folder):
        """Compare with the test vectors: photos, their pixels, their probabilities."""
        tolerance = self.facts["formats"][self.format]["tolerance"]
        for vector in self.facts["vectors"]:
            pixels = read_photo((folder / vector["photo"]).read_bytes(), self.size, self.fit)
            wanted = np.asarray(Image.open(folder / vector["pixels"]))
            levels = int(np.abs(pixels.astype(int) - wanted).max())
            off = float(np.abs(self.probabilities(wanted) - vector["probabilities"]).max())
            if levels > 1 or not off <= tolerance:
                what = f"its pixels are {levels} levels off" if levels > 1 else f"its probabilities are {off:.2g} off"
                raise FolderError(f"{folder}: the test vector {vector['photo']} does not hold: {what}. {AGAIN}")

    def probabilities(self, pixels):
        """Return the probability of each class, float32 (classes,), for the pixels of one photo."""
        model = self.models.get()
        try:
            return model(pixels[None].astype("float32"))[0]
        finally:
            self.models.put(model)

    def answer(self, content):
        """Return the answer for the bytes of a photo: a dictionary that can be written as JSON.

        Raises `PhotoError`. May be called in as many threads as there are workers; more wait.
        """
        row = self.probabilities(read_photo(content, self.size, self.fit, self.most_pixels))
        order = np.argsort(-row, kind="stable")
        limit = self.not_sure_below
        return {
            "classes": [{"name": self.names[index], "probability": round(float(row[index]), 7)} for index in order],
            "not_sure": None if limit is None else bool(row.max() < limit),
        }


AGAIN = "Export the model again."


def choose(folder, formats, name):
    """Return the format to use: `name`, or the first that needs no TensorFlow and is installed."""
    able = [one for one in sorted(formats, key=preference) if one.startswith(RUNTIMES)]
    if name and name not in able:
        raise FolderError(
            f"{folder} has no format {name!r} that runs without TensorFlow. It has: {', '.join(able) or 'none'}."
        )
    if not able:
        raise FolderError(
            f"{folder} has no format that runs without TensorFlow. Export the model as onnx or litert too."
        )
    for one in [name] if name else able:
        if not (package := classify.missing(one)):
            return one
    raise FolderError(f"The package {package} is not installed, which the format {one} needs.")


def preference(name):
    """Return what formats are sorted by: full precision first, ONNX before LiteRT."""
    runtime, _, precision = name.partition("-")
    return precision, RUNTIMES.index(runtime) if runtime in RUNTIMES else len(RUNTIMES)
