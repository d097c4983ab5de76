"""Each format: how a Keras model becomes a file of it, and how far its answers may be off.

A model here takes float32 pixels (n, size, size, 3) in 0-255 under the name "image", and returns
probabilities (n, classes).
"""

import contextlib
import logging
import re
import warnings
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

from scripts.course import quiet_stderr

OPSET = 17  # of ONNX; onnxruntime, also in the browser, has known it since 2022


class Format(NamedTuple):
    """A format: its file, the largest allowed difference of a probability, the share of pictures
    that must keep their class, and `write(folder, model, calibration)`.
    """

    file: str
    tolerance: float
    agreement: float
    write: Callable


@contextlib.contextmanager
def quiet():
    """Hold back what the converters say: their notes, and warnings about their own code."""
    levels = {name: logging.getLogger(name).level for name in (None, "tf2onnx", "absl", "tensorflow")}
    with quiet_stderr(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for name in levels:
                logging.getLogger(name).setLevel(logging.CRITICAL)
            yield
        finally:
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)


def write_keras(folder, model, calibration):
    model.save(folder / FORMATS["keras"].file)


def write_saved_model(folder, model, calibration):
    model.export(folder / FORMATS["saved_model"].file, verbose=False)


def litert_converter(folder, model, name="one"):
    """Return the converter of a model that takes one picture at a time: so it is faster on phones
    than any number. Its SavedModel is kept in the work folder under a name.
    """
    import tensorflow as tf

    saved = folder / "work" / name
    if not saved.exists():
        one = keras.InputSpec(shape=(1, *model.input_shape[1:]), dtype="float32", name="image")
        model.export(saved, verbose=False, input_signature=[one])
    return tf.lite.TFLiteConverter.from_saved_model(str(saved))


def write_litert(folder, model, calibration):
    (folder / FORMATS["litert"].file).write_bytes(litert_converter(folder, model).convert())


def write_litert_float16(folder, model, calibration):
    import tensorflow as tf

    converter = litert_converter(folder, model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    (folder / FORMATS["litert-float16"].file).write_bytes(converter.convert())


def write_litert_int8(folder, model, calibration):
    import tensorflow as tf

    with without_idle_features(model, calibration) as changed:
        converter = litert_converter(folder, model, "one-int8" if changed else "one")
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([picture[None].astype("float32")] for picture in calibration)
        (folder / FORMATS["litert-int8"].file).write_bytes(converter.convert())


@contextlib.contextmanager
def without_idle_features(model, calibration):
    """Within the block, the last `Dense` does without the features that no picture moves but whose
    weights are huge; yield whether there are any.

    A head that was folded divides each weight by its feature's deviation, which is next to nothing
    for a feature that fires once in a thousand photos. In 8 bits all weights share 127 steps, up to
    the largest: two such features of 2,048 took a head on Xception from 0.85 to 0.43 right. What
    they give on average goes into the bias, so the answers stay the same.
    """
    owner, dense = last_dense(model)
    if dense is None:
        yield False
        return
    features = keras.Model(owner.inputs, dense.input).predict(calibration, batch_size=32, verbose=0)
    kernel, bias = dense.get_weights()
    largest, deviation = np.abs(kernel).max(axis=1), features.std(axis=0)
    idle = (largest > 20 * np.median(largest)) & (deviation < 0.01 * np.median(deviation))
    if not idle.any():
        yield False
        return
    dense.set_weights([np.where(idle[:, None], 0, kernel), bias + features.mean(axis=0)[idle] @ kernel[idle]])
    try:
        yield True
    finally:
        dense.set_weights([kernel, bias])


def last_dense(model):
    """Return the last `Dense` layer that takes a row of features, and the model that it stands in;
    (None, None) where the model's answers come from another kind of layer.
    """
    for layer in reversed(model.layers):
        if hasattr(layer, "layers"):
            return last_dense(layer)
        if isinstance(layer, keras.layers.Dense) and layer.use_bias and len(layer.input.shape) == 2:
            return model, layer
        if not isinstance(layer, keras.layers.Softmax | keras.layers.Activation):
            break
    return None, None


def onnx_model(folder, model, name="model"):
    """Return the path of the model as an .onnx file, kept in the work folder under a name.

    By way of a frozen graph: `model.export(format="onnx")` turns the mean and the deviation of a
    `Normalization` into inputs, and says nothing. Tensors get names that a reader can guess.
    """
    import onnx
    import tensorflow as tf
    import tf2onnx

    file = folder / "work" / f"{name}.onnx"
    if file.exists():
        return file
    image = tf.TensorSpec((None, *model.input_shape[1:]), "float32", name="image")
    traced = tf.function(model).get_concrete_function(image)
    inputs, outputs = [traced.inputs[0].name], [traced.outputs[0].name]
    graph = tf2onnx.tf_loader.from_function(traced, inputs, outputs)
    made, _ = tf2onnx.convert.from_graph_def(graph, input_names=inputs, output_names=outputs, opset=OPSET)
    names = dict(zip([*inputs, *outputs], ["image", "probabilities"], strict=True))
    for value in (*made.graph.input, *made.graph.output):
        value.name = names[value.name]
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    for node in made.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    onnx.save(made, file)
    return file


def write_onnx(folder, model, calibration):
    (folder / FORMATS["onnx"].file).write_bytes(onnx_model(folder, model).read_bytes())


def write_onnx_int8(folder, model, calibration):
    from onnxruntime import quantization

    class Pictures(quantization.CalibrationDataReader):
        def __init__(self):
            self.left = iter(calibration)

        def get_next(self):
            picture = next(self.left, None)
            return None if picture is None else {"image": picture[None].astype("float32")}

    with without_idle_features(model, calibration) as changed:
        made = onnx_model(folder, model, "int8" if changed else "model")
    # Weights in 7 bits: with 8, processors that lack the VNNI instructions can overflow.
    quantization.quantize_static(
        made, folder / FORMATS["onnx-int8"].file, Pictures(), per_channel=True, reduce_range=True
    )


FORMATS = {
    "keras": Format("model.keras", 1e-4, 1.0, write_keras),
    "saved_model": Format("saved_model", 1e-4, 1.0, write_saved_model),
    "litert": Format("model.tflite", 1e-4, 1.0, write_litert),
    "litert-float16": Format("model-float16.tflite", 0.03, 0.98, write_litert_float16),
    "litert-int8": Format("model-int8.tflite", 0.4, 0.95, write_litert_int8),
    "onnx": Format("model.onnx", 1e-4, 1.0, write_onnx),
    "onnx-int8": Format("model-int8.onnx", 0.4, 0.95, write_onnx_int8),
}


def all_layers(model):
    """Return all layers of a model, those inside of its models too."""
    layers = []
    for layer in model.layers:
        layers += all_layers(layer) if hasattr(layer, "layers") else [layer]
    return layers


def blame(model, text):
    """Return which layer of a model, and which operation, an error message is about, as words; ""
    where it names none.

    The name of each operation begins with those of the layers that it belongs to.
    """
    found = ""
    layers = {layer.name: type(layer).__name__ for layer in all_layers(model)}
    for part in re.findall(r"(?<=/)[\w.-]+(?=/)", text):
        name = part if part in layers else re.sub(r"_\d+$", "", part)
        if name in layers:
            found = f"the layer {name!r} ({layers[name]})"
            break
    operations = re.findall(r"'tf\.(\w+)' op|\bIn Node, \(\"[^\"]*\", (\w+)", text)
    names = sorted({first or second for first, second in operations})
    return f"{found}, operation {' and '.join(names)}" if found and names else found or ", ".join(names)


def difference(answers, wanted):
    """Return the largest difference of a probability, infinite where one is no number."""
    off = np.abs(np.asarray(answers, dtype="float64") - wanted).max()
    return float(off) if np.isfinite(off) else float("inf")
