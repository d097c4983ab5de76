"""Train the stand-in: a small network that learns to reproduce the features of the real Xception.

    COURSE_DATA=small COURSE_WEIGHTS=imagenet python -m scripts.distill

Both networks look at the same views of the *training* photos (random crops, flips and color
changes). The teacher, Xception at 299 px, turns each view into 2,048 pooled features, once; the
student, `scripts.standin` at 150 px, learns to predict them through one linear layer. No class
label is used for that, and no validation or test photo is opened. Only then is a classification top
trained on the labels of the training photos, and the result measured.

Everything is kept in `data/cache/distill/`, so that a run that was cut off goes on where it
stopped. It runs on every backend of Keras (`KERAS_BACKEND=tensorflow`, `jax` or `torch`). The
method is feature distillation: Romero et al., "FitNets", 2015; Beyer et al., "Knowledge
distillation: a good teacher is patient and consistent", 2022.
"""

import argparse
import csv
import hashlib
import platform
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
from PIL import Image, ImageEnhance, ImageOps
from tqdm import tqdm

from scripts import files
from scripts.course import CACHE, CourseError, weights_source
from scripts.datasets import data_folder, list_images, open_image
from scripts.features import features
from scripts.heads import linear_probe, train_head
from scripts.pretrained import STANDIN_CLASSES, STANDIN_WEIGHTS, load_file, load_imagenet
from scripts.resources import cores
from scripts.sample.folder import ensure
from scripts.standin.network import build_standin

TEACHER_SIZE = 299  # pixels; what Xception was trained at
STUDENT_SIZE = 150  # pixels
CHUNK = 512  # views in one file of the cache
BATCH = 64
STEPS_IN_EPOCH = 100  # a checkpoint after each
# Small pictures first, which are faster: up to that share of the run, pixels.
SIZES = ((0.6, 112), (0.8, 128), (1.0, 150))
LEARNING_RATE = 0.002
WEIGHT_DECAY = 0.01


def draw_view(image, seed):
    """Return the recipe of one random view of a Pillow image: crop box, flip, color factors. The
    same seed, the same view.

    The crop covers 30 to 100 % of the area, with the sides' ratio changed by up to a third, so that
    crops, whole photos and squashed photos all occur.
    """
    generator = random.Random(seed)
    width, height = image.size
    area = width * height * generator.uniform(0.3, 1.0)
    ratio = generator.uniform(3 / 4, 4 / 3) if generator.random() < 0.7 else width / height
    crop_width = min(width, (area * ratio) ** 0.5)
    crop_height = min(height, (area / ratio) ** 0.5)
    left = generator.uniform(0, width - crop_width)
    top = generator.uniform(0, height - crop_height)
    return {
        "box": (left, top, left + crop_width, top + crop_height),
        "flip": generator.random() < 0.5,
        "brightness": generator.uniform(0.7, 1.3),
        "contrast": generator.uniform(0.7, 1.3),
        "color": generator.uniform(0.6, 1.4),
    }


def plain_view(image, flip):
    """Return the recipe of the whole photo, flipped or not, with its colors as they are."""
    return {"box": (0, 0, *image.size), "flip": flip, "brightness": 1, "contrast": 1, "color": 1}


def render_view(image, recipe, size):
    """Return the view as a uint8 array of shape (size, size, 3)."""
    view = image.resize((size, size), Image.Resampling.BILINEAR, box=recipe["box"])
    if recipe["flip"]:
        view = ImageOps.mirror(view)
    view = ImageEnhance.Brightness(view).enhance(recipe["brightness"])
    view = ImageEnhance.Contrast(view).enhance(recipe["contrast"])
    view = ImageEnhance.Color(view).enhance(recipe["color"])
    return np.asarray(view)


def make_views(path, index):
    """Return view number `index` of a photo for both networks: (299, 299, 3) and (150, 150, 3),
    uint8.
    """
    image = open_image(path)
    if index < 2:
        recipe = plain_view(image, flip=index == 1)
    else:
        recipe = draw_view(image, f"{Path(path).name}-{index}")
    return render_view(image, recipe, TEACHER_SIZE), render_view(image, recipe, STUDENT_SIZE)


def scale(images):
    return images.astype("float32") / 127.5 - 1


def teach(teacher, paths, views, folder):
    """Run the teacher once over every view; write files of `CHUNK` views that a later call finds
    and skips.
    """
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(path, index) for index in range(views) for path in paths]
    chunks = [jobs[start : start + CHUNK] for start in range(0, len(jobs), CHUNK)]
    with ThreadPoolExecutor(2) as pool, tqdm(total=len(jobs), unit="view", desc="teacher") as bar:
        for number, chunk in enumerate(chunks):
            file = folder / f"views-{number:04}.npz"
            if stored_views(file) < len(chunk):  # the last file of an earlier run with fewer views may be short
                features, images = [], []
                batches = [chunk[start : start + 32] for start in range(0, len(chunk), 32)]
                ahead = [pool.submit(make_views, *job) for job in batches[0]]
                for position, batch in enumerate(batches):
                    pairs = [future.result() for future in ahead]
                    following = batches[position + 1] if position + 1 < len(batches) else []
                    ahead = [pool.submit(make_views, *job) for job in following]
                    inputs = scale(np.stack([large for large, _ in pairs]))
                    features.append(keras.ops.convert_to_numpy(teacher.predict_on_batch(inputs)))
                    images += [small for _, small in pairs]
                    bar.update(len(batch))
                with files.written_whole(file) as part, part.open("wb") as stream:
                    np.savez(stream, images=np.stack(images), features=np.concatenate(features).astype("float16"))
            else:
                bar.update(len(chunk))


def stored_views(file):
    """Return how many views a file of the cache holds, 0 where there is no file."""
    if not file.exists():
        return 0
    with np.load(file) as stored:
        return len(stored["features"])


def load_views(folder, count):
    """Return all views: uint8 images (n, 150, 150, 3), and float32 teacher features (n, 2048),
    standardized.
    """
    images, features = [], []
    for file in sorted(folder.glob("views-*.npz")):
        with np.load(file) as stored:
            images.append(stored["images"])
            features.append(stored["features"])
    images, features = np.concatenate(images)[:count], np.concatenate(features)[:count].astype("float32")
    spread = features.std(axis=0)
    return images, (features - features.mean(axis=0)) / np.where(spread > 1e-6, spread, 1)


class Batches(keras.utils.PyDataset):
    """The batches of one epoch: a part of a shuffled pass over all views. The same epoch, the same
    batches.
    """

    def __init__(self, images, targets, epoch, size):
        super().__init__(workers=2, max_queue_size=8)
        self.images, self.targets, self.size = images, targets, size
        first, each = epoch * STEPS_IN_EPOCH * BATCH, len(images)
        passes = range(first // each, (first + STEPS_IN_EPOCH * BATCH) // each + 1)
        order = np.concatenate([np.random.default_rng(number).permutation(each) for number in passes])
        start = first - passes[0] * each
        self.order = order[start : start + STEPS_IN_EPOCH * BATCH]

    def __len__(self):
        return STEPS_IN_EPOCH

    def __getitem__(self, step):
        chosen = np.sort(self.order[step * BATCH : (step + 1) * BATCH])
        images = self.images[chosen]
        if self.size != STUDENT_SIZE:
            side = (self.size, self.size)
            images = np.stack(
                [np.asarray(Image.fromarray(image).resize(side, Image.Resampling.BILINEAR)) for image in images]
            )
        return scale(images), self.targets[chosen]


def read_log(folder):
    """Return the rows of a run's log: epoch, size, loss, seconds, as texts."""
    with (folder / "log.csv").open(newline="") as file:
        return list(csv.reader(file))


def build_student(targets, epochs, start=None):
    """Return the student, ready to train: the stand-in and one linear layer that predicts the
    teacher's features.

    With `start`, the file of a student trained earlier, its weights are taken over and the learning
    rate is halved.
    """
    student = keras.Sequential([build_standin(pooling="avg"), keras.layers.Dense(targets, dtype="float32")])
    highest = LEARNING_RATE
    if start:
        student.set_weights(keras.models.load_model(start, compile=False).get_weights())
        highest = LEARNING_RATE / 2
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=highest / 20,
        decay_steps=int(epochs * STEPS_IN_EPOCH * 0.97),
        warmup_target=highest,
        warmup_steps=int(epochs * STEPS_IN_EPOCH * 0.03),
    )
    student.compile(keras.optimizers.AdamW(schedule, weight_decay=WEIGHT_DECAY), loss="mse")
    return student


def train(images, targets, epochs, folder, start=None):
    """Return the trained student. Every epoch ends with a checkpoint, from which the next call goes
    on.
    """
    checkpoint, log = folder / "student.keras", folder / "log.csv"
    if checkpoint.exists():
        student = keras.models.load_model(checkpoint)
    else:
        student = build_student(targets.shape[1], epochs, start)
    done = int(student.optimizer.iterations) // STEPS_IN_EPOCH
    if done:
        print(f"Going on after epoch {done} of {epochs}.")
    for epoch in range(done, epochs):
        # A student that was trained before sees large pictures only.
        size = STUDENT_SIZE if start else next(size for share, size in SIZES if epoch < share * epochs)
        begin = time.perf_counter()
        history = student.fit(Batches(images, targets, epoch, size), verbose=0)
        seconds = time.perf_counter() - begin
        with files.written_whole(checkpoint) as part:
            student.save(part)
        loss = history.history["loss"][0]
        with log.open("a", newline="") as file:
            csv.writer(file).writerow([epoch + 1, size, f"{loss:.4f}", f"{seconds:.1f}"])
        left = (epochs - epoch - 1) * seconds / 60
        print(
            f"epoch {epoch + 1}/{epochs}, {size} px: loss {loss:.4f}, {seconds:.0f} s, {left:.0f} min left", flush=True
        )
    return student


def publish(student, out):
    """Write the stand-in, its trained top included, as float16 weights, and its SHA-256 beside it.
    Return the float32 model.
    """
    # Trained in bfloat16, used in float32: the numbers are the same, the arithmetic is finer.
    keras.config.set_dtype_policy("float32")
    model = build_standin(include_top=True, classes=len(STANDIN_CLASSES))
    trained = {layer.name: layer for layer in student.layers[0].layers}
    for layer in model.layers:
        if layer.name in trained:
            layer.set_weights(trained[layer.name].get_weights())
    backbone = keras.Model(model.input, model.get_layer("avg_pool").output)
    head = train_head(*labeled_features(backbone), len(STANDIN_CLASSES), weight_decay=0.01)
    normalization, dense = head.layers
    mean, variance = (np.ravel(keras.ops.convert_to_numpy(x)) for x in (normalization.mean, normalization.variance))
    kernel, bias = dense.get_weights()
    kernel = kernel / np.sqrt(np.maximum(variance, 1e-7))[:, None]  # the standardization, folded into the layer
    model.get_layer("predictions").set_weights([kernel, bias - mean @ kernel])
    keras.config.set_dtype_policy("float16")
    half = build_standin(include_top=True, classes=len(STANDIN_CLASSES))
    keras.config.set_dtype_policy("float32")
    half.set_weights([weight.astype("float16") for weight in model.get_weights()])
    with files.written_whole(out) as part:
        half.save_weights(part)
    out.with_suffix("").with_suffix(".sha256").write_text(f"{files.digest(out)}  {out.name}\n")
    model.load_weights(out)  # what is published is what is measured
    return model


def labeled_features(backbone):
    """Return features and labels of the training pictures, real and drawn: the top names both."""
    parts = [features(backbone, "train", STUDENT_SIZE, data=data) for data in (data_folder(), ensure())]
    return np.concatenate([part.features for part in parts]), np.concatenate([part.labels for part in parts])


def measure(model):
    """Return `linear_probe`'s dictionary for the published backbone at 150 px on the photos that
    `COURSE_DATA` names.
    """
    backbone = keras.Model(model.input, model.get_layer("avg_pool").output)
    splits = [features(backbone, split, STUDENT_SIZE) for split in ("train", "validation", "test")]
    return linear_probe(*splits, classes=len(STANDIN_CLASSES))


def write_card(out, facts):
    """Add this run to the table of trials beside the weights, and write the model card."""
    trials = out.with_name("standin-trials.csv")
    new = not trials.exists()
    with trials.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, facts, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(facts)
    with trials.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = [" | ".join(["", *rows[0], ""]).strip(), "|" + "---|" * len(rows[0])]
    table += [" | ".join(["", *row.values(), ""]).strip() for row in rows]
    card = CARD.format(table="\n".join(table), size=out.stat().st_size / 1e6, digest=files.digest(out), **facts)
    out.with_suffix("").with_suffix(".md").write_text(card, encoding="utf-8")


CARD = """# The stand-in: model card

Written by `python -m scripts.distill`.

- **What it is**: an Xception in miniature (`scripts/standin/network.py`), {parameters} parameters with its top, for the lessons of this course where
  the ImageNet weights of Xception are not at hand. `data/standin.weights.h5`: {size:.1f} MB, float16, SHA-256 `{digest}`.
- **Data**: {photos} training photos of {data}, {views} views of each (whole photo, its mirror image, random crops
  with flips and color changes). No validation or test photo, and no label, was used for the features. The top, ten clothing
  classes, was then trained on the labels of the same training photos and of the drawn sample's training pictures.
- **Teacher**: {teacher}, at 299 pixels, in bfloat16.
- **Training**: {steps} steps of 64 views at 112, 128 and 150 pixels, AdamW with cosine decay from 0.002 (from half of that,
  at 150 pixels, where a trained student was trained on), mean squared error on the teacher's standardized pooled features;
  {seconds} seconds for the student ({machine}).
- **Results**: a linear head on its features at 150 pixels, real photos, weight decay chosen on validation: validation
  {validation}, test {test}. Also see the README's table, with intervals.
- **Limits**: it has seen clothes laid or hung for a photo, by few photographers, and nothing else. It does not know ImageNet's
  1,000 classes. It is weaker than its teacher. Not for use outside of teaching.
- **License**: CC0 1.0 for the weights, as for the photos; the teacher's weights were published with Keras (MIT and Apache 2.0).

## What was tried

{table}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--views", type=int, default=8, help="views of each photo that the teacher looks at (default 8)"
    )
    parser.add_argument(
        "--epochs", type=int, default=55, help=f"of {STEPS_IN_EPOCH} steps of {BATCH} views (default 55)"
    )
    parser.add_argument("--start", type=Path, metavar="FILE", help="go on from this student.keras of an earlier run")
    parser.add_argument("--out", type=Path, default=STANDIN_WEIGHTS, help="the weights file to write")
    parser.add_argument("--note", default="", help="a word on this run for the table of trials")
    arguments = parser.parse_args()
    for file in (arguments.start, arguments.start.parent / "log.csv") if arguments.start else ():
        if not file.is_file():  # read after hours of work
            raise CourseError(f"--start: {file} is missing. Name the student.keras in the folder of an earlier run.")
    source = weights_source()
    if source.kind == "standin":
        raise CourseError("The teacher is the real Xception: set COURSE_WEIGHTS to 'imagenet' or to its weights file.")
    paths, _ = list_images("train")
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy("mixed_bfloat16")
    teacher = load_teacher(source)
    kind = [TEACHER_SIZE, STUDENT_SIZE, CHUNK, *(files.digest(path) for path in paths)]
    kind = hashlib.sha256(repr(kind).encode()).hexdigest()
    work = CACHE / "distill" / f"{weights_digest(teacher)[:12]}-{kind[:12]}"
    teach(teacher, paths, arguments.views, work)
    del teacher
    images, targets = load_views(work, arguments.views * len(paths))
    run = work / run_name(arguments.views, arguments.epochs, arguments.start)
    run.mkdir(exist_ok=True)
    student = train(images, targets, arguments.epochs, run, arguments.start)
    logs = [read_log(folder) for folder in ([arguments.start.parent] if arguments.start else []) + [run]]
    model = publish(student, arguments.out)
    scores = measure(model)
    facts = {
        "note": arguments.note,
        "parameters": f"{model.count_params():,}",
        "photos": f"{len(paths):,}",
        "data": data_folder().name,
        "teacher": "Xception with its ImageNet weights"
        if source.kind == "imagenet"
        else f"Xception with {source.path.name}",
        "views": arguments.views,
        "steps": " + ".join(str(len(log) * STEPS_IN_EPOCH) for log in logs),
        "loss": logs[-1][-1][2],
        "seconds": " + ".join(f"{sum(float(row[3]) for row in log):.0f}" for log in logs),
        "machine": f"{cores()} cores, {platform.machine()}, {keras.backend.backend()}",
        "validation": f"{scores['validation']:.3f}",
        "test": f"{scores['test']:.3f}",
    }
    write_card(arguments.out, facts)
    print(
        f"{arguments.out.name}: linear head at {STUDENT_SIZE} px, validation {facts['validation']}, test {facts['test']}"
    )


def run_name(views, epochs, start=None):
    """Return the name of the folder of a run; one from another student is another run."""
    return f"student-{views}-{epochs}" + (f"-from-{files.digest(start)[:12]}" if start else "")


def load_teacher(source):
    if source.kind == "path":
        return load_file(source.path, {"include_top": False, "pooling": "avg"})
    return load_imagenet(False, {"include_top": False, "pooling": "avg"})


def weights_digest(model):
    sha = hashlib.sha256()
    for weight in model.weights:
        sha.update(np.ascontiguousarray(keras.ops.convert_to_numpy(weight)))
    return sha.hexdigest()
