"""An export gives the model's own answers in every format, or is refused with one clear error."""

import json
import shutil
import subprocess
import sys

import keras
import numpy as np
import odd_pictures
import pytest
import tensorflow
from keras import layers
from PIL import ExifTags, Image

from scripts import datasets
from scripts.export import __main__ as command
from scripts.export import classify, folder, formats
from scripts.export.folder import ExportError, export

SIZE = 32


def small_model(*first, classes=10, softmax=False, scaling=True):
    """A network of three layers behind the layers `first`; without `softmax` it returns logits."""
    keras.utils.set_random_seed(0)
    start = [keras.Input((SIZE, SIZE, 3)), *([layers.Rescaling(1 / 127.5, offset=-1)] if scaling else [])]
    end = [layers.Conv2D(8, 3, strides=2, activation="relu"), layers.Flatten()]
    return keras.Sequential([*start, *first, *end, layers.Dense(classes, activation="softmax" if softmax else None)])


def saved(model, path):
    model.save(path)
    return path


def run(place, *words):
    """Run the shipped program as its receiver does; return (exit status, what it said)."""
    command = [sys.executable, "-I", "-B", str(place / "classify.py"), *words]
    ended = subprocess.run(command, capture_output=True, text=True)
    return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A model that ends in logits and standardizes its pixels, exported in every format."""
    place = tmp_path_factory.mktemp("export")
    normalization = layers.Normalization(mean=[0.1, -0.2, 0.3], variance=[0.25, 0.5, 0.75])
    model = small_model(normalization)
    (place / "MODEL_CARD.md").write_text("what it is good for\n")
    facts = export(saved(model, place / "small.keras"), place / "out", tell=lambda line: None)
    return place / "out", facts, model


def test_a_folder_holds_every_format_whole_and_nothing_is_left_beside_it(shipped):
    place, facts, _ = shipped
    assert set(facts["formats"]) == set(formats.FORMATS)
    assert facts == json.loads((place / "export.json").read_text(encoding="utf-8"))
    held = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
    assert held == {*facts["files"], "export.json"} and "MODEL_CARD.md" in held
    plain = {path.name for path in place.iterdir()} - {kind.file for kind in formats.FORMATS.values()}
    assert plain == set("README.md classes.json classify.py export.json MODEL_CARD.md test_vectors".split())
    assert json.loads((place / "classes.json").read_text()) == datasets.class_names()
    assert sorted(path.name for path in place.parent.iterdir()) == ["MODEL_CARD.md", "out", "small.keras"]


def test_the_recorded_probabilities_are_the_softmax_of_the_models_own_logits(shipped):
    place, facts, model = shipped
    pixels = np.stack([datasets.load_image(place / vector["photo"], SIZE) for vector in facts["vectors"]])
    logits = model.predict(pixels.astype("float32"), verbose=0).astype("float64")
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    found = [vector["probabilities"] for vector in facts["vectors"]]
    assert len(found) == 11 and np.allclose(found, powers / powers.sum(axis=1, keepdims=True), atol=1e-5)


def test_full_precision_keeps_every_class_and_int8_is_a_third_as_large(shipped):
    kinds = shipped[1]["formats"]
    for name in ("keras", "saved_model", "litert", "onnx"):
        assert kinds[name]["largest_difference"] <= 1e-4 and kinds[name]["agreement"] == 1
    assert kinds["litert-int8"]["bytes"] < kinds["litert"]["bytes"] / 2
    assert kinds["onnx-int8"]["bytes"] < kinds["onnx"]["bytes"] / 2
    assert 0 < kinds["litert-float16"]["largest_difference"]  # it is another file than that of full precision


def test_the_folder_classifies_a_photo_and_proves_itself_without_the_course(shipped, tmp_path):
    place, facts, _ = shipped
    code, said = run(place, "--check", "--format", "onnx")
    assert code == 0 and "pixels of the test photos: 0 of 255" in said and "onnx: good" in said
    vector = facts["vectors"][3]
    likeliest = datasets.class_names()[int(np.argmax(vector["probabilities"]))]
    code, said = run(place, "--format", "litert", str(place / vector["photo"]))
    assert code == 0 and f"{vector['photo'][-6:]}: {likeliest} " in said
    (tmp_path / "no.jpg").write_text("<html>")
    code, said = run(place, "--format", "onnx", str(tmp_path / "no.jpg"))
    assert code == 1 and "cannot be read as a picture" in said and "Traceback" not in said


def test_the_check_proves_every_format_in_one_process(shipped, monkeypatch, capsys):
    place, facts, _ = shipped
    monkeypatch.setattr(classify, "HERE", place)
    monkeypatch.setattr(
        tensorflow.config.threading, "set_intra_op_parallelism_threads", lambda threads: None
    )  # TensorFlow runs already
    assert classify.check([*facts["formats"]], facts | {"files": {}}, 1) == 0
    said = capsys.readouterr().out
    assert [line for line in said.splitlines() if ": good, " in line] == said.splitlines()[1:]
    assert [line.partition(":")[0] for line in said.splitlines()[1:]] == [*formats.FORMATS]


def test_a_test_vector_that_is_answered_otherwise_refuses_the_format(shipped):
    place, facts, _ = shipped
    wanted = np.array([vector["probabilities"] for vector in facts["vectors"]])
    answers, costs = wanted.copy(), {"tensorflow": False}
    assert folder.compare(place, "onnx", answers, costs, wanted, 8)["agreement"] == 1
    answers[-1] = answers[-1, ::-1]  # behind the 8 pictures
    assert "onnx: other answers" in str(folder.compare(place, "onnx", answers, costs, wanted, 8))


def test_a_format_that_fails_does_not_take_the_others_with_it(shipped, tmp_path):
    copy, facts = changed_copy(shipped[0], tmp_path)
    (copy / "model-int8.onnx").write_bytes(b"no model")
    (copy / "work").mkdir()
    pixels = np.stack([datasets.load_image(copy / vector["photo"], SIZE) for vector in facts["vectors"]])
    found = folder.ask(copy, ["onnx-int8", "onnx"], pixels)
    assert "model-int8.onnx failed" in found["onnx-int8"]
    answers, costs = found["onnx"]
    assert np.allclose(answers, [vector["probabilities"] for vector in facts["vectors"]], atol=1e-4)
    assert not costs["tensorflow"]


def with_idle_features():
    """A network, some of whose features are the same for every picture, with huge weights: as a
    head that was folded gets them from features that hardly vary.
    """
    model = small_model(softmax=True)
    convolution, dense = model.layers[1], model.layers[-1]
    kernel, bias = convolution.get_weights()
    kernel[..., 0], bias[0] = 0, 0.5
    convolution.set_weights([kernel, bias])
    weights, offset = dense.get_weights()
    weights[::8] = np.random.default_rng(0).normal(0, 30, weights[::8].shape)
    dense.set_weights([weights, offset - 0.5 * weights[::8].sum(axis=0)])
    return model


def test_features_that_never_vary_do_not_spoil_the_8_bits(tmp_path, monkeypatch):
    model = with_idle_features()
    kinds = ["litert-int8", "onnx-int8"]
    for kind in kinds:  # this network is not sure of anything; with the weights in, it agrees in half of the pictures
        monkeypatch.setitem(formats.FORMATS, kind, formats.FORMATS[kind]._replace(agreement=0.85))
    before = [weights.copy() for weights in model.get_weights()]
    facts = export(saved(model, tmp_path / "m.keras"), tmp_path / "out", kinds, tell=lambda line: None)
    assert [*facts["formats"]] == kinds
    pictures = np.stack([datasets.load_image(path, SIZE) for path in datasets.list_images("train")[0][:20]])
    answers = model.predict(pictures, verbose=0)
    with formats.without_idle_features(model, pictures) as changed:
        assert changed and np.allclose(model.predict(pictures, verbose=0), answers, atol=1e-3)
        assert np.abs(model.layers[-1].get_weights()[0]).max() < 1
    assert all(np.array_equal(one, other) for one, other in zip(before, model.get_weights(), strict=True))


def test_features_that_vary_keep_their_weights():
    model = small_model()
    with formats.without_idle_features(model, np.random.default_rng(0).uniform(0, 255, (9, SIZE, SIZE, 3))) as changed:
        assert not changed
    assert formats.last_dense(folder.servable(model, np.zeros((1, 10)))[0])[1] is model.layers[-1]
    assert formats.last_dense(keras.Sequential([keras.Input((4,)), layers.ReLU()])) == (None, None)


def changed_copy(place, to):
    """Return a copy of the folder without the large formats, to spoil it."""
    shutil.copytree(place, to / "copy", ignore=shutil.ignore_patterns("saved_model", "*.keras", "*.tflite"))
    facts = json.loads((to / "copy" / "export.json").read_text())
    facts["files"] = {name: sha for name, sha in facts["files"].items() if (to / "copy" / name).is_file()}
    return to / "copy", facts


def test_the_check_finds_a_damaged_file(shipped, tmp_path):
    copy, facts = changed_copy(shipped[0], tmp_path)
    folder.write_facts(copy, facts)
    assert run(copy, "--check", "--format", "onnx")[0] == 0
    content = bytearray((copy / "model.onnx").read_bytes())
    content[-1] ^= 1
    (copy / "model.onnx").write_bytes(content)
    code, said = run(copy, "--check", "--format", "onnx")
    assert code == 1 and "model.onnx is damaged" in said


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda facts: facts.update(fit="squash"), "of 255 levels"),
        (lambda facts: facts["vectors"][0]["probabilities"].reverse(), "OTHER ANSWERS"),
        (lambda facts: facts["vectors"][0].update(pixels=facts["vectors"][1]["pixels"]), "OTHER ANSWERS"),
    ],
    ids=["another fit", "other probabilities", "other pixels"],
)
def test_the_check_finds_what_gives_other_answers(shipped, tmp_path, spoil, word):
    copy, facts = changed_copy(shipped[0], tmp_path)
    spoil(facts)
    folder.write_facts(copy, facts)
    code, said = run(copy, "--check", "--format", "onnx")
    assert code == 1 and word in said


def test_the_check_finds_a_program_that_ignores_the_note_to_turn_a_photo(shipped, tmp_path):
    copy, facts = changed_copy(shipped[0], tmp_path)
    program = (copy / "classify.py").read_text()
    turn = "image = ImageOps.exif_transpose(image)"
    assert turn in program
    (copy / "classify.py").write_text(program.replace(turn, ""))
    del facts["files"]["classify.py"]  # who translates the program ships their own
    folder.write_facts(copy, facts)
    code, said = run(copy, "--check", "--format", "onnx")
    assert code == 1 and "of 255 levels" in said and "onnx: good" in said


def test_a_photo_is_stored_as_a_phone_does_and_shows_the_same(tmp_path):
    picture = odd_pictures.scene(90, 120)
    picture.save(tmp_path / "upright.png")
    folder.write_as_a_phone(tmp_path / "upright.png", tmp_path / "phone.jpg")
    with Image.open(tmp_path / "phone.jpg") as stored:
        assert stored.size == (120, 90) and stored.getexif()[ExifTags.Base.Orientation] == 6
    seen = datasets.load_image(tmp_path / "phone.jpg")
    assert np.abs(seen.astype(int) - np.asarray(picture)).mean() < 3  # a JPEG is not exact


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    return odd_pictures.write_odd_pictures(tmp_path_factory.mktemp("odd"))


@pytest.mark.parametrize("fit", datasets.FITS)
def test_the_shipped_reader_gives_the_pixels_of_the_courses_loader(odd, fit):
    for path in odd:
        assert np.array_equal(classify.read_photo(path, SIZE, fit), datasets.load_image(path, SIZE, fit)), path.name


def lambda_model():
    return small_model(layers.Lambda(lambda x: x * 2))


def custom_model():
    @keras.saving.register_keras_serializable("mine")
    class Twice(layers.Layer):
        def call(self, x):
            return x * 2

    model = small_model(Twice())
    keras.saving.get_custom_objects().pop("mine>Twice")
    return model


def channels_first():
    return keras.Sequential(
        [keras.Input((3, SIZE, SIZE)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(10)]
    )


REFUSED = {
    "a Lambda layer": (lambda_model, ["litert"], "holds a Lambda layer"),
    "a custom object": (custom_model, ["litert"], "holds a custom object, Twice"),
    "channels first": (channels_first, ["litert"], "channels first"),
    "no scaling": (lambda: small_model(scaling=False), ["litert"], "neither a Rescaling nor a Normalization"),
    "another number of classes": (lambda: small_model(classes=7), ["litert"], "7 outputs, and there are 10 classes"),
    "augmentation, LiteRT": (
        lambda: small_model(layers.RandomFlip(name="my_flip")),
        ["litert"],
        "litert: it cannot hold the layer 'my_flip' (RandomFlip), operation StatelessRandom",
    ),
    "augmentation, ONNX": (
        lambda: small_model(layers.RandomFlip()),
        ["onnx"],
        "onnx: it cannot hold the layer 'random_flip",
    ),
    "antialias, ONNX": (
        lambda: small_model(layers.Resizing(16, 16, antialias=True)),
        ["onnx"],
        "(Resizing), operation ScaleAndTranslate",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_exported_is_refused_with_the_reason_and_nothing_is_written(tmp_path, name):
    make, kinds, words = REFUSED[name]
    with pytest.raises(ExportError) as refused:
        export(saved(make(), tmp_path / "m.keras"), tmp_path / "out", kinds, tell=lambda line: None)
    assert words in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["m.keras"]


def cut(path):
    path.write_bytes(path.read_bytes()[:-200])


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


@pytest.mark.parametrize("spoil", [cut, flip_a_bit, lambda path: path.write_bytes(b"")])
def test_a_damaged_file_is_named(tmp_path, spoil):
    spoil(saved(small_model(), tmp_path / "m.keras"))
    with pytest.raises(ExportError, match="m.keras is damaged or cut off"):
        folder.load(tmp_path / "m.keras")


def test_a_file_of_another_kind_and_a_missing_one_are_named(tmp_path):
    (tmp_path / "m.h5").write_bytes(b"x")
    with pytest.raises(ExportError, match="no .keras file"):
        folder.load(tmp_path / "m.h5")
    with pytest.raises(ExportError, match="is not there"):
        folder.load(tmp_path / "none.keras")


def test_a_folder_of_something_else_is_not_touched(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("dear")
    with pytest.raises(ExportError, match="is no export"):
        export(saved(small_model(), tmp_path / "m.keras"), tmp_path / "out", ["keras"])
    assert (tmp_path / "out" / "thesis.txt").read_text() == "dear"


def test_other_answers_are_refused_and_the_former_export_stays(shipped, tmp_path, monkeypatch):
    path, out = saved(small_model(softmax=True), tmp_path / "m.keras"), tmp_path / "out"
    shutil.copytree(shipped[0], out)
    before = {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}

    def swap_channels(place, model, calibration):
        image = keras.Input(model.input_shape[1:], name="image")
        formats.write_onnx(place, keras.Model(image, model(layers.Lambda(lambda x: x[..., ::-1])(image))), calibration)

    monkeypatch.setitem(formats.FORMATS, "onnx", formats.FORMATS["onnx"]._replace(write=swap_channels))
    with pytest.raises(ExportError, match="onnx: other answers than the model's"):
        export(path, out, ["onnx"], tell=lambda line: None)
    assert {file: file.read_bytes() for file in out.rglob("*") if file.is_file()} == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["m.keras", "out"]
    monkeypatch.undo()
    export(path, out, ["litert"], tell=lambda line: None)  # a new export takes the place of the former one
    assert (out / "model.tflite").exists() and not (out / "model.onnx").exists()


def test_blame_reads_the_messages_of_the_converters():
    model = small_model(layers.RandomFlip(name="my_flip"))
    message = 'In Node, ("classifier_1/sequential_1/my_flip_1/random/StatelessRandomUniformV2", StatelessRandomUniformV2, "", -1)'
    assert formats.blame(model, message) == "the layer 'my_flip' (RandomFlip), operation StatelessRandomUniformV2"
    assert formats.blame(model, "no space left on device") == ""
    assert formats.difference(np.array([[np.nan, 0.5]]), np.array([[0.5, 0.5]])) == float("inf")


def test_the_command_takes_names_and_refuses_others(tmp_path, monkeypatch, capsys):
    path = saved(small_model(classes=2, softmax=True), tmp_path / "m.keras")
    words = ["export", str(path), str(tmp_path / "out"), "--classes", "cat,dog", "--fit", "pad", "--formats"]
    monkeypatch.setattr(sys, "argv", [*words, "coreml"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2 and "there is no format 'coreml'" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", [*words, "litert", "--not-sure-below", "60"])
    with pytest.raises(SystemExit):
        command.main()
    assert "--not-sure-below is 60.0; it must be from 0 to 1" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", [*words, "litert", "--not-sure-below", "0.6"])
    command.main()
    assert "the same class for 100.0% of 100 pictures" in capsys.readouterr().out
    facts = json.loads((tmp_path / "out" / "export.json").read_text())
    assert facts["fit"] == "pad" and [*facts["formats"]] == ["litert"] and facts["not_sure_below"] == 0.6
    assert json.loads((tmp_path / "out" / "classes.json").read_text()) == ["cat", "dog"]
