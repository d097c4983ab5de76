"""The exercises of lesson 10, Checkpoints."""

import functools
import warnings

import numpy as np

from scripts.checks.exercise import predict, write

KEEPER = 'def keeper():\n    return keras.callbacks.ModelCheckpoint("best.keras", {settings})'
EPOCHS = (  # accuracy, loss, val_accuracy, val_loss
    (0.60, 1.40, 0.58, 1.30),
    (0.70, 1.00, 0.71, 0.90),
    (0.78, 0.80, 0.69, 0.95),
    (0.83, 0.60, 0.80, 0.85),
    (0.82, 0.62, 0.77, 0.75),
    (0.91, 0.40, 0.74, 1.60),
)
CLAIM = """\
def claim_and_worth(right, chooses):
{lines}"""


def keeper(settings):
    return KEEPER.format(settings=settings)


@functools.cache
def compiled():
    """Return a compiled network that knows its metrics, as after a step of `fit`."""
    import keras

    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2)])
    network.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    network.compute_metrics(None, np.zeros(1), np.zeros((1, 2)), None)
    return network


def saved_by(callback):
    """Return how often a callback warns in a training of six epochs, for each of them whether it is
    saved, and whether the callback watches a name that the history has: 0, or 1 for the stub's and
    2 for others that it has not. All are -1 where the training stops with a ValueError.

    No file is written: the network only notes when it is saved.
    """
    saved, network = [], compiled()
    network.save = network.save_weights = lambda path, **options: saved.append(epoch + 1)
    callback.set_model(network)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        callback.on_train_begin()
        for epoch, values in enumerate(EPOCHS):
            callback.on_epoch_begin(epoch)
            logs = dict(zip(("accuracy", "loss", "val_accuracy", "val_loss"), values, strict=True))
            try:
                callback.on_epoch_end(epoch, logs)
            except ValueError:
                return np.full(2 + len(EPOCHS), -1)
    watched = getattr(callback, "monitor", "")
    unknown = 0 if watched in logs else 1 if watched == "val_acc" else 2
    return np.array([len(caught), *(epoch + 1 in saved for epoch in range(len(EPOCHS))), unknown])


def variant(*lines):
    return CLAIM.format(lines="\n".join("    " + line for line in lines))


RANDOM = np.random.default_rng(10)
LUCK = RANDOM.random((40, 30)) < 0.7
HALF = np.arange(30) % 2 == 0

EXERCISES = (
    write(
        title="The best that is the last",
        kind="repair",
        minutes=3,
        trap=True,
        imports=("import keras",),
        task='The head was compiled with `metrics=["accuracy"]`, and `fit` gets validation data. This callback is to keep the '
        "epoch with the highest validation accuracy. It gives no error, and keeps another epoch: repair it.",
        name="keeper",
        stub=keeper('monitor="val_acc", mode="max", save_best_only=True'),
        solution=keeper('monitor="val_accuracy", mode="max", save_best_only=True'),
        why="The name is that of the history: the metric from `compile`, with `val_` in front. With a name that is not there, "
        "Keras warns and saves every epoch over the one before. With the right name Keras knows the mode by itself.",
        cases={"six epochs": ()},
        look=saved_by,
        wrong={
            keeper(
                'monitor="accuracy", mode="max", save_best_only=True'
            ): "This is the accuracy in training, which mostly rises "
            "to the end: it keeps a late epoch, however bad that is on validation.",
            keeper(
                'monitor="val_accuracy", mode="min", save_best_only=True'
            ): "The name is right. But of accuracies the higher one is better, and this keeps the lowest.",
            keeper(
                'monitor="val_accuracy"'
            ): "The name is right. But now every epoch is saved over the one before, the good ones too.",
            keeper(
                'monitor="val_loss", save_best_only=True'
            ): "This keeps the lowest validation loss, often another epoch. Asked is the accuracy.",
            keeper(
                'monitor="val_loss", mode="max", save_best_only=True'
            ): "Of losses the lower one is better: this keeps the worst. And asked is the accuracy.",
            keeper(
                'monitor="val_acc", save_best_only=True'
            ): "Now Keras stops with an error: of a name that it does not know, it cannot say whether more is better. "
            "That is better than silence. But the name is still not one of the history.",
            keeper(
                'monitor="val_acc", mode="max"'
            ): "The warning is gone. But now every epoch is saved anyway, and the name is the same.",
            keeper('monitor="acc", mode="max", save_best_only=True'): "The history does not have this name either.",
            keeper('monitor="val_accuracy", save_best_only=True').replace(
                ".keras", ".hdf5"
            ): "Keras refuses these settings with a ValueError; call `keeper()` to read it. The name of the file was "
            "right as it was.",
            "def keeper():\n    return keras.callbacks.EarlyStopping("
            'monitor="val_accuracy", restore_best_weights=True)': "This saves no epoch. `ModelCheckpoint` does.",
        },
        also_right=(
            keeper('monitor="val_accuracy", save_best_only=True'),
            "def keeper():\n    return keras.callbacks.ModelCheckpoint(\n        filepath='mine.keras', save_best_only=True,"
            " monitor='val_accuracy', mode='auto', verbose=0)",
            keeper('monitor="val_accuracy", save_best_only=True').replace("best.", "head-{epoch:02d}."),
        ),
        expects="a `ModelCheckpoint` for whole models",
        means="It keeps the best epoch. And only loading the file and comparing its score shows that it does.",
        hints=(
            "Which names has the history? The lesson prints them after the first training.",
            "A name that the history does not have is only warned of, and every epoch is saved.",
            "The metric is called as in `compile`. Validation puts `val_` in front of that.",
        ),
    ),
    predict(
        title="When does it stop, and with which weights?",
        minutes=4,
        task="Validation losses of the epochs 1 to 8: 1.00, 0.80, 0.70, 0.75, 0.72, 0.71, 0.60, 0.62. `EarlyStopping(monitor="
        '"val_loss", patience=3)` watches. After which epoch does the training stop, and which epoch\'s weights does the '
        "model have then?",
        right=(6, 6),
        mistakes={
            (6, 3): "It stops there. But the default of `restore_best_weights` is `False`: nothing is brought back.",
            (7, 7): "The training never gets that far: count the epochs without improvement after the best one so far.",
            (8, 7): "The better epochs come too late: patience is over before.",
            (8, 8): "Patience is over before the end. Count the epochs since 0.70.",
            (4, 4): "One epoch without improvement is not enough: its patience is longer.",
            (5, 5): "Two epochs without improvement: its patience is longer.",
            (5, 3): "The best epoch so far is not one of the three. And nothing brings back its weights by itself.",
            (7, 3): "Once patience is over it does not wait any longer. And nothing brings back earlier weights.",
            (4, 3): "Its patience is longer than one epoch. And nothing brings back earlier weights by itself.",
            (3, 3): "That is the best epoch so far. Nobody knows that before the next ones are over.",
        },
        name="answer",
        expects="two numbers of epochs: answer = (stops after, weights of)",
        means="The best loss, 0.60, was one epoch away, and the weights are not even those of the best epoch that there was.",
        hints=(
            "Which is the best epoch before a run of epochs that do not beat it?",
            "From there count the epochs that are not better than 0.70; at the end of the third it stops.",
            "Nothing says `restore_best_weights=True`. What is its default?",
        ),
        why="0.75, 0.72 and 0.71 are the three epochs that do not beat 0.70, so it stops after the sixth. Without "
        "`restore_best_weights=True` the weights stay as that epoch left them.",
        also_right=("answer = [6, 6]", "answer = np.array([6.0, 6.0])"),
    ),
    write(
        title="What it claims, what it is worth",
        minutes=7,
        task="`right` says for each candidate (row) and photo (column) whether the answer is right; `chooses` marks the photos "
        "of one half. Write a function that picks the best candidate on that half and returns two accuracies: what it claims "
        "there, and what it is worth on the other half.",
        name="claim_and_worth",
        stub="def claim_and_worth(right, chooses):\n    return ..., ...",
        solution=variant(
            "winner = right[right[:, chooses].mean(axis=1).argmax()]",
            "return winner[chooses].mean(), winner[~chooses].mean()",
        ),
        why="Only the photos of `chooses` pick the row. The same row is then scored on the others, which had no say: `~` turns "
        "true and false around.",
        cases={
            "40 candidates that only luck tells apart": (LUCK, HALF),
            "the halves change places": (LUCK, ~HALF),
            "one candidate": (LUCK[:1], HALF),
            "halves of unequal size": (LUCK[:, :11], np.arange(11) < 4),
            "one candidate that is good everywhere": (np.vstack([LUCK[:3], np.ones((1, 30), dtype=bool)]), HALF),
        },
        wrong={
            variant(
                "winner = right[right.mean(axis=1).argmax()]", "return winner[chooses].mean(), winner[~chooses].mean()"
            ): "All photos pick the winner. The other half must have no say, or it flatters as well.",
            variant(
                "winner = right[right[:, chooses].mean(axis=1).argmax()]",
                "return winner[chooses].mean(), winner.mean()",
            ): "The worth is taken on all photos. Half of these have chosen.",
            variant(
                "return right[:, chooses].mean(axis=1).max(), right[:, ~chooses].mean(axis=1).max()"
            ): "Each half picks its own winner, so both numbers are claims. Score *one* candidate on both.",
            variant(
                "winner = right[right[:, ~chooses].mean(axis=1).argmax()]",
                "return winner[chooses].mean(), winner[~chooses].mean()",
            ): "The wrong half picks the winner.",
            variant(
                "winner = right[right[:, chooses].mean(axis=1).argmax()]",
                "return winner[~chooses].mean(), winner[chooses].mean()",
            ): "The two numbers have changed places: first the claim, then the worth.",
            variant(
                "winner = right[right[:, chooses].mean(axis=1).argmax()]",
                "return winner[chooses].sum(), winner[~chooses].sum()",
            ): "These are counts. Halves may differ in size: return shares.",
            variant(
                "winner = right[right[chooses].mean(axis=1).argmax()]",
                "return winner[chooses].mean(), winner[~chooses].mean()",
            ): "It stops with an IndexError. If that is at `right[chooses]`: this picks rows, and `chooses` marks photos, "
            "the columns.",
            variant(
                "winner = right[right[:, chooses].mean(axis=0).argmax()]",
                "return winner[chooses].mean(), winner[~chooses].mean()",
            ): "That is a mean for each photo. To pick a candidate you need one for each row.",
            variant(
                "winner = right[right[:, chooses].mean(axis=1).argmax()]",
                "return (winner & chooses).mean(), (winner & ~chooses).mean()",
            ): "You divide by the number of all photos. Each half has its own.",
            variant(
                "winner = right[right[:, chooses].mean(axis=1).argmax()]",
                "return winner[chooses].mean(), winner[not chooses].mean()",
            ): "It stops with a ValueError. If that is at `not`: the other half of an array of marks is written with `~`.",
        },
        also_right=(
            variant(
                "here, there = right[:, chooses].mean(axis=1), right[:, ~chooses].mean(axis=1)",
                "return [here.max(), there[here.argmax()]]",
            ),
            variant(
                "best = np.argmax([row[chooses].sum() for row in right])",
                "return np.float32(np.mean(right[best][chooses])), np.mean(right[best][np.logical_not(chooses)])",
            ),
        ),
        expects="two shares from 0 to 1: claim, worth",
        means="With 40 candidates that nothing but luck tells apart, the claim is far above the worth.",
        hints=(
            "`right[:, chooses]` are the columns of the half that chooses. You need one mean for each row.",
            "`argmax` of these means is the row of the winner.",
            "Take that row, and its mean twice: where `chooses` is true, and where `~chooses` is.",
        ),
    ),
)
