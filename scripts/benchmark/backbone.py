"""Images per second of Xception and of the stand-in, at 150 and 299 pixels, in float32 and
bfloat16.

The bare model on a ready batch; our feature pass, which reads the files too; the files alone. How
near the bare model comes to the machine's speed in a plain matrix product, and the memory peak.
Speed does not depend on the weights' values, so random ones are used.
"""

import multiprocessing
import os
import statistics
from time import perf_counter

from scripts.course import import_tensorflow
from scripts.resources import peak_memory

BATCH = 32
ROUNDS = 5


def backbone():
    """Return one dictionary for each network, size and number type, each measured in a fresh
    process, and an empty bill.
    """
    rows = []
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for size in (150, 299):
            for policy in ("float32", "mixed_bfloat16"):
                for network in ("Xception", "stand-in"):
                    rows.append(pool.apply(measure_backbone, (network, size, policy)))
                ratio = rows[-1]["model"] / rows[-2]["model"]
                rows[-1]["times Xception"] = ratio
    return rows, {}


def measure_backbone(network, size, policy):
    """Return images per second and memory of one network in this process, as a dictionary."""
    os.environ["COURSE_WEIGHTS"] = "standin"
    import_tensorflow()
    import keras
    import numpy as np

    from scripts.datasets import list_images, load_image
    from scripts.features import run
    from scripts.standin.network import build_standin

    keras.config.set_dtype_policy(policy)
    if network == "Xception":
        model = keras.applications.Xception(include_top=False, weights=None, pooling="avg", input_shape=(size, size, 3))
    else:
        model = build_standin(image=keras.Input((size, size, 3)), pooling="avg")
    batch = np.random.default_rng(0).uniform(-1, 1, (BATCH, size, size, 3)).astype("float32")
    paths = list_images("train")[0]
    paths = paths[:: max(1, len(paths) // (BATCH * (4 if network == "Xception" else 12)))]
    bare, whole, files = [], [], []
    model.predict_on_batch(batch)
    for _ in range(ROUNDS):  # in turn, so that a change of the machine's speed meets all alike
        repeats = len(paths) // BATCH
        start = perf_counter()
        for _ in range(repeats):
            model.predict_on_batch(batch)
        bare.append(repeats * BATCH / (perf_counter() - start))
        start = perf_counter()
        run(model, paths[: repeats * BATCH], size, "crop", BATCH, network)
        whole.append(repeats * BATCH / (perf_counter() - start))
        start = perf_counter()
        for path in paths[:BATCH]:
            load_image(path, size)
        files.append(BATCH / (perf_counter() - start))
    model_speed = statistics.median(bare)
    return {
        "network": network,
        "pixels": size,
        "numbers": policy.removeprefix("mixed_"),
        "model": model_speed,
        "feature pass": statistics.median(whole),
        "pass / model": statistics.median(one / other for one, other in zip(whole, bare, strict=True)),
        "files, one core": statistics.median(files),
        "of matrix product": model_speed * operations(model) / matrix_product(policy),
        "memory MB": peak_memory() / 2**20,
    }


def operations(model):
    """Return the floating-point operations of the model for one image: two for each multiplication
    of its convolutions.
    """
    count = 0
    for layer in model.layers:
        name = type(layer).__name__
        if name in ("Conv2D", "SeparableConv2D"):
            kernels = [weight.shape for weight in layer.weights]
            _, height, width, _ = layer.output.shape
            for rows, columns, channels, filters in kernels:
                count += 2 * rows * columns * channels * filters * height * width
    return count


def matrix_product(policy):
    """Return the floating-point operations per second that this machine reaches in a plain product
    of two matrices.
    """
    import tensorflow as tf

    matrix = tf.cast(tf.random.normal((2048, 2048)), policy.removeprefix("mixed_"))
    product = tf.function(lambda: tf.reduce_sum(tf.matmul(matrix, matrix)))
    product()
    speeds = []
    for _ in range(ROUNDS):
        start = perf_counter()
        product().numpy()
        speeds.append(2 * 2048**3 / (perf_counter() - start))
    return max(speeds)
