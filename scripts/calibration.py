"""How sure a classifier is, and how sure it may be: probabilities, temperature, and what a badly
calibrated model shows.
"""

import numpy as np
from scipy import optimize, special

TINY = 1e-12  # the least probability whose logarithm is taken


def softmax(logits, temperature=1.0):
    """Return the probabilities, float64 (n, classes), of logits (n, classes) divided by a
    temperature.

    A temperature above 1 makes a model less sure, one below 1 surer; the likeliest class stays the
    same.
    """
    return special.softmax(np.asarray(logits, dtype="float64") / temperature, axis=-1)


def log_losses(probabilities, labels):
    """Return the loss of each picture, float64 (n,): minus the natural logarithm of the probability
    that the right class got.

    Their mean is scikit-learn's `log_loss`, but for probabilities below 1e-12, which count as
    1e-12.
    """
    return -np.log(np.maximum(_of_labels(probabilities, labels), TINY))


def brier_scores(probabilities, labels):
    """Return the Brier score of each picture, float64 (n,), from 0 (sure and right) to 2 (sure and
    wrong).

    It is the sum over the classes of the squared difference of probability and truth. Source:
    Brier, Monthly Weather Review 78, 1950.
    """
    probabilities = np.asarray(probabilities, dtype="float64")
    return (probabilities**2).sum(axis=1) - 2 * _of_labels(probabilities, labels) + 1


def expected_calibration_error(probabilities, labels, bins=10):
    """Return how far a model's sureness is from its share right, a float in 0-1, over bins of equal
    width.

    How sure a model is of a picture is its largest probability. In each bin the mean of that is set
    against the share right; the error is the mean of the differences' sizes, each weighted with the
    bin's share of the pictures. It is never 0 by chance alone, and the larger the fewer the
    pictures. Source: Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    probabilities = np.asarray(probabilities, dtype="float64")
    sure = probabilities.max(axis=1)
    gaps = sure - (probabilities.argmax(axis=1) == np.asarray(labels))
    bin_of = np.minimum((sure * bins).astype(int), bins - 1)
    return float(np.abs(np.bincount(bin_of, weights=gaps, minlength=bins)).sum() / len(gaps))


def fit_temperature(logits, labels):
    """Return the temperature, a float in 0.02-50, that makes the mean log loss of these pictures
    least.

    `logits`: (n, classes), or logarithms of probabilities. Fit it on validation, never on the
    pictures that judge. Source: Guo et al., 2017; found by SciPy on the logarithm of the
    temperature.
    """
    logits = np.asarray(logits, dtype="float64")

    def loss(logarithm):
        logarithms = special.log_softmax(logits / np.exp(logarithm), axis=1)
        return -_of_labels(logarithms, labels).mean()

    found = optimize.minimize_scalar(loss, bounds=(np.log(0.02), np.log(50)), method="bounded", options={"xatol": 1e-7})
    return float(np.exp(found.x))


def _of_labels(table, labels):
    """Return, of each row of a table (n, classes), the value in the column that its label names."""
    table, labels = np.asarray(table), np.asarray(labels)
    if table.ndim != 2 or labels.shape != table.shape[:1]:
        raise ValueError(f"shapes {table.shape} and {labels.shape}; give a row of classes and a label for each picture")
    return table[np.arange(len(labels)), labels]
