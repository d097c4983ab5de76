"""The job of `scripts.features_job` under fire: `kill -9` of a worker, of the client and of the
scheduler at random moments, round after round.

After each round every file has exactly one row, the features equal those of a plain pass bit for
bit, whoever read the shards meanwhile saw whole ones only, and no process is left.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pyarrow.dataset
import pyarrow.parquet as pq

from scripts.cluster.network import loaded
from scripts.cluster.plan import SHARDS, Settings, walk
from scripts.cluster.shard import compute
from scripts.course import ROOT, CourseError

SECONDS = 120  # to wait for something that has to come, on a busy machine


class Survey(threading.Thread):
    """Reads each shard as soon as it is there, and some of the others again, over and over;
    `problems` holds what was not whole.
    """

    def __init__(self, out):
        super().__init__(daemon=True)
        self.out, self.problems, self.reads, self.ended = out, [], 0, threading.Event()

    def run(self):
        known = []
        while not self.ended.wait(0.1):
            new = sorted(set((self.out / SHARDS).glob("[0-9]*")) - set(known))
            again = random.sample(known, min(8, len(known)))  # all of them would keep a core busy
            known += new
            for file in [*new, *again]:
                try:
                    pq.read_table(file, page_checksum_verification=True).validate(full=True)
                    self.reads += 1
                except Exception as error:
                    self.problems.append(f"{file.name}: {error}")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()


def plain_pass(folder, settings):
    """Return {name as in the table: features, float32, or None} of all files in a folder, without
    any cluster.
    """
    names = [name for name, _, _ in walk(folder)]
    rows, features = compute(Path(folder), names, settings, loaded(settings))
    return {name: None if error else features[place] for place, (name, _, error) in enumerate(rows)}


def differences(out, plain):
    """Return what is not as in the plain pass, a list of texts: empty where each file has exactly
    one row and the same bits.
    """
    table = pyarrow.dataset.dataset(Path(out) / SHARDS, format="parquet").to_table()
    names = table["name"].to_pylist()
    found = [f"{name}: {count} rows" for name, count in Counter(names).items() if count != 1]
    found += [f"{name}: no row, or one too much" for name in {*names} ^ {*plain}]
    for name, row in zip(names, table["features"].to_pylist(), strict=True):
        wanted = plain.get(name)
        if (row is None) != (wanted is None) or row and np.array(row, "float32").tobytes() != wanted.tobytes():
            found.append(f"{name}: other features")
    return found


def family(process):
    """Return a process and all that it started, as psutil processes."""
    try:
        first = psutil.Process(process.pid)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def alive(processes):
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def await_that(what, condition, seconds=SECONDS):
    """Wait until a condition holds; raises `CourseError`, saying `what` did not come about."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise CourseError(f"{what}: not after {seconds} s")
        time.sleep(0.02)


def start_job(folder, out, settings, shard, *more):
    """Start the command in a process of its own; return it, a `subprocess.Popen`."""
    command = [sys.executable, "-m", "scripts.features_job", str(folder), str(out), "--shard", str(shard)]
    command += ["--size", str(settings.size), "--fit", settings.fit, "--network", settings.network, *more]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def own_scheduler(workers):
    """Yield (address, the scheduler's process, all processes) of a scheduler and workers that run
    by themselves on loopback, as on a cluster; they are ended at the end.
    """
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "scheduler.json"
        quiet = {"cwd": ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        quiet["env"] = os.environ | {"PYTHONPATH": str(ROOT), "TF_NUM_INTRAOP_THREADS": "1"}
        loopback = ["--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0", "--no-dashboard"]
        command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--scheduler-file", str(file)]
        started = [subprocess.Popen([*command, *loopback], **quiet)]
        try:
            await_that("a scheduler", file.exists)
            await_that("its address", lambda: file.read_text().rstrip().endswith("}"))
            address = json.loads(file.read_text())["address"]
            command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nworkers", str(workers)]
            command += ["--nthreads", "1", "--local-directory", scratch, "--death-timeout", "600"]
            started.append(subprocess.Popen([*command, *loopback], **quiet))
            yield address, started[0], started
        finally:
            left = [one for process in started for one in family(process)]
            for process in started:
                process.terminate()
            psutil.wait_procs(left, timeout=10)
            for one in alive(left):
                one.kill()
            for process in started:
                process.wait()


def spawned_workers(job):
    """Return the workers that a command has started on this machine."""
    return [one for one in family(job)[1:] if "spawn_main" in " ".join(one.cmdline())]


def round_of(folder, out, settings, shard, moments, workers=2):
    """Run the job on a new OUT and kill three times: a worker once a share `moments[0]` of the
    shards is there, the client at `moments[1]`, and, of a second run, the scheduler at
    `moments[2]`; a third run ends the job. Return what was seen, a dictionary.

    Raises `CourseError` where a kill came too late, a process stays, or a run does not end.
    """
    files = sum(1 for _ in walk(folder))
    begin, at, processes = time.monotonic(), [], {}

    def there():
        return len(list((out / SHARDS).glob("[0-9]*")))

    def kill(victim, moment, job, target):
        wanted = max(1, int(moment * -(-files // shard)))
        await_that(f"{wanted} shards", lambda: job.poll() is not None or there() >= wanted, 20 * SECONDS)
        processes.update((one.pid, one) for one in family(job))
        if job.poll() is not None:
            raise CourseError(f"{victim}: the job was over before the kill ({there()} shards): {job.communicate()}")
        target().send_signal(signal.SIGKILL)
        at.append(there())

    def nobody_left():
        await_that("the end of all processes", lambda: not alive(processes.values()))

    def see_end(job):
        processes.update((one.pid, one) for one in family(job))
        _, said = job.communicate(timeout=20 * SECONDS)
        return job.returncode, said

    jobs = []

    def start(*more):
        jobs.append(start_job(folder, out, settings, shard, *more))
        return jobs[-1]

    try:
        with Survey(out) as survey:
            job = start("--workers", str(workers))
            kill("worker", moments[0], job, lambda: spawned_workers(job)[at[0] % workers if at else 0])
            kill("client", moments[1], job, lambda: psutil.Process(job.pid))
            see_end(job)
            nobody_left()
            with own_scheduler(workers) as (address, scheduler, started):
                job = start("--scheduler", address)
                kill("scheduler", moments[2], job, lambda: psutil.Process(scheduler.pid))
                processes.update((one.pid, one) for process in started for one in family(process))
                lost = see_end(job)
            nobody_left()
            last = see_end(start("--workers", str(workers)))
            nobody_left()
    finally:
        for job in jobs:
            job.kill()
            job.communicate()
    return {
        "shards at the kills": at,
        "without scheduler": lost,
        "last": last,
        "reads": survey.reads,
        "problems": survey.problems,
        "seconds": time.monotonic() - begin,
    }


def three_moments(generator):
    """Return three random moments, ascending, each with some work before and after it."""
    return np.sort(generator.uniform(0.02, 0.6, 3)) + [0.0, 0.1, 0.2]


def kills(folder, rounds, shard=256, settings=None, seed=0):
    """Return one dictionary for each round, and a bill; raises `CourseError` at the first thing
    that is not as it should be.
    """
    settings = settings or Settings()
    plain = plain_pass(folder, settings)
    generator, rows = np.random.default_rng(seed), []
    for number in range(rounds):
        with tempfile.TemporaryDirectory(dir=Path(folder).parent) as scratch:
            out = Path(scratch) / "out"
            seen = round_of(folder, out, settings, shard, three_moments(generator))
            wrong = seen["problems"] + differences(out, plain)
        said = seen["without scheduler"][1].splitlines()
        if wrong or seen["last"][0] or not said or not said[-1].startswith("The scheduler is gone."):
            raise CourseError(f"round {number}: {wrong[:5]}, {seen}")
        rows.append({"round": number, "files": len(plain), "whole reads": seen["reads"], "seconds": seen["seconds"]})
        rows[-1]["shards there at the kills"] = " ".join(map(str, seen["shards at the kills"]))
        print(rows[-1], flush=True)
    return rows, {"rounds with every file exactly once and the same bits": f"{len(rows)} of {rounds}"}
