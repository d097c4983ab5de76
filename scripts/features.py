"""The features of every picture, computed once and kept: a frozen network gives the same ones every time."""

import hashlib
import json
import os
import tempfile
import zipfile
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import PIL
from keras.applications.xception import preprocess_input
from tqdm import tqdm

from scripts.course import CACHE
from scripts.datasets import DEFAULT_FIT, data_folder, list_images, load_image

BATCHES_AHEAD = 3  # read from disk while the network works on the one before


class Features(NamedTuple):
    """What a network makes of a split: float array (n, …), int64 labels (n,), and the file names, in `list_images` order."""

    features: np.ndarray
    labels: np.ndarray
    names: list


def features(model, split, size, fit=DEFAULT_FIT, batch_size=32, dtype="float32", folder=None):
    """Return the `Features` of a split: `model`'s output for each picture, from the cache where they are there already.

    `model`: a frozen `keras.Model` that takes images of shape (n, size, size, 3) with values -1 to 1, as Xception does. Pictures
    are read by `load_image(path, size, fit)` and scaled by Xception's `preprocess_input`. `dtype` is what is stored and returned,
    "float32" or "float16". `folder` is where the cache lies, by default `data/cache/features`. The cache is keyed by the weights
    and the layers of the model, the bytes of every picture, and all settings; a file that is damaged or of another key is made
    anew. Shows a progress bar while the model runs. Raises `ImageError` at a file that is no image.
    """
    paths, labels = list_images(split)
    names = [path.relative_to(data_folder()).as_posix() for path in paths]
    key = cache_key(model, paths, names, {"size": size, "fit": fit, "dtype": dtype})
    folder = CACHE / "features" if folder is None else Path(folder)
    file = folder / f"{split}-{size}-{fit}-{key[:24]}.npz"
    kept = read_cache(file, key, len(paths))
    if kept is None:
        kept = run(model, paths, size, fit, batch_size, split).astype(dtype)
        write_cache(file, key, kept, labels, names)
    return Features(kept, labels, names)


def run(model, paths, size, fit, batch_size, title):
    """Return the model's output for every picture, float array (n, …), reading pictures in threads while the model works."""

    def read(batch):
        return preprocess_input(np.stack([load_image(path, size, fit) for path in batch]).astype("float32"))

    batches = [paths[start : start + batch_size] for start in range(0, len(paths), batch_size)]
    outputs, ahead = [], deque()
    with ThreadPoolExecutor(2) as pool, tqdm(total=len(paths), desc=title, unit="image", mininterval=1) as bar:
        for position in range(len(batches) + BATCHES_AHEAD):
            if position < len(batches):
                ahead.append(pool.submit(read, batches[position]))
            if position >= BATCHES_AHEAD:
                outputs.append(keras.ops.convert_to_numpy(model.predict_on_batch(ahead.popleft().result())))
                bar.update(len(outputs[-1]))
    return np.concatenate(outputs)


def cache_key(model, paths, names, settings):
    """Return a SHA-256 over all that changes the features: weights, layers, pictures, names, settings, library versions."""
    sha = hashlib.sha256()
    how = {
        "layers": describe_layers(model),
        "output": str(model.output_shape),
        "scaling": "x / 127.5 - 1",
        "interpolation": "bilinear",
    }
    versions = {"keras": keras.__version__, "backend": keras.backend.backend(), "pillow": PIL.__version__}
    sha.update(json.dumps([settings, how, versions, names], sort_keys=True).encode())
    for weight in model.weights:
        sha.update(np.ascontiguousarray(keras.ops.convert_to_numpy(weight)))
    for path in paths:
        sha.update(hashlib.sha256(path.read_bytes()).digest())
    return sha.hexdigest()


def describe_layers(model):
    """Return the layers of a model, their settings and connections; names become numbers, for Keras names them anew each time."""
    numbers = {}

    def collect(value):
        for one in value.values() if isinstance(value, dict) else value:
            if isinstance(one, (dict, list, tuple)):
                collect(one)
        if isinstance(value, dict) and isinstance(value.get("name"), str):
            numbers.setdefault(value["name"], f"layer {len(numbers)}")

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(value[key]) for key in sorted(value)}
        if isinstance(value, (list, tuple)):
            return [plain(one) for one in value]
        return numbers.get(value, value) if isinstance(value, str) else str(value)

    description = keras.saving.serialize_keras_object(model)
    collect(description)
    return plain(description)


def read_cache(file, key, n):
    """Return the stored features, or None where the file is not there, is damaged, or was made for another key."""
    try:
        with np.load(file) as stored:  # every array carries a checksum that is verified on reading
            kept = stored["features"]
            return kept if str(stored["key"]) == key and len(kept) == n else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def write_cache(file, key, kept, labels, names):
    """Write a file whole or not at all, under a name of its own first, so that two runs at once do not harm each other."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=file.parent, prefix=f".{file.stem}-", suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as stream:
            np.savez(stream, key=key, features=kept, labels=labels, names=np.array(names))
        os.replace(partial, file)
    except BaseException as error:
        Path(partial).unlink(missing_ok=True)
        if not isinstance(error, PermissionError):  # Windows, while another run reads the file: that one is as good
            raise
