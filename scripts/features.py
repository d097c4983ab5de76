"""The features of every picture, computed once and kept: a frozen network gives the same ones every
time.
"""

import ast
import hashlib
import inspect
import json
import textwrap
import zipfile
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import PIL
from keras.applications.xception import preprocess_input

from scripts import datasets, files
from scripts.course import CACHE, CourseError
from scripts.datasets import DEFAULT_FIT, data_folder, list_images, load_image
from scripts.progress import progress

BATCHES_AHEAD = 3  # read from disk while the network works on the one before
LOADER = (datasets.load_image, datasets.resize_image, datasets.open_image, datasets.to_rgb)  # what decides the pixels


class Features(NamedTuple):
    """What a network makes of a split: floats (n, …), int64 labels (n,), and the file names, in
    `list_images` order.
    """

    features: np.ndarray
    labels: np.ndarray
    names: list


def features(model, split, size, fit=DEFAULT_FIT, batch_size=32, dtype="float32", folder=None, data=None):
    """Return the `Features` of a split: `model`'s output for each picture, from the cache where
    they are there already.

    `model`: a frozen `keras.Model` that takes images of shape (n, size, size, 3) with values -1 to
    1, as Xception does. Pictures are read by `load_image(path, size, fit)` and scaled by Xception's
    `preprocess_input`. `dtype` is what is stored and returned, "float32" or "float16". `data` is
    the folder of the pictures, by default the one that `COURSE_DATA` names; `folder` is where the
    cache lies, by default `data/cache/features`.

    The cache is keyed by all that changes the features (see `cache_key`); a file that is damaged or
    of another key is made anew, and of two processes that want the same one, the second waits for
    the first. Shows progress while the model runs. Raises `ImageError` at a file that is no image,
    and `CourseError` for a model whose code cannot be read.
    """
    data = data_folder() if data is None else Path(data)
    paths, labels = list_images(split, data)
    names = [path.relative_to(data).as_posix() for path in paths]
    key = cache_key(model, paths, names, {"size": size, "fit": fit, "dtype": dtype})
    folder = CACHE / "features" if folder is None else Path(folder)
    file = folder / f"{split}-{size}-{fit}-{key[:24]}.npz"
    kept = read_cache(file, key, len(paths))
    if kept is None:
        with files.lock(file.with_suffix(".lock")):
            kept = read_cache(file, key, len(paths))  # another process may have made it meanwhile
            if kept is None:
                kept = run(model, paths, size, fit, batch_size, split).astype(dtype)
                write_cache(file, key, kept, labels, names)
    return Features(kept, labels, names)


def run(model, paths, size, fit, batch_size, title):
    """Return the model's output for every picture, floats (n, …), reading pictures in threads while
    the model works.
    """

    def read(batch):
        return preprocess_input(np.stack([load_image(path, size, fit) for path in batch]).astype("float32"))

    batches = [paths[start : start + batch_size] for start in range(0, len(paths), batch_size)]
    outputs, ahead = [], deque()
    with ThreadPoolExecutor(2) as pool, progress(len(paths), title, "images") as update:
        for position in range(len(batches) + BATCHES_AHEAD):
            if position < len(batches):
                ahead.append(pool.submit(read, batches[position]))
            if position >= BATCHES_AHEAD:
                outputs.append(keras.ops.convert_to_numpy(model.predict_on_batch(ahead.popleft().result())))
                update(len(outputs[-1]))
    return np.concatenate(outputs)


def cache_key(model, paths, names, settings):
    """Return a SHA-256 over all that changes the features, in hexadecimal digits.

    That is: the model's layers with their settings, connections and, where they are not Keras' own,
    their code; its variables, the state of random layers among them; the loader's code; what the
    scaling does to each level; the bytes and names of the pictures; the settings; the versions of
    Keras and Pillow.
    """
    sha = hashlib.sha256()
    how = {
        "layers": describe_layers(model),
        "code of layers": sorted({code_of(kind) for kind in own_layers(model)}),
        "output": str(model.output_shape),
        "loader": [code_of(function) for function in LOADER],
        "constants": [str(datasets.GRAY), str(datasets.UPRIGHT)],
        "scaling": preprocess_input(np.arange(256, dtype="float32").reshape(256, 1, 1, 1)).ravel().tolist(),
    }
    versions = {"keras": keras.__version__, "backend": keras.backend.backend(), "pillow": PIL.__version__}
    sha.update(json.dumps([settings, how, versions, names], sort_keys=True).encode())
    measuring = {id(variable) for variable in model.metrics_variables}
    for variable in model.variables:
        if id(variable) not in measuring:
            sha.update(np.ascontiguousarray(keras.ops.convert_to_numpy(variable)))
    for path in paths:
        sha.update(files.digest(path).encode())
    return sha.hexdigest()


def own_layers(model):
    """Return the classes of the layers in `model`, nested ones too, that do not come with Keras."""
    found, waiting = set(), [model]
    while waiting:
        layer = waiting.pop()
        waiting += getattr(layer, "layers", [])
        if not type(layer).__module__.startswith("keras."):
            found.add(type(layer))
    return found


def code_of(thing):
    """Return the code of a function or class without its comments and docstrings, which change
    nothing.

    Raises `CourseError` where the code cannot be read: then nobody could tell when it changes.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(thing)))
    except (OSError, TypeError, SyntaxError):
        raise CourseError(
            f"The code of {thing.__name__} cannot be read, so its features cannot be kept. Define it in a file or in a cell."
        ) from None
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            body[0].value = ast.Constant(None)
    return ast.dump(tree)


def describe_layers(model):
    """Return the layers of a model, their settings and connections.

    Names become numbers, for Keras names layers anew each time.
    """
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
    """Return the stored features, or None where the file is not there, is damaged, or was made for
    another key.
    """
    try:
        with np.load(file) as stored:  # every array carries a checksum that is verified on reading
            kept = stored["features"]
            return kept if str(stored["key"]) == key and len(kept) == n else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def write_cache(file, key, kept, labels, names):
    """Write a file of the cache, whole or not at all."""
    try:
        with files.written_whole(file) as part, part.open("wb") as stream:
            np.savez(stream, key=key, features=kept, labels=labels, names=np.array(names))
    except PermissionError:  # Windows, while another run reads the file: that one is as good
        pass
