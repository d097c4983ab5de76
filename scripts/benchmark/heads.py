"""The heads of lessons 8 to 11 on a frozen base, as published courses train them and as we do; and
the bill.

Published: the base inside `fit`, all photos through it in every epoch. Ours: features computed
once. Seconds per epoch, the ratio, the accuracies of both. The slow way runs on a part of the
photos only, and its seconds for an epoch are extrapolated from that part. Then the bill of all
experiments of lessons 9 to 12, whose epochs the lessons record.
"""

import json
import statistics
import tempfile
from time import perf_counter

from scripts.course import ROOT, CourseError, import_tensorflow

BATCH = 32
PART = 320  # photos on which the slow way is timed
PART_EPOCHS = 3  # the first builds the graph and is not timed
HEADS = ((), (10,), (100,), (1000,))  # inner layers, as in lesson 11
SEEDS = (0, 1, 2)
TRAINING_LESSONS = ("09", "10", "11", "12")
EPOCHS = 30  # of a head, the fast way


def heads():
    """Return one dictionary for each head of `HEADS`, and one for the bill of lessons 9 to 12."""
    epochs, passes = lessons_bill()  # what is missing is said before anything is measured
    import_tensorflow()
    import keras
    import numpy as np

    from scripts.datasets import class_names, image_folder
    from scripts.features import features
    from scripts.pretrained import Xception

    size, classes = 150, len(class_names())
    base = Xception(include_top=False, input_shape=(size, size, 3))
    base.trainable = False
    extractor = keras.Sequential([base, keras.layers.GlobalAveragePooling2D()])
    start = perf_counter()
    with tempfile.TemporaryDirectory() as empty:
        train, validation = (features(extractor, split, size, folder=empty) for split in ("train", "validation"))
    seconds_of_pass = perf_counter() - start
    # In a pass: published courses score validation after each epoch.
    photos = len(train.labels) + len(validation.labels)

    generator = np.random.default_rng(0)  # a part of the photos with all classes
    part = np.sort(generator.permutation(len(train.labels))[:PART])
    images = np.concatenate([batch for batch, _ in image_folder("train", size)])[part]
    held_out = np.concatenate([batch for batch, _ in image_folder("validation", size)])
    rows = []
    for inner in HEADS:
        for seed in SEEDS if not inner else SEEDS[:1]:
            image = keras.Input((size, size, 3))
            scaled = keras.layers.Rescaling(1 / 127.5, offset=-1)(image)
            pooled = keras.layers.GlobalAveragePooling2D()(base(scaled, training=False))
            slow_head, fast_head = (build_head(inner, classes, train.features, seed) for _ in range(2))
            slow = compile_head(keras.Model(image, slow_head(pooled)))
            slow_seconds = time_epochs(slow, images, train.labels[part], seed)
            fast = compile_head(fast_head)
            time_epochs(fast, train.features[part], train.labels[part], seed)
            answers = [
                model.predict(x, verbose=0).argmax(axis=1)
                for model, x in ((slow, held_out), (fast, validation.features))
            ]
            correct = [int((answer == validation.labels).sum()) for answer in answers]
            whole = compile_head(build_head(inner, classes, train.features, seed))
            fast_seconds = time_epochs(whole, train.features, train.labels, seed, EPOCHS)
            slow_epoch = slow_seconds / PART * photos
            rows.append(
                {
                    "head": "-".join(map(str, (*inner, classes))),
                    "seed": seed,
                    "published, s per epoch": slow_epoch,
                    "ours, s per epoch": fast_seconds,
                    "times faster": slow_epoch / fast_seconds,
                    "published, accuracy": correct[0] / len(validation.labels),
                    "ours, accuracy": correct[1] / len(validation.labels),
                    "same answers": float((answers[0] == answers[1]).mean()),
                }
            )
    ours = passes * seconds_of_pass + epochs * statistics.median(row["ours, s per epoch"] for row in rows)
    published = epochs * statistics.median(row["published, s per epoch"] for row in rows)
    bill = {
        "the published way": f"timed on {PART} photos, extrapolated to {photos:,}; accuracies after {PART_EPOCHS} epochs on those {PART}",
        "ours": f"without the feature pass, {seconds_of_pass:.0f} s, once",
        "experiments of lessons 9 to 12, epochs": epochs,
        "feature passes over all photos": passes,
        "published, hours": published / 3600,
        "ours, minutes": ours / 60,
        "times faster": published / ours,
    }
    return rows, bill


def build_head(inner, classes, features, seed):
    """Return a lesson's head: standardized features, inner layers with ReLU, logits."""
    import keras

    keras.utils.set_random_seed(seed)
    normalization = keras.layers.Normalization()
    normalization.adapt(features)
    dense = [keras.layers.Dense(units, activation="relu") for units in inner]
    return keras.Sequential([normalization, *dense, keras.layers.Dense(classes)])


def compile_head(model):
    import keras

    model.compile(keras.optimizers.Adam(0.001), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def time_epochs(model, x, labels, seed, epochs=PART_EPOCHS):
    """Train for some epochs; return the median of their seconds, the first left out. The same seed,
    the same batches.
    """
    import keras

    class Clock(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.seconds = []

        def on_epoch_begin(self, epoch, logs=None):
            self.begin = perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            self.seconds.append(perf_counter() - self.begin)

    clock = Clock()
    keras.utils.set_random_seed(seed)
    model.fit(x, labels, batch_size=BATCH, epochs=epochs, callbacks=[clock], verbose=0)
    return statistics.median(clock.seconds[1:])


def lessons_bill(file=ROOT / "build" / "run.json"):
    """Return how many epochs of heads lessons 09 to 12 train, and how often they pass all pictures
    through the base.

    Read from what they recorded (`results.record_work`) in the last `make run`. Raises
    `CourseError` where one of them did not run.
    """
    try:
        lessons = json.loads(file.read_text(encoding="utf-8"))["lessons"]
    except (OSError, ValueError):
        lessons = []
    work = {lesson["lesson"][:2]: row for lesson in lessons for row in lesson["results"] if row["name"] == "work"}
    missing = [number for number in TRAINING_LESSONS if number not in work]
    if missing:
        raise CourseError(f"{file} does not say how many epochs lesson {missing[0]} trains: run `make run` first.")
    rows = [work[number] for number in TRAINING_LESSONS]
    # The lessons share one plain pass; what a lesson needs beyond it, such as mirrored views, it
    # needs alone.
    photos = [row["photos"] for row in rows]
    return sum(row["epochs"] for row in rows), max(photos) / min(photos)
