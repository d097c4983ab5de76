"""What a job on many workers costs: a model fitted to measured runs, and a simulation of workers
that die.

The runs are of `python -m scripts.features_job` with the stand-in at 150 pixels on two quiet cores,
in seconds of processor time, which other programs change less than the clock's. Network and disks
were no limit there; `demands` says when they would be. They are of 27 November 2026; later that day
the job lost some settings of Dask's and needs a tenth less for a photo. Those that show what
handing out a shard costs are older, and had other programs beside them.
"""

import heapq
from itertools import chain, count
from typing import NamedTuple

import numpy as np

PRICES = {"core, on demand": 0.04, "core, may be taken away": 0.012}  # dollars an hour: assumptions, put in yours
LIMITS = {  # of a shared disk and its network: assumptions of a middling cluster, put in yours
    "bytes read a second": 10e9,
    "files opened a second": 20_000,
}
PHOTO_BYTES = 100_000  # of a photo as the web has them
OPERATIONS = {"stand-in": 0.47e9, "Xception": 3.85e9}  # a photo of 150 pixels, as lesson 19 counts them


class Run(NamedTuple):
    """A measured run: processor seconds of all workers together, from their start on."""

    workers: int
    photos: int
    worker_seconds: float


class Handing(NamedTuple):
    """Another one, of tiny shards: processor seconds of the one process that hands them out."""

    shards: int
    client_seconds: float


RUNS = (  # made by `python -m scripts.benchmark cluster`
    Run(1, 1000, 13.2),
    Run(2, 1000, 17.2),
    Run(1, 3000, 30.0),
    Run(2, 3000, 34.1),
    Run(1, 10000, 94.4),
    Run(2, 10000, 91.1),
)
HANDINGS = (Handing(4, 0.94), Handing(250, 3.57), Handing(1000, 10.13))


class Costs(NamedTuple):
    """Seconds: until a worker works, for a photo, and for a shard at the one process that hands
    them out.
    """

    start: float
    photo: float
    shard: float


class Outcome(NamedTuple):
    """Of a simulated job: seconds until its end, deaths of workers, seconds of work lost so."""

    seconds: float
    deaths: int
    lost: float


def fit(runs, handings):
    """Return the `Costs` that explain the runs best; none of them is negative.

    The workers' seconds are start * workers + photo * photos, those of the one process are
    something fixed + shard * shards. Squared errors are taken relative to the run, so that the long
    ones do not decide alone.
    """
    workers, photos, busy = np.array(runs, dtype=float).T
    shards, client = np.array(handings, dtype=float).T
    start, photo = explain(np.stack([workers, photos], axis=1), busy)
    _, shard = explain(np.stack([np.ones(len(shards)), shards], axis=1), client)
    return Costs(start, photo, shard)


def explain(counts, seconds):
    """Return the costs, not negative, whose sum with some counts, (n, 2), comes nearest to seconds,
    (n,).
    """
    from scipy.optimize import nnls

    return tuple(map(float, nnls(counts / seconds[:, None], np.ones(len(seconds)))[0]))


def worker_seconds(costs, photos, workers):
    """Return the processor seconds that all workers need together."""
    return costs.start * workers + costs.photo * photos


def seconds(costs, photos, workers, shard=256):
    """Return how long a job takes with a core for each worker: its start, and then whatever takes
    longer, the photos in the workers or the shards in the one process that hands them out.
    """
    return costs.start + max(costs.photo * photos / workers, costs.shard * photos / shard)


def most_workers(costs, shard=256):
    """Return beyond how many workers more of them no longer help."""
    return shard * costs.photo / costs.shard


def bill(seconds, workers, price_per_hour):
    """Return the price of so many workers for so long."""
    return seconds / 3600 * workers * price_per_hour


def demands(costs, photos_per_second, shard=256, photo_bytes=PHOTO_BYTES, limits=LIMITS):
    """Return {what: (wanted a second, limit)} of all that workers share, the tightest first. Where
    wanted is more than the limit, the prediction breaks.
    """
    found = {
        "bytes read a second": (photos_per_second * photo_bytes, limits["bytes read a second"]),
        "files opened a second": (photos_per_second, limits["files opened a second"]),
        "shards handed out a second": (photos_per_second / shard, 1 / costs.shard),
    }
    return dict(sorted(found.items(), key=lambda item: -item[1][0] / item[1][1]))


def expected_seconds(work, deaths_per_second, restart):
    """Return the mean seconds until a piece of work is done that starts anew whenever its worker
    dies, `restart` seconds later.

    Deaths come at a steady rate, also during the restart's work. Without deaths that is `work`;
    work much longer than the time between two deaths never ends.
    """
    if not deaths_per_second:
        return float(work)
    return float((1 / deaths_per_second + restart) * np.expm1(deaths_per_second * work))


def best_shard(overhead, deaths_per_second):
    """Return the seconds of work a shard at which overhead and lost work together cost least.

    A shard costs `overhead` seconds; a death loses half a shard on average (Young 1974).
    """
    return float(np.sqrt(2 * overhead / deaths_per_second))


def simulate(shards, workers, work, deaths_per_second, restart, overhead=0.0, seed=0):
    """Return the `Outcome` of a job whose workers die at random and come back.

    Each worker takes the next shard, which costs it `work` + `overhead` seconds; when it dies, the
    shard is handed out again at once, and the worker is back after `restart` seconds. All times in
    seconds.
    """
    cost = work + overhead
    if not deaths_per_second:  # all work in step
        return Outcome(float(-(-shards // workers) * cost), 0, 0.0)
    generator = np.random.default_rng(seed)
    lives = chain.from_iterable(generator.exponential(1 / deaths_per_second, 4096).tolist() for _ in count())
    free = [0.0] * workers  # when each can take a shard
    todo, deaths, lost, end = shards, 0, 0.0, 0.0
    again = []  # when shards of dead workers can be handed out
    while todo or again:
        now = free[0]
        if todo:
            todo -= 1
        else:
            now = max(now, heapq.heappop(again))
        life = next(lives)
        if life >= cost:
            end = max(end, now + cost)
            heapq.heapreplace(free, now + cost)
        else:
            deaths, lost = deaths + 1, lost + life
            heapq.heappush(again, now + life)
            heapq.heapreplace(free, now + life + restart)
    return Outcome(float(end), deaths, float(lost))
