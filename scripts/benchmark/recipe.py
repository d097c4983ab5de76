"""From files to a scored model, nothing taken from a cache: the best that the course knows to do.

Features of several views at 299 pixels, linear heads, the weight decay chosen by the loss on
validation (accuracy cannot tell them apart); what each ingredient gives; seconds, memory.
"""

import multiprocessing
import tempfile
from time import perf_counter

from scripts.course import import_tensorflow
from scripts.resources import peak_memory

RECIPE_SIZE = 299  # pixels
VIEWS = (("squash", False), ("pad", False), ("squash", True), ("pad", True))  # fit, mirrored
TRAINED = 3  # of the views: one more of all training photos would cost minutes, one more of the others costs seconds
SEEDS = (0, 1, 2)
RECIPE_DECAYS = (0.001, 0.003, 0.01)


def recipe():
    """Return one dictionary for each ingredient, and the bill; in a fresh process, whose seconds
    and memory are measured.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure_recipe, (perf_counter(),))


def measure_recipe(start):
    """Make the features of all views, choose the weight decay on validation, score; then try the
    recipe with other ingredients.
    """
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
    seconds, memory = perf_counter() - start, peak_memory() / 2**20

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
    """Train a head on some views of the training photos, for each seed; it looks at some views of
    each photo that it classifies.

    `splits` holds the `Features` of all views, `trained` and `seen` the numbers of those to take.
    Return for each split that is `scored` a list of the mean probabilities over the views seen, an
    array (n, classes) for each seed.
    """
    import keras
    import numpy as np

    from scripts.heads import train_head

    answers = {split: [] for split in scored}
    x = np.concatenate([splits["train"][number].features for number in trained])
    labels = np.concatenate([splits["train"][number].labels for number in trained])
    for seed in seeds:
        head = train_head(x, labels, int(labels.max()) + 1, decay, seed=seed, label_smoothing=label_smoothing)
        for split, probabilities in answers.items():
            views = [head.predict(splits[split][number].features, verbose=0) for number in seen]
            probabilities.append(
                np.mean([keras.ops.convert_to_numpy(keras.ops.softmax(view)) for view in views], axis=0)
            )
    return answers


def judge(answers, splits, split):
    """Return the mean accuracy over the seeds, the lowest, Wilson's interval (of the mean) and the
    mean loss, as table columns.
    """
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
