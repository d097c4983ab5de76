"""The runs of lesson 18's game: one head trained in good health, and six times with one fault.

Whoever wants to play reads this file afterwards.
"""

import math
from functools import cache
from typing import NamedTuple

import keras
import numpy as np

from scripts.heads import shuffled
from scripts.measured import measured_classes, measured_features

EPOCHS, BATCH, RATE = 12, 128, 0.001
FAULTS = {
    "A": "labels shuffled",
    "B": "validation augmented",
    "C": "rate too large",
    "D": "leak",
    "E": "not shuffled",
    "F": "rate too small",
}


class Run(NamedTuple):
    """The curves of one training: arrays of shape (epochs,), and `steps` (epochs, steps): the loss
    of each step.
    """

    loss: np.ndarray
    accuracy: np.ndarray
    validation_loss: np.ndarray
    validation_accuracy: np.ndarray
    steps: np.ndarray


def sick_runs(seed=1):
    """Return a dictionary of seven `Run`s, "healthy" and "A" to "F", from the same first weights
    and, but for the fault, on the same photos in the same order.
    """
    train, validation, augmented = (
        measured_features(f"150-crop{view}", split)
        for view, split in (("", "train"), ("", "validation"), ("-random-10", "validation"))
    )
    scale = keras.layers.Normalization()
    scale.adapt(train.features)
    here, there, changed = (np.array(scale(data.features)) for data in (train, validation, augmented))
    both = np.concatenate([here, there]), np.concatenate([train.labels, validation.labels])
    learned, judged = (here, train.labels), (there, validation.labels)
    mixed = np.random.default_rng(seed).permutation(train.labels)
    return {
        "healthy": learn(learned, judged, seed),
        "A": learn((here, mixed), judged, seed),
        "B": learn(learned, (changed, validation.labels), seed),
        "C": learn(learned, judged, seed, rate=100 * RATE),
        "D": learn(both, judged, seed),
        "E": learn(learned, judged, seed, shuffle=False),
        "F": learn(learned, judged, seed, rate=RATE / 30),
    }


@cache
def _prepared(width):
    """Return a head for features of that width, its optimizer, and two functions: one judges, one
    trains for an epoch. All runs share them, for TensorFlow prepares them longer than one lasts.
    """
    import tensorflow as tf

    head = keras.layers.Dense(len(measured_classes()))
    head.build((None, width))
    optimizer = keras.optimizers.Adam(RATE)
    optimizer.build(head.trainable_variables)

    def judge(features, labels):
        logits = head(features)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        return tf.reduce_mean(losses), tf.reduce_mean(tf.cast(tf.argmax(logits, axis=1) == labels, "float32"))

    @tf.function(reduce_retracing=True)
    def epoch(batches, steps):
        found = tf.TensorArray("float32", steps)
        for number in tf.range(steps):
            features, labels = next(batches)
            with tf.GradientTape() as tape:
                loss, accuracy = judge(features, labels)
            optimizer.apply(tape.gradient(loss, head.trainable_variables))
            found = found.write(number, [loss, accuracy])
        return found.stack()

    return head, optimizer, judge, epoch


def learn(train, validation, seed, rate=RATE, shuffle=True):
    """Train a head of one dense layer and return its `Run`.

    `train`, `validation`: features (n, d) and labels (n,). With `shuffle=False` the photos come as
    folders list them: class after class, in the same order in every epoch. The curves of training
    are means over the steps of an epoch, as those of `fit`.
    """
    import tensorflow as tf

    features, labels = train
    head, optimizer, judge, epoch = _prepared(features.shape[1])
    keras.utils.set_random_seed(seed)
    new = keras.layers.Dense(len(measured_classes()))
    new.build(features.shape)
    head.set_weights(new.get_weights())
    for variable in optimizer.variables:  # what the run before left there
        variable.assign(keras.ops.zeros_like(variable))
    optimizer.learning_rate = rate

    if shuffle:
        photos = shuffled(features, labels, BATCH, seed)
    else:
        order = np.argsort(labels, kind="stable")
        photos = tf.data.Dataset.from_tensor_slices((features[order], labels[order])).batch(BATCH).repeat()
    batches = iter(photos)
    count, curves, steps = tf.constant(math.ceil(len(labels) / BATCH)), [], []
    for _ in range(EPOCHS):
        found = epoch(batches, count).numpy()
        curves.append([*found.mean(axis=0), *map(float, judge(*validation))])
        steps.append(found[:, 0])
    return Run(*np.array(curves).T, np.array(steps))


def repeats(run):
    """Return how alike the losses of the steps are in one epoch and the next, a correlation: 1
    where each epoch goes up and down like the one before, about 0 where the order is new.
    """
    return float(np.mean([np.corrcoef(one, other)[0, 1] for one, other in zip(run.steps, run.steps[1:], strict=False)]))


def diagnose(run, healthy):
    """Return the fault that the numbers of a `Run` speak of, beside those of a healthy one: a value
    of `FAULTS`, or "healthy".
    """
    if repeats(run) > 0.5:
        return "not shuffled"
    if run.validation_accuracy[-1] < 0.25 < run.accuracy[-1]:
        return "labels shuffled"
    if np.diff(run.loss).max() > 0 and run.validation_loss[-1] > 3 * healthy.validation_loss[-1]:
        return "rate too large"
    if run.loss[-1] > 3 * healthy.loss[-1] and np.diff(run.loss).max() < 0:
        return "rate too small"
    if run.validation_accuracy[-1] > run.accuracy[-1] - 0.02:
        return "leak"
    lost = healthy.validation_accuracy[-1] - run.validation_accuracy[-1]
    if np.allclose(run.loss, healthy.loss, rtol=0.05) and lost > 0.04:
        return "validation augmented"
    return "healthy"
