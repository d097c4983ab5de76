"""What every lesson starts with: which pictures, which weights, one seed, no log noise.

The two switches of the course are read here and nowhere else: the environment variables
`COURSE_DATA` and `COURSE_WEIGHTS`.
"""

import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

REPOSITORY = "https://github.com/image-classification-course/image-classification-course"
ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"
CACHE = DATA / "cache"
SEED = 42
HOSTS = {  # the variable that each of these sets in its notebooks
    "COLAB_RELEASE_TAG": "Colab",
    "KAGGLE_KERNEL_RUN_TYPE": "Kaggle",
    "BINDER_SERVICE_HOST": "Binder",
    "CODESPACES": "Codespaces",
    "SATURN_TOKEN": "Saturn Cloud",
}
OWN_PACKAGES = ("Colab", "Kaggle")  # these bring packages of their own; the others install the lock


class CourseError(Exception):
    """An error whose message tells the reader all there is to know: what is wrong, with which file,
    and the remedy.
    """

    def _render_traceback_(self):  # Jupyter shows this instead of a traceback
        return [f"{type(self).__name__}: {self}"]


@dataclass(frozen=True)
class Source:
    """Where pictures or weights come from. `kind` is "sample", "small", "standin", "imagenet" or
    "path".
    """

    kind: str
    path: Path | None
    description: str


def image_source():
    """Return the `Source` of the pictures that `COURSE_DATA` names: sample, small, a path, or auto
    (the default).

    Raises `CourseError` where the variable names a folder that is not there. Nothing is drawn or
    downloaded.
    """
    wanted = os.environ.get("COURSE_DATA", "").strip() or "auto"
    small = DATA / "clothing-dataset-small"
    complete = (small / "images.csv").is_file()  # scripts.download puts it there last
    if wanted == "auto":
        wanted = "small" if complete else "sample"
    if wanted == "sample":
        return Source("sample", DATA / "sample", "600 drawn ones (`make data` fetches the real photos)")
    folder = small if wanted == "small" else Path(wanted).expanduser()
    folder = folder if folder.is_absolute() else ROOT / folder
    if folder.resolve() == small.resolve():
        if not complete:
            found = "only a part of them is" if small.is_dir() else "they are not"
            raise CourseError(
                f"COURSE_DATA is '{wanted}', the real photos, but {found} in data/clothing-dataset-small. "
                "`make data` fetches what is missing; COURSE_DATA=sample draws pictures instead."
            )
        return Source("small", small, "3,781 real photos (clothing-dataset-small)")
    if not folder.is_dir():
        raise CourseError(
            f"COURSE_DATA is '{wanted}', which is neither 'auto', 'sample' or 'small' nor a folder on this machine."
        )
    return Source("path", folder, f"those in the folder {folder.name}")


def weights_source():
    """Return the `Source` of the pretrained weights that `COURSE_WEIGHTS` names: standin, imagenet,
    a path, or auto.

    `auto`, the default, takes the ImageNet weights where Keras has all three files in its cache,
    each of them whole, else the stand-in. Raises `CourseError` where the variable names a file that
    is not there. Nothing is downloaded.
    """
    wanted = os.environ.get("COURSE_WEIGHTS", "").strip() or "auto"
    if wanted == "auto":
        wanted = "imagenet" if _imagenet_is_complete() else "standin"
    if wanted == "standin":
        return Source("standin", DATA / "standin.weights.h5", "the stand-in (`make data` fetches Xception's)")
    if wanted == "imagenet":
        return Source("imagenet", None, "Xception's, trained on ImageNet")
    file = Path(wanted).expanduser()
    file = file if file.is_absolute() else ROOT / file
    if not file.is_file() or file.suffix != ".h5":
        raise CourseError(
            f"COURSE_WEIGHTS is '{wanted}', which is neither 'auto', 'standin' or 'imagenet' "
            "nor a .weights.h5 or .h5 file on this machine."
        )
    return Source("path", file, f"Xception's, from the file {file.name}")


def _imagenet_is_complete():
    """Return whether Keras' cache holds Xception's ImageNet weights, with and without top, and the
    names of the classes.
    """
    names = imagenet_weights(include_top=True).with_name("imagenet_class_index.json")
    try:
        json.loads(names.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return is_whole(imagenet_weights(include_top=False)) and is_whole(imagenet_weights(True))


def is_whole(path):
    """Return whether `path` is a whole HDF5 file: one that is empty, cut off or still being fetched
    does not open.
    """
    import h5py

    try:
        with h5py.File(path):
            return True
    except OSError:
        return False


def imagenet_weights(include_top):
    """Return the path at which Keras keeps the ImageNet weights of Xception once they are
    downloaded.
    """
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras").expanduser()
    top = "" if include_top else "_notop"
    return home / "models" / f"xception_weights_tf_dim_ordering_tf_kernels{top}.h5"


@contextmanager
def quiet_stderr():
    """Hold back what C++ code writes to the terminal; show it after all if the block fails."""
    sys.stderr.flush()
    try:
        saved = os.dup(2)
    except OSError:  # no terminal at all
        yield
        return
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        try:
            yield
        except BaseException:
            log.seek(0)
            os.write(saved, log.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)


@contextmanager
def no_garbage():
    """Let Python not look for garbage while much is imported, nor later in what came: a quarter of
    the time.
    """
    first = "tensorflow" not in sys.modules  # a set-up cell may run again, among the reader's own objects
    gc.disable()
    try:
        yield
    finally:
        if first:
            gc.freeze()
        gc.enable()


def import_tensorflow():
    """Import TensorFlow without its start-up log, which would land in a notebook's output. Return
    the module.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors still show
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # else the first process takes the whole GPU
    with quiet_stderr():
        import tensorflow

        tensorflow.zeros(1) + 1  # the first operation logs too
    # Its warnings land in a notebook's output, with addresses and temporary folders.
    tensorflow.get_logger().setLevel("ERROR")
    return tensorflow


def start():
    """Begin a lesson: import TensorFlow quietly, fix the seeds, set the figure style, and say what
    will be used.
    """
    with no_garbage():
        import_tensorflow()
        import keras
        import matplotlib.pyplot as plt

    keras.utils.set_random_seed(SEED)
    plt.rcParams.update({"figure.figsize": (8, 4), "figure.dpi": 80, "image.cmap": "viridis", "axes.grid": False})
    print(f"Pictures: {image_source().description}. Weights: {weights_source().description}.")
    if host():
        if image_source().kind == "sample":
            print(f"On {host()}, `!cd .. && python -m scripts.download` in a new cell fetches both; restart then.")
        gpus = sys.modules["tensorflow"].config.list_physical_devices("GPU")
        print(f"GPUs that TensorFlow sees: {len(gpus)}.")


def host():
    """Return the name of the hosted machine on which this runs, "" on the reader's own."""
    return next((name for variable, name in HOSTS.items() if os.environ.get(variable)), "")


def need(*packages):
    """Make sure that packages are there which not every machine has; each is named as pip does.

    Where the set-up installed requirements.txt they are. Colab and Kaggle bring packages of their
    own: there only what is missing is installed, and named, and what is there keeps its version.
    Raises `CourseError`, with the remedy, where they are missing elsewhere or cannot be installed.
    """
    missing = [package for package in packages if not _is_installed(package)]
    if not missing:
        return
    names = ", ".join(missing)
    if host() not in OWN_PACKAGES:
        raise CourseError(
            f"This lesson needs {names}. Start it in the course's environment: `make lab`, or in its folder "
            "`python scripts/setup.py` and then `.venv/bin/python -m jupyterlab`."
        )
    print(f"Installing {names}, which {host()} does not have.")
    with tempfile.TemporaryDirectory() as folder:
        held = Path(folder) / "held.txt"  # so that pip changes nothing that is there
        there = {dist.metadata["Name"]: dist.version for dist in metadata.distributions()}
        held.write_text("".join(f"{name}=={version}\n" for name, version in there.items() if name))
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--constraint", str(held), *missing]
        result = subprocess.run(pip, capture_output=True, text=True, check=False)
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CourseError(f"{names} cannot be installed here ({reason}). The other lessons do not need it.")
    importlib.invalidate_caches()


def _is_installed(package):
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True
