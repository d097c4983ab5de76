"""What a lesson measured: shown with its interval, compared fairly, and handed to `scripts.run`,
which keeps it.
"""

import json
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import stats


def wilson_interval(correct, n, confidence=0.95):
    """Return the Wilson score interval (low, high) of a share `correct / n`, two floats in 0-1.

    It stays inside 0-1 and holds for small n, where "plus or minus two standard errors" does not.
    Raises `ValueError` unless 0 <= correct <= n and n > 0. Source: Wilson, "Probable inference",
    JASA 22, 1927; computed by SciPy.
    """
    if n == 0:
        raise ValueError("0 pictures give no share")
    interval = stats.binomtest(correct, n).proportion_ci(confidence, method="wilson")
    return max(0.0, float(interval.low)), min(1.0, float(interval.high))


def paired_bootstrap(first, second, confidence=0.95, seed=0):
    """Return the interval (low, high) of the mean of `second - first`, by redrawing the pictures
    9,999 times.

    `first`, `second`: arrays of shape (n,), one value a picture, in the same order: right (True) or
    wrong, a probability, a loss. It is too sure where fewer than about 25 values differ: then use
    `compare`. Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993; computed by
    SciPy, percentile method.
    """
    difference = np.asarray(second, dtype=float) - np.asarray(first, dtype=float)
    generator = np.random.default_rng(seed)
    found = stats.bootstrap(
        (difference,), np.mean, confidence_level=confidence, method="percentile", rng=generator, batch=500
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def mcnemar(first, second):
    """Return McNemar's exact p-value: how often chance alone would make two models differ as
    unevenly as these.

    `first`, `second`: bool arrays of shape (n,), whether each model is right about each picture, in
    the same order. Only pictures that exactly one of them gets right count, and chance tosses a
    coin for each. 1.0 where there is none. Source: McNemar, Psychometrika 12, 1947; SciPy's
    `binomtest`.
    """
    gained, lost = disagreements(first, second)
    return float(stats.binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def share_seen(n, gain, alone=0.04, level=0.05):
    """Return how often McNemar's test sees a true gain (p below `level`), a share of all studies
    with `n` pictures.

    In such a study the first model alone is right on a share `alone` of all pictures that there
    are, the second model alone on `alone + gain`. Computed exactly: over every possible number of
    disagreements, and every way to divide it. Lesson 3 plays such studies instead. Raises
    `ValueError` for shares that are no shares.
    """
    if not (0 <= alone and 0 <= alone + gain and 2 * alone + gain <= 1):
        raise ValueError(f"alone {alone} and gain {gain} leave shares outside of 0-1")
    differ = 2 * alone + gain
    if differ == 0:
        return 0.0
    number = np.arange(n + 1)  # of pictures on which exactly one of the two is right
    fewest = stats.binom.ppf(level / 2, number, 0.5) - 1  # so many, or fewer, on one side: p < level
    on_second = (alone + gain) / differ
    noticed = stats.binom.cdf(fewest, number, on_second) + stats.binom.sf(number - fewest - 1, number, on_second)
    return float(stats.binom.pmf(number, n, differ) @ noticed)


def disagreements(first, second):
    """Return how many pictures only the second model gets right, and how many only the first, two
    ints.
    """
    first, second = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"shapes {first.shape} and {second.shape}; give one value for each of the same pictures")
    return int((~first & second).sum()), int((first & ~second).sum())


class Comparison(NamedTuple):
    """How much better a second model is: difference and interval of the share right, and p."""

    difference: float
    low: float
    high: float
    p: float

    def _ipython_display_(self):
        """Show nothing at the end of a cell: `compare` has printed it."""


def compare(name, first, second, confidence=0.95):
    """Show and return how much better the second of two models is on the same pictures, with its
    interval.

    `first`, `second`: as for `mcnemar`. Prints a line such as "pad instead of crop: +0.012 (95 %
    interval -0.015 to +0.038; 12 put right, 8 put wrong of n = 341; p = 0.503)" and returns
    (difference, low, high, p). The interval is that of Bonett and Price, Journal of Educational and
    Behavioral Statistics 37, 2012: a normal one after one picture is added to either kind of
    disagreement, so that it is honest where there are few. p is McNemar's exact one; where p is
    0.05 to 0.07 the interval can already leave 0 out: then p decides.
    """
    gained, lost = disagreements(first, second)
    n = len(first)
    p = mcnemar(first, second)
    for_second, for_first = (gained + 1) / (n + 2), (lost + 1) / (n + 2)
    middle = for_second - for_first
    spread = ((for_second + for_first - middle**2) / (n + 2)) ** 0.5
    half = float(stats.norm.ppf((1 + confidence) / 2)) * spread
    low, high = max(-1.0, middle - half), min(1.0, middle + half)
    difference = (gained - lost) / n
    span = f"{confidence:.0%}".replace("%", " %") + f" interval {low:+.3f} to {high:+.3f}"
    chance = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    print(f"{name}: {difference:+.3f} ({span}; {gained} put right, {lost} put wrong of n = {n}; {chance})")
    return Comparison(difference, low, high, p)


def record(name, correct, n):
    """Show and keep one accuracy of a lesson: `correct` of `n` pictures, with its Wilson interval.

    Prints a line such as "majority vote: 0.140 (95 % interval 0.108 to 0.179, n = 372)" and returns
    nothing.
    """
    correct, n = int(correct), int(n)
    low, high = wilson_interval(correct, n)
    value = correct / n
    print(f"{name}: {value:.3f} (95 % interval {low:.3f} to {high:.3f}, n = {n})")
    keep({"name": name, "value": round(value, 4), "n": n, "interval": [round(low, 4), round(high, 4)]})


def record_work(epochs, photos):
    """Show and keep what a lesson computed: epochs of heads trained, and photos sent through the
    base for them.
    """
    print(f"{epochs:,} epochs of heads trained here, {photos:,} photos sent through the base")
    keep({"name": "work", "epochs": int(epochs), "photos": int(photos)})


def keep(row):
    """Add a row, a dictionary, to the file that `scripts.run` collects; without it (in JupyterLab)
    do nothing.
    """
    file = os.environ.get("COURSE_RESULTS")
    if file:
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
