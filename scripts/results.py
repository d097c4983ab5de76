"""What a lesson measured: shown with its interval, and handed to `scripts.run`, which collects it in `build/run.json`."""

import json
import os
from pathlib import Path
from statistics import NormalDist


def wilson_interval(correct, n, confidence=0.95):
    """Return the Wilson score interval (low, high) of a share `correct / n`, two floats in 0-1.

    It stays inside 0-1 and holds for small n, where "plus or minus two standard errors" does not. Raises `ValueError` unless
    0 <= correct <= n and n > 0. Source: Wilson, "Probable inference", JASA 22, 1927.
    """
    if not 0 <= correct <= n or n == 0:
        raise ValueError(f"{correct} correct of {n} is no share")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = correct / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    return centre - half, centre + half


def record(name, correct, n):
    """Show and keep one accuracy of a lesson: `correct` of `n` pictures, with its Wilson interval.

    Prints a line such as "majority vote: 0.140 (95 % interval 0.108 to 0.179, n = 372)" and returns nothing.
    """
    correct, n = int(correct), int(n)
    low, high = wilson_interval(correct, n)
    value = correct / n
    print(f"{name}: {value:.3f} (95 % interval {low:.3f} to {high:.3f}, n = {n})")
    file = os.environ.get("COURSE_RESULTS")  # set by scripts.run
    if file:
        row = {"name": name, "value": round(value, 4), "n": n, "interval": [round(low, 4), round(high, 4)]}
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
