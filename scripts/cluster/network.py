"""The network of a job, loaded once in each worker."""

import importlib
import threading
from typing import Any, NamedTuple

import numpy as np

BATCH = 32  # always: the last bits of Xception's features differ where a photo is alone in its batch
LOADED = {}  # in this process: settings to network
LOADING = threading.Lock()


class Network(NamedTuple):
    """What a worker computes with. `run` makes floats (32, width) of images, uint8 (32, size, size,
    3); `key` is another text for everything that would change them.
    """

    run: Any
    width: int
    key: str


def loaded(settings):
    """Return the `Network` that the settings name, from this process' memory after the first time.

    Dask keeps what belongs to a worker on `get_worker()`; a module does the same without Dask.
    """
    with LOADING:
        if settings not in LOADED:
            module, _, function = settings.network.partition(":")
            found = getattr(importlib.import_module(module), function)(settings)
            found.run(np.zeros((BATCH, settings.size, settings.size, 3), "uint8"))  # the first batch is slow
            LOADED[settings] = found
        return LOADED[settings]


def xception(settings):
    """Return the course's pretrained Xception, or its stand-in, without top, as a `Network`; the
    same features as `scripts.features`.
    """
    from scripts.course import import_tensorflow, no_garbage

    with no_garbage():
        import_tensorflow()
        import keras

    from scripts.features import cache_key, preprocess_input
    from scripts.pretrained import Xception

    model = Xception(include_top=False, pooling="avg")
    working = threading.Lock()

    def run(images):
        with working:
            return keras.ops.convert_to_numpy(model.predict_on_batch(preprocess_input(images.astype("float32"))))

    key = cache_key(model, [], [], {"size": settings.size, "fit": settings.fit, "dtype": "float32"})
    return Network(run, model.output_shape[-1], key)
