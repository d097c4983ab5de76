"""Classify photos with the model in this folder, or prove that it gives the answers it was made to.

    python classify.py photo.jpg           the likeliest classes, with the first runtime there is
    python classify.py --check             every format against the test vectors

Needs Python, NumPy, Pillow and, for each format, one package: ai-edge-litert (.tflite), onnxruntime
(.onnx), keras (.keras) or tensorflow (saved_model). Nothing of the course: take it with you.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

HERE = Path(__file__).resolve().parent
PACKAGES = {"litert": "ai_edge_litert", "onnx": "onnxruntime", "keras": "keras", "saved_model": "tensorflow"}


class Refusal(Exception):
    """What cannot be done. The message says all there is to say."""


def read_photo(path, size, fit="crop"):
    """Return a photo as the model saw its training photos: uint8, (size, size, 3), values 0-255.

    Each step changes the answer if it is left out: a large JPEG is decoded at a fraction of its
    size (`draft`), the photo is turned upright (EXIF), transparent parts become white, and the
    resize is bilinear with antialias. Raises `Refusal` for a file that is no picture.
    """
    try:
        with Image.open(path) as image:
            image.draft("RGB", (size, size))
            image.load()
            image = ImageOps.exif_transpose(image)
            if image.mode.startswith("I"):  # 16 bits
                image = Image.fromarray(np.clip(np.rint(np.asarray(image, "float64") / 257), 0, 255).astype("uint8"))
            if image.has_transparency_data:
                image = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
            image = image.convert("RGB")
    except Exception as error:  # Pillow raises a dozen kinds for damaged files
        raise Refusal(f"{path} cannot be read as a picture: {error}") from None
    method = Image.Resampling.BILINEAR  # in Pillow this one is antialiased
    if fit == "crop":
        image = ImageOps.fit(image, (size, size), method)
    elif fit == "pad":
        scale = size / max(image.size)
        image = image.resize([max(1, round(side * scale)) for side in image.size], method)
        image = ImageOps.pad(image, (size, size), color=(128, 128, 128))
    else:
        image = image.resize((size, size), method)
    return np.array(image)


def load_model(name, file, threads):
    """Return the model in a file as a function from pixels, float32 (1, size, size, 3) in 0-255, to
    probabilities, (1, classes).

    `name` is that of the format, whose first word says which runtime it wants.
    """
    runtime = name.partition("-")[0]
    if runtime == "litert":
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(str(file), num_threads=threads)
        run = interpreter.get_signature_runner()
        return lambda pixels: next(iter(run(image=pixels).values()))
    if runtime == "onnx":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        return lambda pixels: session.run(["probabilities"], {"image": pixels})[0]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow

    tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
    if runtime == "saved_model":
        loaded = tensorflow.saved_model.load(str(file))
        return lambda pixels: loaded.serve(pixels).numpy()
    import keras

    model = keras.saving.load_model(file, compile=False)
    return lambda pixels: model.predict_on_batch(pixels)


def missing(name):
    """Return the package that a format wants and that is not installed; "" where it is."""
    from importlib.util import find_spec

    package = PACKAGES[name.partition("-")[0]]
    return "" if find_spec(package) else package.replace("_", "-")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def damaged_files(facts, folder=HERE):
    """Return the names of the files whose digest is not the recorded one, or that are not there."""
    return [
        name
        for name, wanted in facts["files"].items()
        if not (folder / name).is_file() or digest(folder / name) != wanted
    ]


def check_pixels(facts):
    """Return by how many levels of 0-255 the test photos, read here, differ at most from the stored
    pixels.
    """
    differences = []
    for vector in facts["vectors"]:
        found = read_photo(HERE / vector["photo"], facts["size"], facts["fit"])
        wanted = np.asarray(Image.open(HERE / vector["pixels"]))
        differences.append(np.abs(found.astype(int) - wanted).max())
    return int(max(differences))


def measure(name, facts, pixels, threads):
    """Return the answers of a format for `pixels`, uint8 (n, size, size, 3), and what they cost, a
    dictionary.
    """
    begin = time.perf_counter()
    model = load_model(name, HERE / facts["formats"][name]["file"], threads)
    first = model(pixels[:1].astype("float32"))
    start = time.perf_counter() - begin
    answers, seconds = [first], []
    for photo in pixels[1:]:
        begin = time.perf_counter()
        answers.append(model(photo[None].astype("float32")))
        seconds.append(time.perf_counter() - begin)
    costs = {"start_seconds": start, "milliseconds": 1000 * float(np.median(seconds or [start]))}
    costs["peak_megabytes"] = peak_megabytes()
    costs["tensorflow"] = "tensorflow" in sys.modules
    return np.concatenate(answers), costs


def peak_megabytes():
    """Return the most memory that this process has held so far, in MB; None on Windows."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def check(names, facts, threads):
    """Compare the formats with the test vectors; print a line for each and return how many fail."""
    failed = 0
    if bad := damaged_files(facts):
        raise Refusal(f"{bad[0]} is damaged or missing: its digest is not the recorded one. Export the model again.")
    levels = check_pixels(facts)
    print(f"pixels of the test photos: {levels} of 255 levels off at most, allowed is 1")
    failed += levels > 1
    pixels = np.stack([np.asarray(Image.open(HERE / vector["pixels"])) for vector in facts["vectors"]])
    wanted = np.array([vector["probabilities"] for vector in facts["vectors"]])
    for name in names:
        if package := missing(name):
            print(f"{name}: not tried, {package} is not installed")
            continue
        answers, _ = measure(name, facts, pixels, threads)
        difference, allowed = float(np.abs(answers - wanted).max()), facts["formats"][name]["tolerance"]
        good = difference <= allowed  # False for what is no number
        print(f"{name}: {'good' if good else 'OTHER ANSWERS'}, {difference:.1e} off at most, allowed is {allowed}")
        failed += not good
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="*", metavar="photo")
    parser.add_argument("--format", metavar="A,B", help="use these, or this one (export.json lists them)")
    parser.add_argument("--threads", type=int, default=1, metavar="N")
    parser.add_argument("--check", action="store_true", help="compare with the test vectors")
    parser.add_argument("--pixels", metavar="FILE.npy", help="classify pixels: uint8, (n, size, size, 3)")
    parser.add_argument(
        "--answers", metavar="FOLDER", help="where each format's go, NAME.npy; costs are printed as JSON"
    )
    options = parser.parse_args()
    try:
        facts = json.loads((HERE / "export.json").read_text(encoding="utf-8"))
        names = list(facts["formats"])
        wanted = options.format.split(",") if options.format else names
        if unknown := [name for name in wanted if name not in names]:
            raise Refusal(f"There is no format {unknown[0]!r} here. There are: {', '.join(names)}.")
        names = wanted
        if options.check:
            return int(check(names, facts, options.threads) > 0)
        usable = [name for name in names if not missing(name)]
        if not usable:
            raise Refusal(f"Install one of: {', '.join(sorted({missing(name) for name in names}))}.")
        if options.pixels:
            pixels = np.load(options.pixels)
            for name in usable:
                answers, costs = measure(name, facts, pixels, options.threads)
                np.save(Path(options.answers) / f"{name}.npy", answers)
                print(json.dumps({"format": name} | costs), flush=True)
            return 0
        if not options.photos:
            parser.error("name a photo, or give --check")
        pixels = [read_photo(photo, facts["size"], facts["fit"]) for photo in options.photos]
        classes = json.loads((HERE / "classes.json").read_text(encoding="utf-8"))
        for photo, row in zip(
            options.photos, measure(usable[0], facts, np.stack(pixels), options.threads)[0], strict=True
        ):
            best = np.argsort(row)[::-1][:3]
            print(f"{photo}: " + ", ".join(f"{classes[index]} {row[index]:.0%}" for index in best))
        return 0
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
