"""Measure speed, as ratios taken in one run, on the pictures that `COURSE_DATA` names.

    python -m scripts.benchmark backbone|heads|recipe [--json FILE]

backbone: images per second of Xception and of the stand-in, at 150 and 299 pixels, in float32 and bfloat16: the bare model on
          a ready batch; our feature pass, which reads the files too; the files alone. How near the bare model comes to the
          machine's speed in a plain matrix product, and the memory peak. Speed does not depend on the weights' values, so
          random ones are used.
heads:    the heads of lessons 08 and 09 on a frozen base, as published courses train them (the base inside `fit`, all photos
          through it in every epoch) and as we do (features computed once): seconds per epoch, the ratio, the accuracies of both.
          The slow way runs on a part of the photos only, and its seconds for an epoch are extrapolated from that part.
          Then the bill of all experiments of lessons 08 to 10, whose epochs are read from the lessons' own outputs.
recipe:   from files to a scored model, nothing taken from a cache: features of several views at 299 pixels, linear heads, the
          weight decay chosen by the loss on validation (accuracy cannot tell them apart); what each ingredient gives;
          seconds, memory.
"""

import argparse
import json
import multiprocessing
import os
import platform
import re
import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from scripts.course import CourseError, import_tensorflow

BATCH = 32
ROUNDS = 5
PART = 320  # photos on which the slow way of `heads` is timed
PART_EPOCHS = 3  # the first builds the graph and is not timed
HEADS = ((), (10,), (100,), (1000,))  # inner layers, as in lesson 09
SEEDS = (0, 1, 2)
EPOCHS = 30  # of a head in `heads`, the fast way
RECIPE_SIZE = 299  # pixels
VIEWS = (("squash", False), ("pad", False), ("squash", True), ("pad", True))  # fit, mirrored
TRAINED = 3  # of the views: one more of all training photos would cost minutes, one more of the others costs seconds
RECIPE_DECAYS = (0.001, 0.003, 0.01)


def backbone():
    """Return one dictionary for each network, size and number type, each measured in a fresh process, and an empty bill."""
    rows = []
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for size in (150, 299):
            for policy in ("float32", "mixed_bfloat16"):
                for network in ("Xception", "stand-in"):
                    rows.append(pool.apply(measure_backbone, (network, size, policy)))
                ratio = rows[-1]["model"] / rows[-2]["model"]
                rows[-1]["times Xception"] = ratio
    return rows, {}


def measure_backbone(network, size, policy):
    """Return images per second and memory of one network in this process, as a dictionary."""
    os.environ["COURSE_WEIGHTS"] = "standin"
    import_tensorflow()
    import keras
    import numpy as np

    from scripts.datasets import list_images, load_image
    from scripts.features import run
    from scripts.standin import build_standin

    keras.config.set_dtype_policy(policy)
    if network == "Xception":
        model = keras.applications.Xception(include_top=False, weights=None, pooling="avg", input_shape=(size, size, 3))
    else:
        model = build_standin(image=keras.Input((size, size, 3)), pooling="avg")
    batch = np.random.default_rng(0).uniform(-1, 1, (BATCH, size, size, 3)).astype("float32")
    paths = list_images("train")[0]
    paths = paths[:: max(1, len(paths) // (BATCH * (4 if network == "Xception" else 12)))]
    bare, whole, files = [], [], []
    model.predict_on_batch(batch)
    for _ in range(ROUNDS):  # in turn, so that a change of the machine's speed meets all alike
        repeats = len(paths) // BATCH
        start = perf_counter()
        for _ in range(repeats):
            model.predict_on_batch(batch)
        bare.append(repeats * BATCH / (perf_counter() - start))
        start = perf_counter()
        run(model, paths[: repeats * BATCH], size, "crop", BATCH, network)
        whole.append(repeats * BATCH / (perf_counter() - start))
        start = perf_counter()
        for path in paths[:BATCH]:
            load_image(path, size)
        files.append(BATCH / (perf_counter() - start))
    model_speed = statistics.median(bare)
    return {
        "network": network,
        "pixels": size,
        "numbers": policy.removeprefix("mixed_"),
        "model": model_speed,
        "feature pass": statistics.median(whole),
        "pass / model": statistics.median(one / other for one, other in zip(whole, bare, strict=True)),
        "files, one core": statistics.median(files),
        "of matrix product": model_speed * operations(model) / matrix_product(policy),
        "memory MB": peak_memory(),
    }


def heads():
    """Return one dictionary for each head of `HEADS`, and one for the bill of lessons 08 to 10."""
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
    photos = len(train.labels) + len(
        validation.labels
    )  # in a pass; published courses score validation after each epoch

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
    epochs, passes = lessons_bill()
    ours = passes * seconds_of_pass + epochs * statistics.median(row["ours, s per epoch"] for row in rows)
    published = epochs * statistics.median(row["published, s per epoch"] for row in rows)
    bill = {
        "the published way": f"timed on {PART} photos, extrapolated to {photos:,}; accuracies after {PART_EPOCHS} epochs on those {PART}",
        "ours": f"without the feature pass, {seconds_of_pass:.0f} s, once",
        "experiments of lessons 08 to 10, epochs": epochs,
        "feature passes over all photos": passes,
        "published, hours": published / 3600,
        "ours, minutes": ours / 60,
        "times faster": published / ours,
    }
    return rows, bill


def build_head(inner, classes, features, seed):
    """Return lesson 09's head: standardized features, inner layers with ReLU, logits."""
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
    """Train for some epochs; return the median of their seconds, the first left out. The same seed, the same batches."""
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


def lessons_bill():
    """Return how many epochs of heads lessons 08 to 10 train, and how often they pass all photos through the base.

    Both are read from what the lessons print about the sample. Raises `CourseError` where a lesson does not print it.
    """
    from scripts import notebooks, sample

    epochs, photos = 0, len(sample.plan())  # one pass over all photos, which the three lessons share
    for path in notebooks.find_lessons():
        if path.stem[:2] in ("08", "09", "10"):
            cells = notebooks.code_cells(notebooks.read_notebook(path))
            printed = "".join(output.get("text", "") for cell in cells for output in cell.outputs)
            trained = re.findall(r"([\d,]+) epochs over [\d,]+ photos trained here", printed)
            if len(trained) != 1:
                raise CourseError(
                    f"{path.name} does not print how many epochs it trains; store its outputs: `make outputs`"
                )
            epochs += int(trained[0].replace(",", ""))
            passed = re.findall(r"photos through the base: ([\d,]+) here", printed)
            photos = max([photos, *(int(number.replace(",", "")) for number in passed)])
    return epochs, photos / len(sample.plan())


def recipe():
    """Return one dictionary for each ingredient, and the bill; in a fresh process, whose seconds and memory are measured."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure_recipe, (perf_counter(),))


def measure_recipe(start):
    """Make the features of all views, choose the weight decay on validation, score; then try the recipe with other ingredients."""
    import_tensorflow()
    import keras

    from scripts.features import features
    from scripts.pretrained import Xception

    keras.config.set_dtype_policy("mixed_bfloat16")
    base = Xception(include_top=False, input_shape=(RECIPE_SIZE, RECIPE_SIZE, 3))
    keras.config.set_dtype_policy("float32")
    pooled = keras.layers.GlobalAveragePooling2D(dtype="float32")(base.output)
    plain = keras.Model(base.input, pooled)
    image = keras.Input((RECIPE_SIZE, RECIPE_SIZE, 3))
    networks = {False: plain, True: keras.Model(image, plain(keras.ops.flip(image, axis=2)))}
    splits = {}
    with tempfile.TemporaryDirectory() as empty:
        for split, views in (("train", VIEWS[:TRAINED]), ("validation", VIEWS), ("test", VIEWS)):
            splits[split] = [
                features(networks[mirrored], split, RECIPE_SIZE, fit, folder=empty) for fit, mirrored in views
            ]
    seconds_of_passes = perf_counter() - start

    trained, seen = range(TRAINED), range(len(VIEWS))
    choices = {decay: try_views(splits, trained, seen, decay, SEEDS[:1]) for decay in RECIPE_DECAYS}
    decay = min(choices, key=lambda one: judge(choices[one], splits, "validation")["validation loss"])
    scored = try_views(splits, trained, seen, decay, SEEDS, scored=("validation", "test"))
    result = {**judge(scored, splits, "validation"), **judge(scored, splits, "test")}
    seconds, memory = perf_counter() - start, peak_memory()

    rows = [
        {"recipe": f"weight decay {one}, seed {SEEDS[0]}", **judge(tried, splits, "validation")}
        for one, tried in choices.items()
    ]
    for some, looks in (((0,), (0,)), ((0, 2), (0, 2)), ((0, 1), (0, 1)), (trained, trained), ((0, 1), seen)):
        tried = try_views(splits, some, looks, decay, SEEDS)
        name = (
            f"trained on {view_names(some)}; looks at {view_names(looks) if list(some) != list(looks) else 'the same'}"
        )
        rows.append({"recipe": name, **judge(tried, splits, "validation")})
    smoothed = try_views(splits, trained, seen, decay, SEEDS, label_smoothing=0.1)
    rows.append({"recipe": "the recipe, label smoothing 0.1", **judge(smoothed, splits, "validation")})
    averaged = {split: [sum(answers) / len(answers)] for split, answers in scored.items()}
    rows.append({"recipe": f"the recipe, {len(SEEDS)} heads averaged", **judge(averaged, splits, "validation")})
    name = f"the recipe: trained on {view_names(trained)}; looks at {view_names(seen)}"
    rows.append({"recipe": name, **judge(scored, splits, "validation")})
    bill = {
        "weight decay": decay,
        "seeds": len(SEEDS),
        **result,
        "minutes": seconds / 60,
        "of that passes": seconds_of_passes / 60,
        "memory MB": memory,
    }
    return rows, bill


def view_names(numbers):
    return " + ".join(VIEWS[number][0] + (" mirrored" if VIEWS[number][1] else "") for number in numbers)


def try_views(splits, trained, seen, decay, seeds, label_smoothing=0.0, scored=("validation",)):
    """Train a head on some views of the training photos, for each seed; it looks at some views of each photo that it classifies.

    `splits` holds the `Features` of all views, `trained` and `seen` the numbers of those to take. Return for each split that is
    `scored` a list of the mean probabilities over the views seen, an array (n, classes) for each seed.
    """
    import keras
    import numpy as np

    from scripts.heads import fit_head

    answers = {split: [] for split in scored}
    x = np.concatenate([splits["train"][number].features for number in trained])
    labels = np.concatenate([splits["train"][number].labels for number in trained])
    for seed in seeds:
        head = fit_head(x, labels, int(labels.max()) + 1, decay, seed=seed, label_smoothing=label_smoothing)
        for split, probabilities in answers.items():
            views = [head.predict(splits[split][number].features, verbose=0) for number in seen]
            probabilities.append(
                np.mean([keras.ops.convert_to_numpy(keras.ops.softmax(view)) for view in views], axis=0)
            )
    return answers


def judge(answers, splits, split):
    """Return the mean accuracy over the seeds, the lowest, Wilson's interval (of the mean) and the mean loss, as table columns."""
    import numpy as np

    from scripts.results import wilson_interval

    labels = splits[split][0].labels
    n = len(labels)
    correct = [int((probabilities.argmax(axis=1) == labels).sum()) for probabilities in answers[split]]
    losses = [float(-np.log(probabilities[np.arange(n), labels]).mean()) for probabilities in answers[split]]
    mean = sum(correct) / len(correct)
    low, high = wilson_interval(round(mean), n)
    return {
        split: mean / n,
        f"{split} lowest": min(correct) / n,
        f"{split} interval": f"{low:.3f}-{high:.3f}",
        f"{split} loss": sum(losses) / len(losses),
    }


def operations(model):
    """Return the floating-point operations of the model for one image: two for each multiplication of its convolutions."""
    count = 0
    for layer in model.layers:
        name = type(layer).__name__
        if name in ("Conv2D", "SeparableConv2D"):
            kernels = [weight.shape for weight in layer.weights]
            _, height, width, _ = layer.output.shape
            for rows, columns, channels, filters in kernels:
                count += 2 * rows * columns * channels * filters * height * width
    return count


def matrix_product(policy):
    """Return the floating-point operations per second that this machine reaches in a plain product of two matrices."""
    import tensorflow as tf

    matrix = tf.cast(tf.random.normal((2048, 2048)), policy.removeprefix("mixed_"))
    product = tf.function(lambda: tf.reduce_sum(tf.matmul(matrix, matrix)))
    product()
    speeds = []
    for _ in range(ROUNDS):
        start = perf_counter()
        product().numpy()
        speeds.append(2 * 2048**3 / (perf_counter() - start))
    return max(speeds)


def peak_memory():
    """Return the largest memory that this process has held so far, in MB."""
    try:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1024 if sys.platform != "darwin" else peak / 1024**2
    except ImportError:  # Windows
        import psutil

        return psutil.Process().memory_info().peak_wset / 1024**2


def show(rows):
    """Print rows, dictionaries, as a table."""
    import pandas

    def few_digits(number):
        return f"{number:.3f}" if number < 1 else f"{number:.2f}" if number < 10 else f"{number:,.0f}"

    print(pandas.DataFrame(rows).to_string(index=False, na_rep="", float_format=few_digits))


PARTS = {"backbone": backbone, "heads": heads, "recipe": recipe}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=sorted(PARTS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table there too")
    arguments = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores")
    rows, bill = PARTS[arguments.part]()
    show(rows)
    for name, value in bill.items():
        print(f"{name}: {value:,.3f}" if isinstance(value, float) else f"{name}: {value}")
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps({"rows": rows, "bill": bill}, indent=1) + "\n")


if __name__ == "__main__":
    try:
        main()
    except CourseError as error:
        sys.exit(str(error))
