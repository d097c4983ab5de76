"""The features of every picture, computed once and kept: a frozen network gives the same ones every
time.
"""

import builtins
import hashlib
import inspect
import json
import platform
import sys
import sysconfig
import types
import zipfile
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import PIL
from keras.applications.xception import preprocess_input

from scripts import files
from scripts.course import CACHE
from scripts.datasets import DEFAULT_FIT, data_folder, list_images, load_image
from scripts.progress import progress

BATCHES_AHEAD = 3  # read from disk while the network works on the one before
LIBRARIES = ("site-packages", "dist-packages")  # folders of installed packages
CONSTANTS = (str, bytes, int, float, complex, tuple, list, dict, set, frozenset, np.ndarray, np.generic, type(None))


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
    the first. Shows progress while the model runs. Raises `ImageError` at a file that is no image.
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
    Keras, Pillow and Python. What a layer's code reads from elsewhere (a file, another model) it
    does not see.
    """
    sha = hashlib.sha256()
    how = {
        "layers": describe_layers(model),
        "code of layers": code_behind(parts_of(model)),
        "code of loader": code_behind([load_image]),
        "scaling": preprocess_input(np.arange(256, dtype="float32").reshape(256, 1, 1, 1)).ravel().tolist(),
    }
    versions = [keras.__version__, keras.backend.backend(), PIL.__version__, *platform.python_version_tuple()[:2]]
    sha.update(json.dumps([settings, how, versions, names], sort_keys=True).encode())
    measuring = {id(variable) for variable in model.metrics_variables}
    for variable in model.variables:
        if id(variable) not in measuring:
            sha.update(np.ascontiguousarray(keras.ops.convert_to_numpy(variable)))
    for path in paths:
        sha.update(files.digest(path).encode())
    return sha.hexdigest()


def parts_of(model):
    """Return the classes of a model's layers, of nested ones too, and the functions they hold."""
    found = []
    for layer in model._flatten_layers():  # the only way into a layer inside of a layer
        for part in (layer, *getattr(layer, "operations", [])):
            found += [type(part), *(value for value in vars(part).values() if inspect.isroutine(value))]
    return found


def code_behind(things):
    """Return what functions and classes do, as sorted texts: their bytecode, and that of all they
    name, with the constants; comments, docstrings and places do not count.

    Followed are base classes, methods, defaults, closures, and the functions, classes and constants
    of the course and its reader; libraries are not, for their versions stand for them.
    """
    found, seen, waiting = set(), [], [("", thing) for thing in things]
    while waiting:
        name, thing = waiting.pop()
        if isinstance(thing, CONSTANTS):
            found.add(f"{name} = {constant(thing)}")
            continue
        if isinstance(thing, property):
            waiting += [(name, one) for one in (thing.fget, thing.fset) if one]
            continue
        if not isinstance(thing, types.ModuleType) and hasattr(thing, "__wrapped__"):
            thing = inspect.unwrap(thing)
        thing = getattr(thing, "__func__", thing)  # a method, bound or of the class
        if any(thing is one for one in seen) or not is_own(thing):
            continue
        seen.append(thing)
        if isinstance(thing, type):
            waiting += [("", base) for base in thing.__bases__]
            waiting += [
                (f"{thing.__name__}.{name}", value)
                for name, value in vars(thing).items()
                if inspect.isroutine(value) or not (name.startswith("__") and name.endswith("__"))
            ]
        elif isinstance(thing, types.FunctionType):
            code = thing.__code__
            found.add(f"{thing.__name__}: {describe_code(code, thing.__doc__)}")
            held = inspect.getclosurevars(thing).nonlocals
            given = [*enumerate(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).items(), *held.items()]
            waiting += [(f"{thing.__name__} {name}", value) for name, value in given]
            known, names = thing.__globals__, names_in(code)
            for place in (known, *(vars(known[name]) for name in names if is_own_module(known.get(name)))):
                waiting += [(name, place[name]) for name in names if name in place]
    return sorted(found)


def is_own_module(module):
    """Return whether this is a module of the course or its reader: not Python's, not installed."""
    if not isinstance(module, types.ModuleType):
        return False
    file = getattr(module, "__file__", None)
    if file is None:
        return module.__name__ == "__main__"  # that of a notebook
    return not file.startswith(sysconfig.get_path("stdlib")) and not set(LIBRARIES) & set(Path(file).parts)


def is_own(thing):
    """Return whether this is a function or class of the course or its reader."""
    if not isinstance(thing, (type, types.FunctionType)):
        return False
    if thing.__module__ in ("builtins", None):  # also what `exec` makes
        return getattr(builtins, thing.__name__, None) is not thing
    return is_own_module(sys.modules.get(thing.__module__))


def names_in(code):
    """Return the names that a code object and the functions inside of it look up."""
    inside = (names_in(value) for value in code.co_consts if isinstance(value, types.CodeType))
    return {name for name in code.co_names if not name.startswith("__")}.union(*inside)


def describe_code(code, doc=None):
    """Return what a code object does, as a text: the same for the same code in another place."""
    values = [None if doc is not None and value == doc else value for value in code.co_consts]
    values = [describe_code(one) if isinstance(one, types.CodeType) else constant(one) for one in values]
    return repr([code.co_code.hex(), code.co_names, code.co_varnames, code.co_freevars, values])


def constant(value):
    """Return a constant as a text, the same in each process; of what is none, its type alone."""
    if isinstance(value, np.ndarray):
        return repr([value.shape, str(value.dtype), hashlib.sha256(np.ascontiguousarray(value)).hexdigest()])
    if isinstance(value, (set, frozenset)):
        return repr(sorted(map(constant, value)))
    if isinstance(value, dict):
        return repr([(constant(key), constant(one)) for key, one in value.items()])
    if isinstance(value, (tuple, list)):
        return repr([constant(one) for one in value])
    return repr(value) if isinstance(value, CONSTANTS) or value is ... else type(value).__name__


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
            if value.get("class_name") == "__lambda__":  # names the process; see `code_behind`
                return "function"
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
        # Every array carries a checksum that is verified on reading.
        with open(file, "rb") as stream, np.load(stream) as stored:
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
