"""The feature cache: right features, kept; whatever is damaged, stale or foreign is made anew, never used."""

import threading

import keras
import numpy as np
import pytest
from PIL import Image

from scripts import features as module
from scripts.datasets import ImageError, load_image
from scripts.features import features


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """A tiny folder of pictures: two classes, seven pictures each in train, one each elsewhere."""
    folder = tmp_path / "pictures"
    generator = np.random.default_rng(0)
    for split, count in (("train", 7), ("validation", 1), ("test", 1)):
        for name in ("hat", "skirt"):
            (folder / split / name).mkdir(parents=True)
            for number in range(count):
                pixels = generator.integers(0, 256, (50, 40, 3), dtype="uint8")
                Image.fromarray(pixels).save(folder / split / name / f"{number}.jpg")
    monkeypatch.setenv("COURSE_DATA", str(folder))
    return folder


def make_model(seed=0, activation="relu"):
    keras.utils.set_random_seed(seed)
    convolution = keras.layers.Conv2D(4, 3, strides=4, activation=activation)
    return keras.Sequential([keras.Input((32, 32, 3)), convolution, keras.layers.GlobalAveragePooling2D()])


@pytest.fixture
def runs(monkeypatch):
    """Count how often the model is really run over a split."""
    calls = []
    original = module.run

    def counted(*arguments):
        calls.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(module, "run", counted)
    return calls


def test_features_are_the_models_output_for_each_picture_in_order(pictures, tmp_path):
    model = make_model()
    result = features(model, "train", 32, batch_size=3, folder=tmp_path / "cache")
    assert result.names == [f"train/{name}/{number}.jpg" for name in ("hat", "skirt") for number in range(7)]
    assert result.labels.tolist() == [0] * 7 + [1] * 7
    images = np.stack([load_image(pictures / name, 32) for name in result.names])
    assert np.allclose(result.features, model.predict(images / 127.5 - 1, verbose=0), atol=1e-5)


def test_the_second_call_reads_the_cache(pictures, tmp_path, runs):
    first = features(make_model(), "train", 32, folder=tmp_path)
    second = features(make_model(), "train", 32, folder=tmp_path)
    assert len(runs) == 1
    assert np.array_equal(first.features, second.features)
    assert np.array_equal(first.labels, second.labels)
    assert first.names == second.names


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_the_wanted_number_type_is_returned_with_and_without_cache(pictures, tmp_path, dtype):
    for _ in range(2):
        assert features(make_model(), "test", 32, dtype=dtype, folder=tmp_path).features.dtype == dtype


def change_weights(pictures):
    return {"model": make_model(seed=1)}


def change_layers(pictures):
    model = keras.Sequential([*make_model().layers, keras.layers.ReLU()])
    model.build((None, 32, 32, 3))
    return {"model": model}


def change_setting(pictures):
    return {"model": make_model(activation="elu")}


def mirrored(axis):
    image, model = keras.Input((32, 32, 3)), make_model()
    return keras.Model(image, model(keras.ops.flip(image, axis=axis)))


def change_size(pictures):
    return {"size": 40, "model": keras.Sequential([keras.layers.Resizing(32, 32), *make_model().layers])}


def change_fit(pictures):
    return {"fit": "squash"}


def change_dtype(pictures):
    return {"dtype": "float16"}


def change_picture(pictures):
    Image.new("RGB", (50, 40), "red").save(pictures / "test/hat/0.jpg")
    return {}


def add_picture(pictures):
    Image.new("RGB", (50, 40), "red").save(pictures / "test/hat/1.jpg")
    return {}


def rename_picture(pictures):
    (pictures / "test/hat/0.jpg").rename(pictures / "test/hat/9.jpg")
    return {}


CHANGES = [
    change_weights,
    change_layers,
    change_setting,
    change_size,
    change_fit,
    change_dtype,
    change_picture,
    add_picture,
    rename_picture,
]


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_the_features_makes_them_anew(pictures, tmp_path, runs, change):
    settings = {"model": make_model(), "split": "test", "size": 32, "folder": tmp_path / "cache"}
    features(**settings)
    changed = change(pictures)
    if "size" in changed:
        changed["model"].build((None, 40, 40, 3))
    features(**{**settings, **changed})
    assert len(runs) == 2


def test_a_model_with_the_same_layers_connected_otherwise_is_another(pictures, tmp_path, runs):
    across, down = (features(mirrored(axis), "test", 32, folder=tmp_path).features for axis in (2, 1))
    again = features(mirrored(2), "test", 32, folder=tmp_path).features
    assert len(runs) == 2 and np.array_equal(across, again) and not np.allclose(across, down)


def truncate(file):
    file.write_bytes(file.read_bytes()[:-200])


def flip_a_byte(file):
    content = bytearray(file.read_bytes())
    position = content.find(b"features.npy") + 200  # inside the numbers
    content[position] ^= 255
    file.write_bytes(content)


def empty(file):
    file.write_bytes(b"")


def not_a_cache(file):
    file.write_text("<html>not found</html>")


def of_another_key(file):
    with np.load(file) as stored:
        arrays = dict(stored)
    arrays["key"] = "0" * 64
    arrays["features"] = arrays["features"] + 1
    with file.open("wb") as stream:
        np.savez(stream, **arrays)


@pytest.mark.parametrize("damage", [truncate, flip_a_byte, empty, not_a_cache, of_another_key])
def test_a_damaged_or_foreign_cache_is_made_anew(pictures, tmp_path, runs, damage):
    first = features(make_model(), "train", 32, folder=tmp_path / "cache")
    (file,) = (tmp_path / "cache").glob("*.npz")
    damage(file)
    second = features(make_model(), "train", 32, folder=tmp_path / "cache")
    assert len(runs) == 2
    assert np.array_equal(first.features, second.features)
    third = features(make_model(), "train", 32, folder=tmp_path / "cache")
    assert len(runs) == 2
    assert np.array_equal(first.features, third.features)


def test_a_run_that_fails_leaves_nothing(pictures, tmp_path):
    (pictures / "train/hat/3.jpg").write_bytes(b"")
    with pytest.raises(ImageError, match="3.jpg"):
        features(make_model(), "train", 32, folder=tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*")) if (tmp_path / "cache").exists() else True


def test_a_write_that_is_cut_off_leaves_no_cache(pictures, tmp_path, monkeypatch):
    def cut_off(stream, **arrays):
        stream.write(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(module.np, "savez", cut_off)
    with pytest.raises(KeyboardInterrupt):
        features(make_model(), "test", 32, folder=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_two_runs_at_once_do_not_harm_each_other(pictures, tmp_path):
    model, found = make_model(), []
    threads = [
        threading.Thread(target=lambda: found.append(features(model, "train", 32, folder=tmp_path / "cache")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(np.array_equal(found[0].features, one.features) for one in found)
    (file,) = (tmp_path / "cache").iterdir()
    with np.load(file) as stored:
        assert np.array_equal(stored["features"], found[0].features)
        assert stored["names"].tolist() == found[0].names
        assert stored["labels"].tolist() == found[0].labels.tolist()
