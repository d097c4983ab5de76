"""A drop-in for `keras.applications.xception`, so that every lesson runs without network too.

`Xception`, `preprocess_input` and `decode_predictions` have the signatures of Keras' own: change
the import to `from keras.applications.xception import Xception, preprocess_input,
decode_predictions` and you have the same program. What differs is one thing: where Keras would
download the ImageNet weights, this module takes the weights that `COURSE_WEIGHTS` names, and says
so: Xception with its ImageNet weights, Xception with the weights of a file, or the stand-in.
"""

import json
import warnings
from functools import cache

import keras
import numpy as np
from keras.applications import xception

from scripts.course import DATA, CourseError, imagenet_weights, is_whole, weights_source
from scripts.files import digest
from scripts.standin.network import SMALLEST_SIZE, build_standin

STANDIN_WEIGHTS = DATA / "standin.weights.h5"
STANDIN_DIGEST = DATA / "standin.sha256"  # written with the weights by scripts.distill
STANDIN_CLASSES = ("dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt", "t-shirt")
STANDIN_SIZE = 150  # pixels a side; what it was trained at
IMAGENET_SIZE = 299  # pixels a side; the input of a model with top

preprocess_input = xception.preprocess_input


class WeightsError(CourseError):
    """Weights are missing or damaged. The message names the file and the remedy."""


def Xception(  # noqa: N802 - Keras' name
    include_top=True,
    weights="imagenet",
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
    name="xception",
):
    """Return Xception or its stand-in, a `keras.Model`, as `COURSE_WEIGHTS` says; the arguments are
    those of Keras' Xception.

    Input: float images of shape (n, height, width, 3), values -1 to 1 (see `preprocess_input`).
    Output with top: probabilities, (n, 1000) for ImageNet's classes, or (n, 10) for the stand-in's
    ten clothing classes. Without top: the last feature map, (n, about height / 32, about width /
    32, 2048 or 704), or with `pooling` one row for each image.

    `weights` other than "imagenet" (None or a file) goes to Keras' own Xception unchanged. Raises
    `WeightsError` where weights are missing or damaged, and `ValueError` for the arguments that
    Keras refuses.
    """
    options = {
        "include_top": include_top,
        "input_tensor": input_tensor,
        "input_shape": input_shape,
        "pooling": pooling,
        "classes": classes,
        "classifier_activation": classifier_activation,
        "name": name,
    }
    source = weights_source()
    if weights != "imagenet":
        return xception.Xception(weights=weights, **options)
    if include_top and classes != 1000:
        raise ValueError(
            "With pretrained weights and `include_top=True`, leave `classes` alone: the top is trained already."
        )
    if source.kind == "imagenet":
        return load_imagenet(include_top, options)
    if source.kind == "path":
        if not include_top or _has_top(source.path):
            return load_file(source.path, options)
        print(f"{source.path.name} has no top, so this is the stand-in with its own ten clothing classes.")
    return _load_standin(**options)


def load_imagenet(include_top, options):
    """Return Keras' own Xception with its ImageNet weights, which Keras fetches where they are not
    in its cache.
    """
    try:
        return xception.Xception(weights="imagenet", **options)
    except ValueError as error:
        if "corrupted" not in str(error):  # Keras refuses an argument
            raise
        reason = error
    except Exception as error:  # a bare Exception is what Keras raises when a download fails
        reason = error
    file = imagenet_weights(include_top)
    state = "damaged" if file.exists() and not is_whole(file) else "not on this machine"
    raise WeightsError(
        f"The ImageNet weights of Xception ({file.name}) are {state} and could not be fetched. `make data` fetches them; "
        f"COURSE_WEIGHTS=standin does without. ({_first_line(reason)})"
    )


def _first_line(error):
    return str(error).strip().partition("\n")[0]


def load_file(path, options):
    import h5py

    try:
        h5py.File(path).close()  # a damaged file is refused before the network is built
        with warnings.catch_warnings():  # dozens for a file of another network, before the error
            warnings.simplefilter("ignore", UserWarning)
            return xception.Xception(weights=str(path), **options)
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be read as a weights file: it is damaged. Copy it again. ({error})"
        ) from None
    except ValueError as error:
        if "input" in str(error).lower():
            raise
        raise WeightsError(f"{path} does not hold weights of Xception: {error}") from None


def _has_top(path):
    """Say whether a weights file of Xception holds the layer of 1,000 classes."""
    import h5py

    try:
        with h5py.File(path) as file:
            names = list(file.keys()) + list(file["layers"].keys() if "layers" in file else ())
            return any("predictions" in name or name == "dense" for name in names)
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be read as a weights file: it is damaged. Copy it again. ({error})"
        ) from None


def _load_standin(include_top, input_tensor, input_shape, pooling, classes, classifier_activation, name):
    """Return the stand-in with its trained weights. Arguments and errors as for `Xception`."""
    del classes  # always the ten of STANDIN_CLASSES
    if include_top:
        expected = (IMAGENET_SIZE, IMAGENET_SIZE, 3)
        if input_shape not in (None, expected):
            raise ValueError(f"With the top, `input_shape` should be {expected}. Received: input_shape={input_shape}")
        input_shape = expected
    elif input_shape is not None:
        if len(input_shape) != 3 or input_shape[2] != 3:
            raise ValueError(f"`input_shape` must be (height, width, 3). Received: input_shape={input_shape}")
        if any(side is not None and side < SMALLEST_SIZE for side in input_shape[:2]):
            raise ValueError(
                f"Input size must be at least {SMALLEST_SIZE}x{SMALLEST_SIZE}; Received: input_shape={input_shape}"
            )
    if input_tensor is None:
        input_tensor = keras.Input(input_shape or (None, None, 3))
    model = build_standin(
        include_top=True,
        image=input_tensor,
        classes=len(STANDIN_CLASSES),
        activation=classifier_activation,
        name=name,
        size=STANDIN_SIZE if include_top else None,  # its top was trained on what it sees at that size
    )
    _check_standin()
    model.load_weights(STANDIN_WEIGHTS)
    if include_top:
        return model
    features = model.get_layer("block10_sepconv2_act").output
    if pooling == "avg":
        features = model.get_layer("avg_pool").output
    elif pooling == "max":
        features = keras.layers.GlobalMaxPooling2D(name="max_pool")(features)
    return keras.Model(model.input, features, name=name)


def _check_standin():
    """Raise `WeightsError` unless the stand-in's weights are on disk as they were published."""
    for file in (STANDIN_WEIGHTS, STANDIN_DIGEST):
        if not file.exists():
            raise WeightsError(f"{file} is missing. `git checkout data/{file.name}` brings it back.")
    if digest(STANDIN_WEIGHTS) != STANDIN_DIGEST.read_text().split()[0]:
        raise WeightsError(
            f"{STANDIN_WEIGHTS} is damaged: its SHA-256 is not the published one. "
            f"`git checkout data/{STANDIN_WEIGHTS.name}` brings it back."
        )


@cache
def imagenet_classes():
    """Return ImageNet's class index, a dictionary from "0" ... "999" to [id, name]."""
    file = imagenet_weights(include_top=True).with_name("imagenet_class_index.json")
    if not file.exists():
        raise WeightsError(
            f"The names of ImageNet's classes are not on this machine ({file.name}). `make data` fetches them."
        )
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WeightsError(f"{file} is damaged ({_first_line(error)}). `make data` fetches it anew.") from None


def decode_predictions(preds, top=5):
    """Return the `top` classes of each row of probabilities as (id, name, probability), the most
    likely first.

    `preds`: float array of shape (n, 1000), or (n, 10) from the stand-in. Raises `ValueError` for
    other shapes, and `WeightsError` where the names of ImageNet's classes are not on this machine.
    """
    preds = keras.ops.convert_to_numpy(preds)
    if preds.ndim != 2 or preds.shape[1] not in (1000, len(STANDIN_CLASSES)):
        raise ValueError(f"decode_predictions expects an array of shape (n, 1000). Received shape {preds.shape}")
    if preds.shape[1] == 1000:
        names = [tuple(imagenet_classes()[str(number)]) for number in range(1000)]
    else:
        names = [(f"c{number:08}", name) for number, name in enumerate(STANDIN_CLASSES)]
    best = np.argsort(-preds, axis=1, kind="stable")[:, :top]
    return [[(*names[index], row[index]) for index in order] for row, order in zip(preds, best, strict=True)]
