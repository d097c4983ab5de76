"""A linear head on features: the usual measure of how good features are, and of what a frozen
network can do.
"""

import math

import keras
import numpy as np

WEIGHT_DECAYS = (0.0001, 0.001, 0.01, 0.1)


def train_head(features, labels, classes, weight_decay=0.001, epochs=60, seed=0, label_smoothing=0.0, batch_size=128):
    """Return a trained `keras.Model` from features (n, d) to logits (n, classes): a standardization
    and one dense layer.

    `weight_decay` is the factor of the squared weights in the loss (the L2 penalty of logistic
    regression), `label_smoothing` the share of each label that is spread evenly over all classes.
    Several views of the same photos go in as one array, their rows one after the other, with a
    `batch_size` as many times larger.
    """
    keras.utils.set_random_seed(seed)
    normalization = keras.layers.Normalization()
    normalization.adapt(features)
    penalty = keras.regularizers.L2(weight_decay)
    head = keras.Sequential([normalization, keras.layers.Dense(classes, kernel_regularizer=penalty)])
    steps = epochs * math.ceil(len(features) / batch_size)
    schedule = keras.optimizers.schedules.CosineDecay(0.003, steps)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=label_smoothing)
    one_hot = keras.utils.to_categorical(labels, classes)
    if keras.backend.backend() == "tensorflow":  # all steps in one go: twice as fast as arrays, epoch by epoch
        head.compile(keras.optimizers.Adam(schedule), loss, steps_per_execution=steps)
        head.build(features.shape)  # with the optimizer's variables there, TensorFlow prepares the step once, not twice
        head.optimizer.build(head.trainable_variables)
        photos = shuffled(features, one_hot, batch_size, seed)
        head.fit(photos, steps_per_epoch=steps, shuffle=False, verbose=0)
    else:
        head.compile(keras.optimizers.Adam(schedule), loss, steps_per_execution=steps // epochs)
        head.fit(features, one_hot, batch_size=batch_size, epochs=epochs, verbose=0)
    return head


def shuffled(features, labels, batch_size, seed):
    """Return an endless `tf.data.Dataset` of batches (features, labels), in a new order in each
    epoch.
    """
    import tensorflow as tf

    features, labels = tf.constant(features), tf.constant(labels)

    def pick(rows):
        return tf.gather(features, rows), tf.gather(labels, rows)

    rows = tf.data.Dataset.range(len(labels)).shuffle(len(labels), seed=seed)
    return rows.batch(batch_size).map(pick).repeat()


def count_correct(head, features, labels):
    """Return how many of the n predictions are right, an int."""
    return int((head.predict(features, batch_size=1024, verbose=0).argmax(axis=1) == labels).sum())


def linear_probe(train, validation, test, classes, seed=0):
    """Train a linear head, its weight decay chosen on validation; return a dictionary of shares,
    counts and the choice.

    Each argument holds `features` (n, d) and `labels` (n,), as `scripts.features.features` returns
    them. Test is scored once, with the one head that validation chose.
    """
    heads = [train_head(train.features, train.labels, classes, decay, seed=seed) for decay in WEIGHT_DECAYS]
    scores = [count_correct(head, validation.features, validation.labels) for head in heads]
    best = int(np.argmax(scores))
    correct = count_correct(heads[best], test.features, test.labels)
    return {
        "weight_decay": WEIGHT_DECAYS[best],
        "validation": scores[best] / len(validation.labels),
        "validation_correct": scores[best],
        "validation_n": len(validation.labels),
        "test": correct / len(test.labels),
        "test_correct": correct,
        "test_n": len(test.labels),
    }
