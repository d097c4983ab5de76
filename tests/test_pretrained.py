"""The drop-in for Keras' Xception: same signatures, the weights that COURSE_WEIGHTS names, clear
errors.
"""

import gc
import hashlib
import inspect
import json
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import h5py
import keras
import numpy as np
import pytest

from scripts import course, pretrained
from scripts.pretrained import STANDIN_CLASSES, WeightsError, Xception, decode_predictions, preprocess_input


@pytest.fixture(scope="module")
def xception_file(tmp_path_factory):
    """A weights file of Xception without top, with random weights."""
    keras.utils.set_random_seed(1)
    file = tmp_path_factory.mktemp("weights") / "xception-notop.weights.h5"
    keras.applications.Xception(include_top=False, weights=None).save_weights(file)
    return file


@pytest.fixture(scope="module")
def with_top():
    """The stand-in with its top, as `Xception` gives it."""
    return Xception()


@pytest.mark.parametrize("name", ["Xception", "preprocess_input", "decode_predictions"])
def test_signatures_are_those_of_keras(name):
    ours = inspect.signature(getattr(pretrained, name))
    kerass = inspect.signature(getattr(keras.applications.xception, name))
    assert list(ours.parameters) == list(kerass.parameters)
    assert [one.default for one in ours.parameters.values()] == [one.default for one in kerass.parameters.values()]


def test_standin_with_top_gives_probabilities_of_the_ten_classes(with_top):
    model = with_top
    assert model.input_shape == (None, 299, 299, 3)
    images = np.random.default_rng(0).integers(0, 256, (2, 299, 299, 3)).astype("float32")
    probabilities = np.asarray(model(preprocess_input(images)))
    assert probabilities.shape == (2, 10)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-4)
    rows = decode_predictions(probabilities, top=3)
    assert [len(row) for row in rows] == [3, 3]
    assert rows[0][0][1] == STANDIN_CLASSES[int(probabilities[0].argmax())]
    assert rows[0][0][2] == probabilities[0].max()


@pytest.mark.parametrize("size", [96, 150, 299])
@pytest.mark.parametrize("pooling", [None, "avg", "max"])
def test_standin_without_top_takes_any_size_from_96(size, pooling):
    model = Xception(include_top=False, input_shape=(size, size, 3), pooling=pooling)
    output = np.asarray(model(np.zeros((1, size, size, 3), "float32")))  # `predict` compiles it first
    assert output.shape == ((1, 704) if pooling else (1, *model.output_shape[1:]))
    assert np.isfinite(output).all()


def test_standin_without_input_shape_takes_images_of_several_sizes():
    model = Xception(include_top=False, pooling="avg")
    for size in (100, 160):
        assert model(np.zeros((1, size, size, 3), "float32")).shape == (1, 704)


def test_standin_takes_an_input_tensor():
    inputs = keras.Input((120, 120, 3))
    model = Xception(include_top=False, input_tensor=inputs)
    assert model.input is inputs


def test_logits_are_to_be_had_without_softmax(with_top):
    image = np.random.default_rng(0).uniform(-1, 1, (1, 299, 299, 3)).astype("float32")
    logits = Xception(classifier_activation=None)(image)
    probabilities = with_top(image)
    assert np.allclose(keras.ops.softmax(logits), probabilities, atol=1e-5)


def test_standin_has_at_most_two_million_parameters_and_four_megabytes(with_top):
    assert with_top.count_params() <= 2_000_000
    assert pretrained.STANDIN_WEIGHTS.stat().st_size <= 4_000_000


@pytest.mark.parametrize(
    "arguments",
    [
        {"input_shape": (299, 229, 3)},
        {"input_shape": (150, 150, 3)},
        {"include_top": False, "input_shape": (64, 64, 3)},
        {"include_top": False, "input_shape": (150, 150)},
        {"include_top": False, "input_shape": (150, 150, 1)},
        {"classes": 10},
    ],
)
def test_standin_refuses_what_keras_refuses(arguments):
    with pytest.raises(ValueError):
        Xception(**arguments)


def test_a_file_without_top_gives_keras_own_xception(monkeypatch, xception_file):
    monkeypatch.setenv("COURSE_WEIGHTS", str(xception_file))
    model = Xception(include_top=False, pooling="avg", input_shape=(96, 96, 3))
    reference = keras.applications.Xception(include_top=False, weights=str(xception_file), pooling="avg")
    image = np.random.default_rng(0).uniform(-1, 1, (1, 96, 96, 3)).astype("float32")
    assert model.count_params() == 20_861_480
    assert np.allclose(model(image), reference(image), atol=1e-5)


def test_a_file_without_top_used_with_top_falls_back_to_the_standin_and_says_so(monkeypatch, xception_file, capsys):
    monkeypatch.setenv("COURSE_WEIGHTS", str(xception_file))
    assert Xception().output_shape == (None, 10)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert xception_file.name in lines[0] and "stand-in" in lines[0]


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"\x89HDF\r\n\x1a\n cut off"])
@pytest.mark.parametrize("include_top", [True, False])
def test_a_damaged_weights_file_is_refused_with_its_name(monkeypatch, tmp_path, content, include_top):
    file = tmp_path / "damaged.weights.h5"
    file.write_bytes(content)
    monkeypatch.setenv("COURSE_WEIGHTS", str(file))
    with pytest.raises(WeightsError, match="damaged.weights.h5"):
        Xception(include_top=include_top)


def test_weights_of_another_network_are_refused(monkeypatch, tmp_path):
    file = tmp_path / "other.weights.h5"
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save_weights(file)
    monkeypatch.setenv("COURSE_WEIGHTS", str(file))
    with pytest.raises(WeightsError, match="other.weights.h5"):
        Xception(include_top=False)


def test_weights_none_and_a_file_argument_go_to_keras(xception_file):
    assert Xception(include_top=False, weights=None).count_params() == 20_861_480
    assert Xception(include_top=False, weights=str(xception_file)).count_params() == 20_861_480


def test_damaged_standin_weights_are_refused_with_the_remedy(monkeypatch, tmp_path):
    damaged = bytearray(pretrained.STANDIN_WEIGHTS.read_bytes())
    damaged[-1000] ^= 255
    file = pretrained.STANDIN_WEIGHTS.with_name("standin.weights.h5")
    copy = tmp_path / file.name
    copy.write_bytes(damaged)
    monkeypatch.setattr(pretrained, "STANDIN_WEIGHTS", copy)
    with pytest.raises(WeightsError, match="git checkout") as caught:
        Xception(include_top=False)
    assert "standin.weights.h5" in str(caught.value)


def test_missing_standin_weights_are_named_with_the_remedy(monkeypatch, tmp_path):
    monkeypatch.setattr(pretrained, "STANDIN_WEIGHTS", tmp_path / "standin.weights.h5")
    with pytest.raises(WeightsError, match="git checkout"):
        Xception()


def test_published_digest_is_that_of_the_published_file():
    digest = hashlib.sha256(pretrained.STANDIN_WEIGHTS.read_bytes()).hexdigest()
    assert pretrained.STANDIN_DIGEST.read_text().split()[0] == digest
    assert digest in pretrained.STANDIN_WEIGHTS.with_name("standin.md").read_text()


@pytest.fixture
def server():
    """A server on loopback: `server.answer` is the status and the body that it gives for
    everything.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802 - the library's name
            status, body = self.server.answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


@pytest.mark.parametrize("include_top", [True, False])
@pytest.mark.parametrize("trouble", ["no server", "not found", "damaged", "cut off before"])
def test_imagenet_weights_that_cannot_be_had_give_one_clear_error(
    monkeypatch, tmp_path, server, trouble, include_top, capfd
):
    """Keras itself tries and fails here; it raises a bare Exception or a ValueError, whichever it
    likes.
    """
    monkeypatch.setenv("COURSE_WEIGHTS", "imagenet")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(keras.src.utils.file_utils.config, "keras_home", lambda: str(tmp_path))
    server.answer = (404, b"") if trouble == "not found" else (200, b"no weights")
    address = f"http://127.0.0.1:{server.server_port if trouble != 'no server' else 9}/weights.h5"
    for constant in ("WEIGHTS_PATH", "WEIGHTS_PATH_NO_TOP"):
        monkeypatch.setattr(keras.src.applications.xception, constant, address)
    if trouble == "cut off before":
        file = course.imagenet_weights(include_top)
        file.parent.mkdir(parents=True)
        file.write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(WeightsError, match="make data") as caught:
        Xception(include_top=include_top)
    assert "\n" not in str(caught.value) and course.imagenet_weights(include_top).name in str(caught.value)
    del caught
    with warnings.catch_warnings():  # the error 404 of urllib holds its socket: let it go here, not within another test
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_arguments_that_keras_refuses_stay_its_own_errors(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_WEIGHTS", "imagenet")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(ValueError, match="input_shape"):
        Xception(input_shape=(299, 229, 3))


def fill_cache():
    """Put files into Keras' cache where `make data` does; those of the weights are whole HDF5
    files, and small.
    """
    files = [course.imagenet_weights(include_top) for include_top in (True, False)]
    files[0].parent.mkdir(parents=True)
    for file in files:
        with h5py.File(file, "w") as stream:
            stream["weights"] = np.zeros(5000)
    names = files[0].with_name("imagenet_class_index.json")
    names.write_text("{}")
    return [*files, names]


def test_auto_takes_the_imagenet_weights_only_where_all_of_them_are_whole(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_WEIGHTS", "auto")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    assert course.weights_source().kind == "standin"
    files = fill_cache()
    assert course.weights_source().kind == "imagenet"
    for file in files:
        content = file.read_bytes()
        file.unlink()
        assert course.weights_source().kind == "standin", file.name
        for part in (b"", content[: len(content) // 2]):
            file.write_bytes(part)
            assert course.weights_source().kind == "standin", file.name
        file.write_bytes(content)
    assert course.weights_source().kind == "imagenet"


def test_a_home_of_keras_with_a_tilde_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", "~/k")
    assert course.imagenet_weights(True).parent == tmp_path / "k" / "models"
    pretrained.imagenet_classes.cache_clear()
    (tmp_path / "k" / "models").mkdir(parents=True)
    (tmp_path / "k" / "models" / "imagenet_class_index.json").write_text('{"0": ["n0", "tench"]}')
    assert pretrained.imagenet_classes() == {"0": ["n0", "tench"]}
    pretrained.imagenet_classes.cache_clear()


def test_a_damaged_class_index_is_named(no_class_index):
    (no_class_index / "models").mkdir()
    (no_class_index / "models/imagenet_class_index.json").write_text('{"0": ')
    with pytest.raises(WeightsError, match="imagenet_class_index.json"):
        decode_predictions(np.full((1, 1000), 0.001))


@pytest.fixture
def no_class_index(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    pretrained.imagenet_classes.cache_clear()
    yield tmp_path
    pretrained.imagenet_classes.cache_clear()


def test_decoding_imagenet_without_its_class_index_says_what_to_do(no_class_index):
    with pytest.raises(WeightsError, match="make data"):
        decode_predictions(np.full((1, 1000), 0.001))


def test_decoding_imagenet_needs_no_network_once_the_index_is_cached(no_class_index):
    (no_class_index / "models").mkdir()
    index = {str(number): [f"n{number:08}", f"class {number}"] for number in range(1000)}
    (no_class_index / "models/imagenet_class_index.json").write_text(json.dumps(index))
    probabilities = np.zeros((2, 1000), "float32")
    probabilities[0, 7], probabilities[0, 3], probabilities[1, 999] = 0.6, 0.4, 1
    first, second = decode_predictions(probabilities, top=2)
    assert [entry[:2] for entry in first] == [("n00000007", "class 7"), ("n00000003", "class 3")]
    assert second[0] == ("n00000999", "class 999", 1)


@pytest.mark.parametrize("shape", [(10,), (1, 7), (1, 10, 1)])
def test_decoding_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match="shape"):
        decode_predictions(np.zeros(shape))


def test_preprocessing_is_that_of_xception():
    image = np.array([[[[0.0, 127.5, 255.0]]]], "float32")
    assert preprocess_input(image.copy()).ravel().tolist() == [-1, 0, 1]
