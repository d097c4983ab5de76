"""The job: a cluster, a bounded number of shards in flight, progress and a report. This is what the
command does.
"""

import json
import logging
import shutil
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import dask
from distributed import CancelledError, Client, LocalCluster, wait
from distributed import TimeoutError as DaskTimeout

from scripts import files, resources
from scripts.cluster import network
from scripts.cluster.plan import SHARDS, JobError, bind, check_folders, prepare, read_plan
from scripts.cluster.shard import make_shard, read_counts, shard_file
from scripts.progress import progress

AHEAD = 2  # shards in flight for each worker: one at work, one waiting
WORKER_MEMORY = 4 * 2**30  # a local worker that takes more is started anew
RETRIES = 2
PATIENCE = 300  # seconds without any worker
CONNECTING = 20  # seconds to reach a scheduler
KINDS = 100  # of errors that the report tells apart
MOST_PROCESSES = 10_000  # whose seconds it adds up
REPORT, SCRATCH = "report.json", ".scratch"
QUIET = {
    "distributed.worker.memory.target": False,  # nothing is kept on workers, so nothing to spill
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.scheduler.allowed-failures": RETRIES,
    "distributed.worker.profile.enabled": False,  # a hundred looks a second at what a worker does
    "distributed.admin.tick.interval": "500ms",  # such looks, too, and the next two: 2 % of a processor together
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.worker.memory.monitor-interval": "500ms",
    # Dask's own but for MALLOC_TRIM_THRESHOLD_: giving memory back so eagerly costs 7 % of time.
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1, "MKL_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1},
}
GONE = "The scheduler is gone. What is done stays: start scheduler and workers again, then the same command."


@contextmanager
def local_cluster(workers, scratch):
    """Yield the address of a cluster on this machine: loopback only, free ports, the cores shared
    out.

    Workers end with this process, however it ends.
    """
    threads = str(max(1, resources.cores() // workers))
    with LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",  # None would listen at a fixed port
        memory_limit=WORKER_MEMORY,
        local_directory=str(scratch),
        silence_logs=logging.ERROR,  # the death of a worker is no news
        env={"TF_NUM_INTRAOP_THREADS": threads, "OMP_NUM_THREADS": threads},
    ) as cluster:
        yield cluster.scheduler_address


@contextmanager
def connected(scheduler, workers, scratch):
    """Yield a Dask client of the scheduler at an address, or of a local cluster where that is
    None.
    """
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what breaks is said in one sentence
    with dask.config.set(QUIET):
        if scheduler is None:
            with local_cluster(workers, scratch) as address, Client(address) as client:
                yield client
            return
        try:
            client = Client(scheduler, timeout=CONNECTING)
        except (OSError, ValueError) as error:
            raise JobError(f"No scheduler answers at {scheduler} ({error}). Start one: `dask scheduler`.") from None
        try:
            yield client
        finally:
            client.close(timeout=2)


def run_job(folder, out, settings, shard=256, workers=None, scheduler=None, as_planned=False):
    """Compute the features of all photos in a folder, as far as they are not in OUT already; return
    the report, a dictionary.

    Of two that are started for the same OUT, the second waits for the first. Raises `JobError`.
    """
    folder, out = Path(folder), Path(out)
    check_folders(folder, out)
    workers = workers or resources.jobs(3 * 2**29, resources.cores())
    begin, own = time.perf_counter(), time.process_time()
    with files.lock(out / ".lock", f"Another run is at work in {out}; this one waits."):
        (out / SHARDS).mkdir(exist_ok=True)
        job = prepare(folder, out, settings, shard, as_planned)
        folder, out = folder.resolve(), out.resolve()
        scratch = out / SCRATCH
        for left in (out / SHARDS).glob(".part-*"):  # of runs that were killed
            left.unlink(missing_ok=True)
        shutil.rmtree(scratch, ignore_errors=True)
        try:
            with connected(scheduler, workers, scratch) as client:
                await_workers(client)
                bind(out, job, ask_key(client, settings))
                total = run_shards(client, folder, out, job, settings)
                workers = count_workers(client)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        total |= {"client_seconds": time.process_time() - own, "client_memory": resources.peak_memory()}
        return finish(out, job, total, workers, time.perf_counter() - begin)


def count_workers(client):
    """Return how many threads the workers have now. Raises `JobError` without a scheduler."""
    try:
        return sum(client.nthreads().values())
    except (OSError, RuntimeError, ValueError, TypeError):
        raise JobError(GONE) from None


def await_workers(client):
    """Wait until a worker is there."""
    end = time.monotonic() + PATIENCE
    while not count_workers(client):
        if time.monotonic() > end:
            raise JobError(
                f"No worker has come to the scheduler for {PATIENCE} s. What is done stays: start workers in the course's "
                "folder, `dask worker ADDRESS --nthreads 1`, then the same command."
            )
        time.sleep(0.5)


def describe_network(settings):
    return network.loaded(settings).key


def ask_key(client, settings):
    """Return the key of the network as a worker loads it."""
    future = client.submit(describe_network, settings, pure=False, retries=RETRIES)
    result = {}
    for _, value in finished(client, {future: None}):
        result["key"] = value
    if isinstance(result["key"], BaseException):
        raise JobError(f"A worker cannot load the network: {first_line(result['key'])}")
    return result["key"]


def first_line(error):
    return f"{type(error).__name__}: {error}".strip().partition("\n")[0][:300]


def finished(client, waiting):
    """Yield (what `waiting` has for it, its result or error) for futures that are done, at least
    one, and take them out.
    """
    while True:
        try:
            done, _ = wait(list(waiting), timeout=5, return_when="FIRST_COMPLETED")
        except DaskTimeout:
            await_workers(client)
            continue
        except (OSError, CancelledError):  # the connection broke
            raise JobError(GONE) from None
        for future in done:
            kept = waiting.pop(future)
            if future.status == "finished":
                try:
                    result = future.result()
                except Exception:  # it cannot be fetched: not an error of the task
                    raise JobError(GONE) from None
                yield kept, result
            elif future.status == "error":
                yield kept, future.exception()
            else:  # canceled or lost
                raise JobError(GONE)
        return


def run_shards(client, folder, out, job, settings):
    """Have all shards made that are not there yet; return what that was, a dictionary.

    At most `AHEAD` shards for each worker are in flight, so that neither this process nor the
    scheduler ever holds the whole plan. A shard that fails again and again, or ends its workers, is
    read photo by photo.
    """
    total = {"done": 0, "failed": 0, "skipped": 0, "shards": 0, "cpu_seconds": 0.0, "memory": 0}
    total |= {"errors": Counter(), "processes": {}}
    waiting, checked, limit = {}, 0.0, 1

    def submit(number, names, careful=False):
        future = client.submit(
            make_shard, str(folder), str(out), number, names, settings, job["key"], careful, pure=False, retries=RETRIES
        )
        waiting[future] = (number, names, careful)

    def collect(update):
        for (number, names, careful), result in finished(client, waiting):
            if isinstance(result, dict):
                add(total, result)
                update(result["done"] + result["failed"])
            elif isinstance(result, JobError):
                raise result
            elif careful:
                raise JobError(f"Shard {number} cannot be made: {first_line(result)}. What is done stays.")
            else:
                submit(number, names, careful=True)

    there = bytearray()  # one byte a shard
    for number, _ in read_plan(out):
        kept = read_counts(shard_file(out, number), job["key"])
        there.append(kept is not None)
        if kept:
            add(total, kept)
    with progress(job["files"], "features", "photos", total["skipped"], estimate=True) as update:
        for number, names in read_plan(out):
            if there[number]:
                continue
            if time.monotonic() - checked > 5:  # workers come and go
                checked, limit = time.monotonic(), max(1, AHEAD * count_workers(client))
            while len(waiting) >= limit:
                collect(update)
            submit(number, names)
        while waiting:
            collect(update)
    return total


def add(total, result):
    """Add what one shard was to what all were."""
    for name in ("done", "failed", "skipped"):
        total[name] += result[name]
    total["shards"] += 1
    total["cpu_seconds"] += result.get("cpu_seconds", 0)
    total["memory"] = max(total["memory"], result.get("memory", 0))
    if "process" in result and len(total["processes"]) < MOST_PROCESSES:
        name, seconds = result["process"]
        total["processes"][name] = max(seconds, total["processes"].get(name, 0))
    for error, count in result["errors"].items():
        known = error in total["errors"] or len(total["errors"]) < KINDS
        total["errors"][error if known else "other errors"] += count


def finish(out, job, total, workers, seconds):
    """Write the report of a run beside the shards; return it."""
    if total["done"] + total["failed"] != job["files"]:
        raise JobError(
            f"{out} has {total['done'] + total['failed']:,} rows for {job['files']:,} files: shards are missing."
        )
    new = job["files"] - total["skipped"]
    total["worker_seconds"] = sum(total.pop("processes").values())
    report = {"files": job["files"], **total, "errors": dict(total["errors"].most_common())}
    report |= {"workers": workers, "seconds": seconds, "per_second": new / seconds}
    report["per_core"] = new / total["cpu_seconds"] if total["cpu_seconds"] else 0.0
    files.write_whole(out / REPORT, json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    return report


def say(report):
    """Return a report as text, some lines."""
    new = report["files"] - report["skipped"]
    lines = [f"{report['files']:,} files: {report['done']:,} photos done, {report['failed']:,} failed."]
    lines += [f"  {count:,} x {error}" for error, count in list(report["errors"].items())[:10]]
    if report["skipped"]:
        lines.append(f"{report['skipped']:,} of them were there already.")
    if new:
        lines.append(
            f"{report['seconds']:.0f} s with the start, {report['workers']} workers: {report['per_second']:,.1f} a second; "
            f"{report['per_core']:,.1f} for each second of a core; the largest worker had {report['memory'] / 2**20:,.0f} MB."
        )
    return "\n".join(lines)
