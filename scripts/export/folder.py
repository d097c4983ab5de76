"""The folder that a classifier is shipped as: written whole or not at all, and proven first."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import keras
import numpy as np
from PIL import ExifTags, Image

from scripts import datasets, files, model_card
from scripts.course import CourseError
from scripts.export.formats import FORMATS, all_layers, blame, difference, quiet

MOST_PICTURES = 200  # to compare the answers on; and half as many to calibrate int8 with
CARD = (model_card.TEXT, model_card.JSON)
CLASSIFY = Path(__file__).with_name("classify.py")
SCALING = ("Rescaling", "Normalization")
STARTS_TENSORFLOW = ("keras", "saved_model")


class ExportError(CourseError):
    """A model cannot be exported. The message says which, why, and the remedy."""


def load(path):
    """Return the model in a .keras file. Raises `ExportError`: not there, damaged, or with code of
    its own.
    """
    path = Path(path)
    if not path.is_file():
        raise ExportError(f"{path} is not there. Name a file that `model.save('NAME.keras')` wrote.")
    if path.suffix != ".keras":
        raise ExportError(
            f"{path} is no .keras file. Load it where it was made, and save it with `model.save('NAME.keras')`."
        )
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip() or not {"config.json", "model.weights.h5"} <= set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        damaged = True
    if damaged:
        raise ExportError(f"{path} is damaged or cut off: it is no whole .keras file. Copy or save it again.")
    try:
        with quiet():
            return keras.saving.load_model(path, compile=False)
    except Exception as error:
        reason = str(error)
        if "safe_mode" in reason or "unsafe" in reason.lower():
            raise ExportError(
                f"{path} holds a Lambda layer: code of its own, which could do anything, so it is not run (safe_mode). "
                "Use layers of Keras instead."
            ) from None
        if "Could not locate" in reason:
            name = reason.partition("Could not locate")[2].split("'")[1:2]
            raise ExportError(
                f"{path} holds a custom object, {name[0] if name else 'of unknown name'}: its code is not in the file, "
                "and other runtimes do not have it either. Use layers of Keras instead."
            ) from None
        raise ExportError(f"{path} cannot be loaded: {first_line(reason)}") from None


def first_line(text):
    return str(text).strip().partition("\n")[0][:300]


def servable(model, answers):
    """Return the model as it is shipped: pixels under the name "image" in, probabilities out; and
    these probabilities where the model gives `answers`. One that returns logits gets a softmax.
    """
    image = keras.Input(model.input_shape[1:], name="image")
    given = model(image)
    if not (np.all(answers >= 0) and np.allclose(answers.sum(axis=1), 1, atol=1e-3)):
        given = keras.layers.Softmax(name="probabilities")(given)
        answers = keras.ops.convert_to_numpy(keras.ops.softmax(answers))
    return keras.Model(image, given, name="classifier"), answers


def input_size(model):
    """Return how many pixels a side a model takes. Raises `ExportError` for another kind of input
    or output, and where it takes anything but pixels in 0-255.
    """
    if not {type(layer).__name__ for layer in all_layers(model)} & set(SCALING):
        raise ExportError(
            "The model has neither a Rescaling nor a Normalization layer, so whoever uses it has to know how pixels were "
            "prepared. Put that in front: keras.Sequential([keras.Input(shape), keras.layers.Rescaling(…), model])."
        )
    shape, answers = model.input_shape, model.output_shape
    if not (isinstance(shape, tuple) and len(shape) == 4 and isinstance(answers, tuple) and len(answers) == 2):
        raise ExportError(
            f"The model takes {shape} and returns {answers}; expected one picture in, one row of classes out."
        )
    if shape[1] == 3 and shape[3] != 3:
        raise ExportError(f"The model takes {shape}, channels first; expected (None, size, size, 3), channels last.")
    if shape[1] is None or shape[1] != shape[2] or shape[3] != 3:
        raise ExportError(f"The model takes {shape}; expected a fixed size, (None, size, size, 3).")
    return shape[1]


def spread(values, most):
    """Return at most so many of the values, evenly over the list."""
    return [
        values[index]
        for index in np.unique(np.linspace(0, len(values) - 1, min(most, len(values))).round().astype(int))
    ]


def read(paths, size, fit):
    return np.stack([datasets.load_image(path, size, fit) for path in paths])


def write_vectors(folder, paths, labels, size, fit):
    """Write one photo of each class as it is, the first of them once more as a phone stores it, and
    the pixels of each as a .png; return a list of facts.
    """
    (folder / "test_vectors").mkdir()
    sources = [paths[int(np.flatnonzero(labels == label)[0])] for label in np.unique(labels)]
    vectors = []
    for number, source in enumerate([*sources, sources[0]]):
        once_more = number == len(sources)
        suffix = ".jpg" if once_more else source.suffix.lower()
        photo, pixels = (f"test_vectors/{number:02}{end}" for end in (suffix, "-pixels.png"))
        (write_as_a_phone if once_more else shutil.copyfile)(source, folder / photo)
        Image.fromarray(datasets.load_image(folder / photo, size, fit)).save(folder / pixels)
        vectors.append({"photo": photo, "pixels": pixels, "sha256": files.digest(folder / photo)})
    return vectors


def write_as_a_phone(source, file):
    """Write a photo as a .jpg that lies on its side, with a note (EXIF) to turn it: as a phone held
    upright stores it. Without such a one, nobody finds a program that ignores the note.
    """
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # to be turned clockwise
    lying = datasets.open_image(source).transpose(Image.Transpose.ROTATE_90)
    lying.save(file, exif=exif, quality=95)


def ask(folder, names, pixels):
    """Return what formats answer, all loaded anew in one process that knows nothing of the course:
    of each its answers and what they cost, or the last words of the process, where it failed.
    """
    work = folder / "work"
    np.save(work / "pixels.npy", pixels)
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "-1"}
    found, left = {}, list(names)
    while left:  # where one format fails, the others are asked once more
        command = [sys.executable, "-I", str(folder / "classify.py"), "--format", ",".join(left)]
        command += ["--pixels", str(work / "pixels.npy"), "--answers", str(work)]
        ended = subprocess.run(command, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL)
        for line in ended.stdout.splitlines():
            if line.startswith('{"format"'):
                costs = json.loads(line)
                found[costs["format"]] = np.load(work / f"{costs['format']}.npy"), costs
        left = [name for name in left if name not in found]
        if left:
            found[left.pop(0)] = ended.stderr.strip() or f"the process ended with {ended.returncode}"
    return found


def try_formats(folder, model, names, pixels, wanted, pictures, calibration):
    """Write formats and compare them, all in one process; return of each what was measured, a
    dictionary, or an `ExportError`. The first `pictures` of the pixels must keep their class.
    """
    outcomes = {}
    for name in names:
        try:
            with quiet():
                FORMATS[name].write(folder, model, calibration)
        except Exception as error:
            outcomes[name] = refusal(model, name, str(error))
    for name, found in ask(folder, [name for name in names if name not in outcomes], pixels).items():
        if isinstance(found, str):
            outcomes[name] = refusal(model, name, found)
        else:
            outcomes[name] = compare(folder, name, *found, wanted, pictures)
    return outcomes


def refusal(model, name, reason):
    where = blame(model, reason)
    reason = f"it cannot hold {where}" if where else first_line(reason.strip().rpartition("\n")[2])
    return ExportError(f"{name}: {reason}")


def compare(folder, name, answers, costs, wanted, pictures):
    """Return what was measured of a format, a dictionary, or an `ExportError`."""
    kind = FORMATS[name]
    off = difference(answers, wanted)
    agreement = float(np.mean(answers[:pictures].argmax(axis=1) == wanted[:pictures].argmax(axis=1)))
    if not off <= kind.tolerance or agreement < kind.agreement:
        return ExportError(
            f"{name}: other answers than the model's: {off:.2g} off at most (allowed {kind.tolerance}), the same class for "
            f"{agreement:.1%} of {pictures} pictures (wanted {kind.agreement:.0%})"
        )
    if costs["tensorflow"] and name.startswith(("litert", "onnx")):
        return ExportError(f"{name}: its runtime loaded TensorFlow")
    path = folder / kind.file
    size = (
        sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) if path.is_dir() else path.stat().st_size
    )
    return {
        "file": kind.file,
        "bytes": size,
        "tolerance": kind.tolerance,
        "largest_difference": off,
        "agreement": agreement,
    }


def export(path, out, formats=tuple(FORMATS), classes=None, fit=datasets.DEFAULT_FIT, not_sure_below=None, tell=print):
    """Export the model in the file `path` to the folder `out`; return the facts, as they stand in
    its export.json.

    `classes`: the names of the classes, by default those of the pictures at hand, whose validation
    split the answers are compared on and whose training split calibrates int8. `not_sure_below`, in
    0-1, goes along for those who use the export: where the likeliest class has a smaller
    probability, the answer should be "not sure". All formats have to keep their tolerance, else
    `ExportError` says which do not and why, and nothing is written. An export that is in `out`
    already is replaced at the end.
    """
    path, out = Path(path), Path(out)
    if out.exists() and not (out / "export.json").is_file():
        raise ExportError(f"{out} is there already and is no export. Name another folder.")
    model = load(path)
    size = input_size(model)
    classes = list(classes or datasets.class_names())
    if len(classes) != model.output_shape[1]:
        raise ExportError(
            f"The model has {model.output_shape[1]} outputs, and there are {len(classes)} classes: {', '.join(classes)}. "
            "Name them with --classes, in the order of the outputs."
        )
    paths, labels = datasets.list_images("validation")
    pixels = read(spread(paths, MOST_PICTURES), size, fit)
    pictures, calibration = len(pixels), None
    if any(name.endswith("int8") for name in formats):
        calibration = read(spread(datasets.list_images("train")[0], MOST_PICTURES // 2), size, fit)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as part:
        folder = Path(part) / out.name
        (folder / "work").mkdir(parents=True)
        shutil.copyfile(CLASSIFY, folder / "classify.py")
        files.write_whole(folder / "classes.json", json.dumps(classes, indent=1, ensure_ascii=False) + "\n")
        facts = {"size": size, "fit": fit, "input": "image: float32 pixels 0-255, RGB, channels last"}
        if not_sure_below is not None:
            facts["not_sure_below"] = not_sure_below
        facts["vectors"] = write_vectors(folder, paths, labels, size, fit)
        pixels = np.stack(
            [*pixels, *(np.asarray(Image.open(folder / vector["pixels"])) for vector in facts["vectors"])]
        )
        model, wanted = servable(model, model.predict(pixels, batch_size=32, verbose=0))
        for vector, row in zip(facts["vectors"], wanted[pictures:], strict=True):
            vector["probabilities"] = [round(float(value), 7) for value in row]
        facts["formats"] = {name: {"file": FORMATS[name].file} for name in formats}  # what `ask` needs
        write_facts(folder, facts)
        problems = []
        together = [name for name in formats if name in STARTS_TENSORFLOW]  # its start takes longer than all else
        for names in [together, *([name] for name in formats if name not in together)]:
            for name, outcome in try_formats(folder, model, names, pixels, wanted, pictures, calibration).items():
                if isinstance(outcome, ExportError):
                    problems.append(str(outcome))
                    tell(f"{name:<15} refused")
                    continue
                facts["formats"][name] = outcome
                tell(
                    f"{name:<15} {outcome['bytes'] / 1e6:5.1f} MB, {outcome['largest_difference']:.0e} off at most, "
                    f"the same class for {outcome['agreement']:.1%} of {pictures} pictures"
                )
        if problems:
            raise ExportError(
                "\n".join([f"{path} was not exported; --formats names those that you want. Refused:", *problems])
            )
        for name in CARD:
            if (path.parent / name).is_file():
                shutil.copyfile(path.parent / name, folder / name)
        shutil.rmtree(folder / "work")
        files.write_whole(folder / "README.md", readme(path.name, facts, classes, pictures))
        names = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
        facts["files"] = {name: files.digest(folder / name) for name in names if name != "export.json"}
        write_facts(folder, facts)
        check(folder, next((name for name in formats if name not in together), formats[0]))
        replace(folder, out)
    return facts


def write_facts(folder, facts):
    files.write_whole(folder / "export.json", json.dumps(facts, indent=1, ensure_ascii=False) + "\n")


def check(folder, name):
    """Run the folder's own check, as its receiver would. Raises `ExportError` where it fails.

    With one format: how all of them answer the test vectors, `ask` has asked.
    """
    command = [sys.executable, "-I", "-B", str(folder / "classify.py"), "--check", "--format", name]
    ended = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"CUDA_VISIBLE_DEVICES": "-1"})
    if ended.returncode:
        raise ExportError(f"The folder does not keep its own test vectors:\n{ended.stdout}{ended.stderr}")


def replace(folder, out):
    """Move the finished folder to its place; the former export goes once the new one is there."""
    former = folder.with_name("former")
    if out.exists():
        out.rename(former)
    try:
        folder.rename(out)
    except OSError:
        if former.exists():
            former.rename(out)
        raise


README = """# {name}, exported

Takes {size} x {size} RGB pixels (0 to 255, as float32, name `image`), gives a probability for each of: {classes}.
Everything after the pixels is inside of each file. What is before them, `read_photo` in `classify.py` does; where you write that anew
(a phone, a browser), prove it with the test vectors: `test_vectors/` has photos and the pixels that they must become, `export.json` the
probabilities. The last photo lies on its side, with a note (EXIF) to turn it.

    python classify.py photo.jpg
    python classify.py --check

| format | file | MB | largest difference | same class | needs |
|---|---|---|---|---|---|
{rows}

Compared with the model on {pictures} validation pictures, each format loaded anew in another process. `export.json` also has the digest
of each file, and the tolerance that `--check` allows.
"""
NEEDS = {
    "keras": "`keras` and `tensorflow`",
    "saved_model": "`tensorflow`, or TensorFlow Serving",
    "litert": "`ai-edge-litert`; Android and iOS: LiteRT; C++: LiteRT's C API",
    "onnx": "`onnxruntime`; also C++, C#, Java; browsers: `onnxruntime-web`",
}


def readme(name, facts, classes, pictures):
    rows = [
        f"| {key} | `{one['file']}` | {one['bytes'] / 1e6:.1f} | {one['largest_difference']:.0e} | {one['agreement']:.1%} | "
        f"{NEEDS[key.partition('-')[0]]} |"
        for key, one in facts["formats"].items()
    ]
    return README.format(
        name=name, size=facts["size"], classes=", ".join(classes), rows="\n".join(rows), pictures=pictures
    )
