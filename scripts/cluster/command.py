"""`python -m scripts.features_job FOLDER OUT`: the features of any folder of photos, to Parquet.

FOLDER may hold a million files, in folders of folders; every file that is not hidden gets one row.
OUT/shards/ holds them: name (relative to FOLDER), digest (SHA-256 of the file), features (a list of
float32, of fixed length), and for what is no photo no features, but an error that says why. Read it
with `pandas.read_parquet("OUT/shards")`, DuckDB, Spark or whatever reads Parquet.

Whatever dies, run the same command again: what is done is kept. A shard appears whole or not at
all, so that nothing half-written is ever read. A FOLDER, network, loader or setting that is not the
one of the first run is noticed. To try failed files again, delete their shards.

Without --scheduler, workers are started on this machine, and listen to this machine only (to all of
its users: on one that you share with strangers, use a scheduler with TLS). With --scheduler, any
Dask scheduler does the work; each worker runs in a copy of the course's folder, with the same
COURSE_WEIGHTS, one thread each, and sees FOLDER and OUT under the same paths:

  by hand     dask scheduler; on each machine: dask worker tcp://HOST:8786 --nthreads 1 --nworkers 8
  SSH         dask ssh HOST1 HOST2 --nthreads 1 (package asyncssh)
  SLURM       dask_jobqueue.SLURMCluster(cores=1, processes=1, memory="4GB").scale(100), then its
              scheduler_address
  Kubernetes  dask_kubernetes.operator.KubeCluster(image=...), FOLDER and OUT as a shared volume

Only loopback and processes on one machine were tried. Put a Dask that is reached over a network
behind TLS or a private network: who reaches its ports can run programs there.

Memory: a worker takes 0.6 to 1.5 GB, whatever the number of photos, plus up to 1 GB for each of two
photos of 100 million pixels; a local one that takes 4 GB is started anew. This process and the
scheduler hold a few shards at a time, never the whole plan.
"""

import argparse
import signal
import sys
from pathlib import Path

from scripts.cluster.plan import JobError, Settings
from scripts.datasets import FITS


def at_least_one(text):
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def main(arguments=None):
    """Run the command; return the exit code. Raises `JobError`."""
    usual = Settings()
    parser = argparse.ArgumentParser(
        prog="python -m scripts.features_job", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("out", type=Path, metavar="OUT", help="a folder, made where it is not there")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask scheduler, tcp://HOST:PORT")
    parser.add_argument("--workers", type=at_least_one, metavar="N", help="on this machine; default: one a core")
    parser.add_argument("--size", type=at_least_one, default=usual.size, metavar="PIXELS", help="a side; default 150")
    parser.add_argument("--fit", choices=FITS, default=usual.fit, help="how a photo becomes square")
    parser.add_argument("--shard", type=at_least_one, default=256, metavar="N", help="photos a file; default 256")
    parser.add_argument("--network", default=usual.network, metavar="MODULE:FUNCTION", help="another than Xception")
    parser.add_argument("--as-planned", action="store_true", help="go on with the plan though FOLDER has changed")
    options = parser.parse_args(arguments)
    if options.scheduler and options.workers:
        parser.error("--workers are those of this machine; a scheduler has its own")
    from scripts.cluster.job import run_job, say

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that workers are told to end
    settings = Settings(options.size, options.fit, options.network)
    try:
        report = run_job(
            options.folder, options.out, settings, options.shard, options.workers, options.scheduler, options.as_planned
        )
    except OSError as error:  # a full disk, a folder that may not be written
        raise JobError(f"{error.filename or options.out}: {error.strerror or error}. What is done stays.") from None
    print(say(report))
    return 0
