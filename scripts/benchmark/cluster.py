"""The job of `scripts.features_job` measured: its throughput beside the bare model's on the same
cores, its memory from 2,000 to 20,000 photos, the runs that `scripts.cost` is fitted to, and
`kill -9` round after round.

Both speeds are photos per second of processor time, taken in turn in one run, so that other
programs on the machine hardly count. The photos are made from those at hand by cutting some pixels
off and saving them at another quality; they are made once, in `build/cluster/`.
"""

import json
import multiprocessing
import os
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts.benchmark import kills
from scripts.cluster.job import REPORT
from scripts.cluster.network import BATCH
from scripts.cluster.plan import Settings
from scripts.course import ROOT, CourseError, import_tensorflow
from scripts.datasets import SPLITS, list_images, open_image
from scripts.resources import cores

FOLDER = ROOT / "build" / "cluster"
BATCHES = 16  # of the bare model, in each round
ROUNDS = 3
NETWORKS = {"stand-in": Settings(), "Xception": Settings(network="scripts.benchmark.cluster:random_xception")}


def random_xception(settings):
    """Return Xception with random weights, which do not change its speed, as the job's network."""
    import threading

    import_tensorflow()
    import keras

    from scripts.cluster.network import Network
    from scripts.features import preprocess_input

    model = keras.applications.Xception(include_top=False, weights=None, pooling="avg")
    working = threading.Lock()

    def run(images):
        with working:
            return keras.ops.convert_to_numpy(model.predict_on_batch(preprocess_input(images.astype("float32"))))

    return Network(run, model.output_shape[-1], f"random Xception {settings.size} {settings.fit}")


def pictures(count, folder=None):
    """Return a folder of `count` photos, no two of them alike, in folders of 1,000; it is made
    where it is not there yet.
    """
    folder = Path(folder or FOLDER / f"photos-{count}")
    sources = [path for split in SPLITS for path in list_images(split)[0]]

    def make(number):
        file = folder / f"{number // 1000:03}" / f"{number:06}.jpg"
        if not file.exists():
            turn, source = divmod(number, len(sources))
            image = open_image(sources[source])
            image = image.crop((turn % 7, turn // 7 % 7, image.width - turn % 5, image.height))
            part = file.with_suffix(".part")
            image.save(part, "JPEG", quality=95 - turn % 40)
            part.replace(file)

    for number in range(0, count, 1000):
        (folder / f"{number // 1000:03}").mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(make, range(count)))
    return folder


def bare_speed(settings, repeats=BATCHES):
    """Return photos per processor second of the bare network in this process, on a ready batch."""
    import numpy as np

    from scripts.cluster.network import loaded

    network = loaded(settings)
    images = np.random.default_rng(0).integers(0, 256, (BATCH, settings.size, settings.size, 3), "uint8")
    begin = time.process_time()
    for _ in range(repeats):
        network.run(images)
    return repeats * BATCH / (time.process_time() - begin)


def bare_speeds(settings, workers):
    """Return the mean of `bare_speed` in so many fresh processes at once, each with its share of
    the cores, as the job's workers have.
    """
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(max(1, cores() // workers))
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        return statistics.mean(pool.map(bare_speed, [settings] * workers, chunksize=1))


def job_run(folder, settings, workers, shard=256):
    """Return the report of the command on a new OUT, run in a process of its own."""
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        out = Path(scratch) / "out"
        job = kills.start_job(folder, out, settings, shard, "--workers", str(workers))
        _, said = job.communicate()
        if job.returncode:
            raise CourseError(f"the job ended with {job.returncode}: {said}")
        return json.loads((out / REPORT).read_text(encoding="utf-8"))


def throughput(photos=1024):
    """Return a row for each network: photos per processor second of the bare model in two processes
    and of the job with two workers, and their ratio, each the median of `ROUNDS`.
    """
    folder, rows = pictures(photos), []
    for name, settings in NETWORKS.items():
        bare, job = [], []
        for _ in range(ROUNDS):
            bare.append(bare_speeds(settings, 2))
            job.append(job_run(folder, settings, 2)["per_core"])
        rows.append({"network": name, "photos": photos})
        rows[-1] |= {"bare": statistics.median(bare), "job": statistics.median(job)}
        rows[-1]["job / bare"] = statistics.median(one / other for one, other in zip(job, bare, strict=True))
    return rows


def growth(counts):
    """Return a row for each number of photos and 1 or 2 workers: what `scripts.cost.RUNS` holds,
    and the largest memory of a worker.
    """
    rows = []
    for count in counts:
        folder = pictures(count)
        for workers in (1, 2):
            report = job_run(folder, Settings(), workers)
            rows.append({"workers": workers, "photos": count, "shards": report["shards"]})
            rows[-1] |= {name: report[name] for name in ("worker_seconds", "client_seconds", "seconds")}
            rows[-1] |= {"memory MB": report["memory"] / 2**20, "client MB": report["client_memory"] / 2**20}
            print(rows[-1], flush=True)
    return rows


def cluster(photos=20_000, rounds=10):
    """Return a row for each measurement, and the bill. `photos` and `rounds` are those of the
    kills; 0 rounds leave them out.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows = throughput()
    rows += growth(sorted({1000, 2000, 3000, 10_000, photos}))
    bill = {}
    if rounds:
        more, bill = kills.kills(pictures(photos), rounds)
        rows += more
    return rows, bill
