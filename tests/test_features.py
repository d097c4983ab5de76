"""The feature cache: right features, kept; whatever is damaged, stale or foreign is made anew,
never used.
"""

import os
import re
import subprocess
import sys
import threading

import keras
import numpy as np
import pytest
from PIL import Image

from scripts import datasets
from scripts import features as module
from scripts.course import ROOT
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
    assert [file.suffix for file in (tmp_path / "cache").iterdir()] == [".lock"]


def test_a_write_that_is_cut_off_leaves_no_cache(pictures, tmp_path, monkeypatch):
    def cut_off(stream, **arrays):
        stream.write(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(module.np, "savez", cut_off)
    with pytest.raises(KeyboardInterrupt):
        features(make_model(), "test", 32, folder=tmp_path / "cache")
    assert [file.suffix for file in (tmp_path / "cache").iterdir()] == [".lock"]


def test_of_runs_at_once_one_computes_and_the_others_take_what_it_kept(pictures, tmp_path, runs):
    model, found = make_model(), []
    threads = [
        threading.Thread(target=lambda: found.append(features(model, "train", 32, folder=tmp_path / "cache")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len(runs) == 1
    assert all(np.array_equal(found[0].features, one.features) for one in found)
    (file,) = (tmp_path / "cache").glob("*.npz")
    with np.load(file) as stored:
        assert np.array_equal(stored["features"], found[0].features)
        assert stored["names"].tolist() == found[0].names
        assert stored["labels"].tolist() == found[0].labels.tolist()


def model_with(layer):
    return keras.Sequential([keras.Input((32, 32, 3)), layer, keras.layers.GlobalAveragePooling2D()])


def test_another_step_of_the_loader_makes_them_anew(pictures, tmp_path, runs, monkeypatch):
    def to_rgb(image):
        return image.convert("L").convert("RGB")

    features(make_model(), "test", 32, folder=tmp_path / "cache")
    monkeypatch.setattr(datasets, "to_rgb", to_rgb)
    features(make_model(), "test", 32, folder=tmp_path / "cache")
    assert len(runs) == 2


def test_another_gray_around_padded_photos_makes_them_anew(pictures, tmp_path, runs, monkeypatch):
    for color in (datasets.GRAY, (0, 0, 0)):
        monkeypatch.setattr(datasets, "GRAY", color)
        features(make_model(), "test", 32, "pad", folder=tmp_path / "cache")
    assert len(runs) == 2


def test_another_scaling_makes_them_anew(pictures, tmp_path, runs, monkeypatch):
    features(make_model(), "test", 32, folder=tmp_path / "cache")
    monkeypatch.setattr(module, "preprocess_input", lambda images: images / 255)
    features(make_model(), "test", 32, folder=tmp_path / "cache")
    assert len(runs) == 2


LAYER = """
import keras

factor = 2

def multiply(images):
    return images * factor

class Base(keras.layers.Layer):
    def call(self, images):
        return multiply(images) + 1

class Own(Base):
    pass

class Outer(keras.layers.Layer):
    def __init__(self, inside):
        super().__init__()
        self.inside = inside

    def call(self, images):
        return self.inside(images)

    def get_config(self):
        return {}
"""

WAYS = {
    "a layer": "layer = Own()",
    "a layer inside a layer": "layer = Outer(Own())",
    "a model inside a model": "layer = keras.Sequential([Own()])",
    "an activation": "layer = keras.layers.Conv2D(2, 3, kernel_initializer='ones', activation=multiply)",
    "a function": "layer = keras.layers.Lambda(multiply)",
    "a lambda": "layer = keras.layers.Lambda(lambda images: multiply(images))",
    "a default": "layer = keras.layers.Lambda(lambda images, factor=factor: images * factor)",
    "a closure": "layer = keras.layers.Lambda((lambda factor: lambda images: images * factor)(factor))",
}


def make_layer(way, old="", new=""):
    """Return the layer that `LAYER` makes in one of the ways, its code changed."""
    made = {}
    exec((LAYER + WAYS[way]).replace(old, new), made)
    return made["layer"]


@pytest.mark.parametrize("way", WAYS)
def test_layers_of_ones_own_count_with_all_that_their_code_uses(pictures, tmp_path, runs, way):
    def make(*change):
        features(model_with(make_layer(way, *change)), "test", 32, folder=tmp_path / "cache")
        return len(runs)

    assert make() == 1
    assert make("class Base", "# elsewhere\n\nclass Base") == 1
    assert make("factor = 2", "factor = 3") == 2
    assert make("images * factor", "images / factor") == 3


def layers_of_a_notebook():
    """Return three layers of one's own as cells, the last one with another factor."""
    other = LAYER.replace("factor = 2", "factor = 3")
    return [LAYER + WAYS["a layer"], LAYER + WAYS["a lambda"], other + WAYS["a layer"]]


def test_the_key_of_a_notebooks_own_layer_is_the_same_in_another_process(processes):
    one, another = processes[1]
    assert len(one) == 3 and one == another[::-1] and len(set(one)) == 3


def test_a_model_that_is_a_class_of_its_own_has_a_key():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2, kernel_initializer="ones")

        def call(self, images):
            return self.dense(images)

    keys = set()
    for _ in range(2):
        model = Own()
        model(np.zeros((1, 3)))
        keys.add(module.cache_key(model, [], [], {}))
    assert len(keys) == 1


def test_another_state_of_a_random_layer_makes_them_anew(pictures, tmp_path, runs):
    def noisy(seed):
        return model_with(keras.layers.GaussianNoise(0.1, seed=seed))

    first, second = noisy(1), noisy(1)
    features(first, "test", 32, folder=tmp_path / "cache")
    features(second, "test", 32, folder=tmp_path / "cache")
    assert len(runs) == 1
    second(np.zeros((1, 32, 32, 3), "float32"), training=True)  # draws, and so changes the state
    features(second, "test", 32, folder=tmp_path / "cache")
    assert len(runs) == 2


def test_comments_and_docstrings_do_not_count():
    def function(x):
        """One."""
        return x + 1  # one

    first = module.code_behind([function])

    def function(x):
        """Two."""
        # two
        return x + 1

    assert module.code_behind([function]) == first

    def function(x):
        return x + 2

    assert module.code_behind([function]) != first


PROCESS = """
import gc, os, sys
gc.disable()  # imports are a quarter faster
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("from scripts.features import cache_key; import keras")
for cell in sys.argv[1:]:
    shell.run_cell(f"# {os.getpid()}, as the name of a notebook's cell has it\\n" + cell)
    shell.run_cell("keras.utils.set_random_seed(0)")
    shell.run_cell("model = keras.Sequential([keras.Input((32, 32, 3)), layer, keras.layers.Flatten()])")
    shell.run_cell("print('key', cache_key(model, [], [], {}), flush=True)")

import keras
from scripts import features as module
run, lock = module.run, module.files.lock
def held_up(*arguments):
    print("computes", flush=True)
    sys.stdin.readline()
    return run(*arguments)
def reported(path):
    print("waits", flush=True)
    return lock(path)
module.run, module.files.lock = held_up, reported
keras.utils.set_random_seed(0)
convolution = keras.layers.Conv2D(4, 3, strides=4, activation="relu")
model = keras.Sequential([keras.Input((32, 32, 3)), convolution, keras.layers.GlobalAveragePooling2D()])
os.environ["COURSE_DATA"], folder = sys.stdin.readline().split("\\t")
print(module.features(model, "train", 32, folder=folder.rstrip()).features.sum())
"""


@pytest.fixture(scope="module")
def processes():
    """Two fresh processes for two tests, and the keys that each gave to a notebook's layers, the
    second one in reverse order; they then wait for a line with two folders.
    """
    cells = layers_of_a_notebook()
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    two = [
        subprocess.Popen([sys.executable, "-c", PROCESS, *order], cwd=ROOT, env=environment, **pipes)
        for order in (cells, cells[::-1])
    ]
    keys = [[re.fullmatch("key ([0-9a-f]{64})\n", one.stdout.readline())[1] for _ in cells] for one in two]
    yield two, keys
    for one in two:
        one.kill()
        one.wait()
        one.stdin.close()
        one.stdout.close()


def test_of_two_lessons_at_once_one_computes_also_after_a_kill(processes, pictures, tmp_path, runs, monkeypatch):
    """One process is killed while it computes; till then another one and this one wait for it."""
    lock, folders = module.files.lock, f"{pictures}\t{tmp_path / 'cache'}\n"
    with processes[0][0] as killed, processes[0][1] as other:

        def kill_and_lock(path):
            killed.kill()
            other.stdin.write("go on\n")
            return lock(path)

        monkeypatch.setattr(module.files, "lock", kill_and_lock)
        killed.stdin.write(folders)
        assert [killed.stdout.readline() for _ in range(2)] == ["waits\n", "computes\n"]
        other.stdin.write(folders)
        assert other.stdout.readline() == "waits\n"
        found = features(make_model(), "train", 32, folder=tmp_path / "cache").features
        *computed, total = other.stdout.read().split()
    assert float(total) == pytest.approx(found.sum()) and other.returncode == 0 and killed.returncode
    assert len(computed) + len(runs) == 1  # of these two, whichever came first


def test_the_folder_of_pictures_is_looked_up_once(pictures, tmp_path, monkeypatch):
    calls = []
    original = module.data_folder
    monkeypatch.setattr(module, "data_folder", lambda: calls.append(1) or original())
    features(make_model(), "train", 32, folder=tmp_path / "cache")
    assert len(calls) == 1


def test_another_folder_of_pictures_can_be_named(pictures, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "nowhere"))
    found = features(make_model(), "test", 32, folder=tmp_path / "cache", data=pictures)
    assert found.names == ["test/hat/0.jpg", "test/skirt/0.jpg"]
