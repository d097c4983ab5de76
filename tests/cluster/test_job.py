"""The job: every photo exactly once whatever dies, loopback only, a bounded number in flight."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import psutil
import pyarrow.dataset
import pytest
from PIL import Image

from scripts.benchmark import cluster as benchmark
from scripts.benchmark import kills
from scripts.cluster import job, plan
from scripts.cluster.plan import JobError, Settings
from scripts.cluster.shard import write_table
from scripts.course import DATA, ROOT, import_tensorflow
from scripts.datasets import list_images

COLORS = Settings(64, "crop", "tests.cluster.colors:network")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="kill -9 is for other systems")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """200 photos, two bad ones and a hostile name among them, and the features of a plain pass."""
    folder = benchmark.pictures(198, tmp_path_factory.mktemp("kills") / "photos")
    if sys.platform == "linux":
        (folder / "000" / "000000.jpg").rename(folder / os.fsdecode(b"-rf \xff'\n\\.jpg"))
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("no photo")
    return folder, kills.plain_pass(folder, COLORS)


def test_whatever_is_killed_every_photo_is_there_once_and_bit_for_bit(photos, tmp_path):
    folder, plain = photos
    moments = kills.three_moments(np.random.default_rng())
    seen = kills.round_of(folder, tmp_path / "out", COLORS, 4, moments)
    assert not kills.differences(tmp_path / "out", plain), (moments, seen)
    assert not seen["problems"] and seen["reads"] and seen["last"][0] == 0, (moments, seen)
    status, said = seen["without scheduler"]
    assert status == 1 and said.splitlines()[-1].startswith("The scheduler is gone."), (moments, seen)
    assert "Traceback" not in said + seen["last"][1], (moments, seen)
    assert json.loads((tmp_path / "out" / job.REPORT).read_text())["failed"] == 2
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert left == {".lock", "plan.jsonl", "job.json", "report.json", "shards"}
    assert {path.name for path in (tmp_path / "out" / "shards").iterdir()} == {f"{n:06}.parquet" for n in range(50)}


def test_the_real_network_in_a_worker_gives_the_bits_of_the_lessons_and_all_listens_to_loopback(tmp_path):
    """One worker, one start of TensorFlow: what it gives, who listens, who is left."""
    import_tensorflow()
    from scripts.features import cache_key, run
    from scripts.pretrained import Xception

    paths = list_images("validation")[0][:36]
    folder = tmp_path / "photos"
    folder.mkdir()
    for path in paths:
        shutil.copy(path, folder)
    process = kills.start_job(folder, tmp_path / "out", Settings(), 32, "--workers", "1")
    seen, ports = {}, set()
    while process.poll() is None:
        for one in kills.family(process):
            try:
                ports |= {place.laddr for place in one.net_connections("inet") if place.status == psutil.CONN_LISTEN}
                seen[one.pid] = one
            except psutil.Error:
                pass
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            pass
    told, said = process.communicate()
    assert (
        process.returncode == 0
        and set(said.split(":")[0].split()) <= {"features"}
        and told.startswith("36 files: 36 photos done, 0 failed.\n")
    )
    assert ports and {address.ip for address in ports} == {"127.0.0.1"}
    assert not {8786, 8787, 8788, 8789} & {address.port for address in ports}
    kills.await_that("the end of all processes", lambda: not kills.alive(seen.values()), 30)

    model = Xception(include_top=False, pooling="avg")
    key = cache_key(model, [], [], {"size": 150, "fit": "crop", "dtype": "float32"})
    assert json.loads((tmp_path / "out" / plan.JOB).read_text())["key"] == key
    wanted = run(model, paths, 150, "crop", 32, "plain")
    table = pyarrow.dataset.dataset(tmp_path / "out" / "shards", format="parquet").to_table().to_pylist()
    found = {row["name"]: np.array(row["features"], "float32") for row in table}
    assert len(table) == len(found) == 36
    for path, features in zip(paths, wanted, strict=True):
        assert found[path.name].tobytes() == features.tobytes()


class Future:
    """A Dask future that is over: with a result, or an error."""

    def __init__(self, result):
        self.value, self.status = result, "error" if isinstance(result, Exception) else "finished"

    def result(self):
        return self.value

    exception = result


class FakeClient:
    """A client with two threads of workers, whose results `answer` decides on."""

    def __init__(self, answer):
        self.answer, self.calls = answer, []

    def nthreads(self):
        return {"worker": 2}

    def submit(self, function, folder, out, number, names, settings, key, careful, **_):
        self.calls.append((number, careful))
        return Future(self.answer(number, len(names), careful))


def done(number, count, careful):
    return {"done": count, "failed": 0, "skipped": 0, "errors": {}}


@pytest.fixture
def planned(tmp_path, monkeypatch):
    """A plan of 50 shards of one file each, and what `job.wait` saw: how many were in flight."""
    (tmp_path / "photos").mkdir()
    for number in range(50):
        (tmp_path / "photos" / f"{number}.jpg").touch()
    flying = []

    def wait(futures, timeout, return_when):
        flying.append(len(futures))
        return futures[:1], futures[1:]

    monkeypatch.setattr(job, "wait", wait)
    (tmp_path / "out").mkdir()
    facts = job.prepare(tmp_path / "photos", tmp_path / "out", COLORS, 1) | {"key": "key"}
    return lambda client: job.run_shards(client, tmp_path / "photos", tmp_path / "out", facts, COLORS), flying


def test_few_shards_are_in_flight_however_many_there_are(planned):
    run, flying = planned
    total = run(FakeClient(done))
    assert total["done"] == total["shards"] == 50 and max(flying) == job.AHEAD * 2


def test_a_shard_that_fails_again_and_again_is_read_with_care_and_then_ends_the_job(planned):
    run, _ = planned
    client = FakeClient(lambda number, count, careful: MemoryError() if number == 7 and not careful else done(0, 1, 0))
    assert run(client)["done"] == 50 and client.calls.count((7, True)) == 1 and len(client.calls) == 51
    with pytest.raises(JobError, match="Shard 7 cannot be made: OSError: no space"):
        run(FakeClient(lambda number, count, careful: OSError("no space") if number == 7 else done(0, 1, 0)))


def test_a_worker_with_another_network_ends_the_job(planned):
    run, _ = planned
    with pytest.raises(JobError, match="another network"):
        run(FakeClient(lambda *_: JobError("A worker has another network")))


def test_no_scheduler_at_the_address_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(job, "CONNECTING", 0.3)
    with pytest.raises(JobError, match="No scheduler answers at tcp://127.0.0.1:1"):
        job.run_job(DATA / "sample" / "validation", tmp_path / "out", COLORS, scheduler="tcp://127.0.0.1:1")


def test_errors_are_said_in_a_line_without_a_traceback(tmp_path):
    command = [sys.executable, "-m", "scripts.features_job", str(tmp_path / "no"), str(tmp_path / "out")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (
        ended.returncode == 1
        and ended.stderr == f"{tmp_path / 'no'} is no folder on this machine. Name a folder of photos.\n"
    )
    assert not (tmp_path / "out").exists()


def test_the_report_tells_apart_a_hundred_kinds_of_errors_and_no_more():
    total = {"done": 0, "failed": 0, "skipped": 0, "shards": 0, "cpu_seconds": 0, "memory": 0}
    total |= {"errors": job.Counter(), "processes": {}}
    for number in range(1000):
        job.add(total, {"done": 0, "failed": 1, "skipped": 0, "errors": {f"error {number}": 1}})
    assert len(total["errors"]) == 101 and total["errors"]["other errors"] == 900


def test_the_kill_test_itself_sees_what_is_missing_doubled_or_changed(tmp_path):
    bits = np.eye(3, dtype="float32")
    plain = {"a": bits[0], "b": None, "c": bits[2]}
    write_table(tmp_path / "shards" / "000000.parquet", [("a", "", None), ("b", "", "bad")], bits[:2], {"key": "x"})
    write_table(tmp_path / "shards" / "000001.parquet", [("c", "", None)], bits[2:], {"key": "x"})
    assert kills.differences(tmp_path, plain) == []
    assert kills.differences(tmp_path, plain | {"d": None}) == ["d: no row, or one too much"]
    assert kills.differences(tmp_path, plain | {"a": bits[1]}) == ["a: other features"]
    assert kills.differences(tmp_path, plain | {"b": bits[1]}) == ["b: other features"]
    write_table(tmp_path / "shards" / "000002.parquet", [("c", "", None)], bits[2:], {"key": "x"})
    assert kills.differences(tmp_path, plain) == ["c: 2 rows"]


def test_pictures_are_made_once_and_no_two_are_alike(tmp_path, monkeypatch):
    generator, sources = np.random.default_rng(0), [tmp_path / f"{number}.png" for number in range(12)]
    for source in sources:  # small ones, which are changed fast
        Image.fromarray(generator.integers(0, 256, (30, 40, 3), "uint8")).save(source)
    monkeypatch.setattr(benchmark, "list_images", lambda split: (sources if split == "train" else [], None))
    folder = benchmark.pictures(1210, tmp_path / "photos")
    found = {path: path.stat().st_mtime_ns for path in folder.rglob("*.jpg")}
    assert len(found) == 1210 == len({path.read_bytes() for path in found})
    benchmark.pictures(1210, tmp_path / "photos")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.jpg")} == found
