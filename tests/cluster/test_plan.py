"""The plan: every file once, bound to the folder, without holding it in memory."""

import os
import sys
import tracemalloc

import pytest

from scripts.cluster import plan
from scripts.cluster.plan import JobError, Settings

SETTINGS = Settings(64, "crop", "tests.cluster.colors:network")


@pytest.fixture
def folder(tmp_path):
    """Six files in three folders."""
    place = tmp_path / "photos"
    for name in ("a.jpg", "b.jpg", "one/a.jpg", "one/two/c.jpg", "one/two/d.jpg", "one/two/e.txt"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(name.encode())
    return place


def begin(folder, out, shard=2):
    out.mkdir(exist_ok=True)
    job = plan.prepare(folder, out, SETTINGS, shard)
    plan.bind(out, job, "key")
    return job


def names(out):
    return [name for _, shard in plan.read_plan(out) for name in shard]


def test_every_file_is_found_once_hidden_ones_not(folder):
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / ".git").mkdir()
    (folder / ".git" / "x.jpg").write_bytes(b"x")
    assert sorted(name for name, _, _ in plan.walk(folder)) == [
        "a.jpg",
        "b.jpg",
        "one/a.jpg",
        "one/two/c.jpg",
        "one/two/d.jpg",
        "one/two/e.txt",
    ]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names, links and pipes")
def test_what_is_no_plain_file_is_found_and_no_circle_entered(folder):
    (folder / "circle").symlink_to(folder)
    (folder / "nothing.jpg").symlink_to(folder / "not there")
    os.mkfifo(folder / "pipe.jpg")
    found = {name for name, size, _ in plan.walk(folder) if not size}
    assert found == {"circle", "nothing.jpg", "pipe.jpg"}


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="such names are not possible there")
def test_hostile_names_come_back_from_the_plan_as_they_were(folder, tmp_path):
    hostile = ["new\nline.jpg", 'quo"te.jpg', "back\\slash.jpg", "-rf.jpg", os.fsdecode(b"byte\xff.jpg"), " .jpg"]
    for name in hostile:
        (folder / name).write_bytes(b"x")
    begin(folder, tmp_path / "out")
    assert set(hostile) < set(names(tmp_path / "out"))


def test_the_plan_holds_each_file_once_in_shards_of_the_size_asked_for(folder, tmp_path):
    job = begin(folder, tmp_path / "out", shard=4)
    assert [len(shard) for _, shard in plan.read_plan(tmp_path / "out")] == [4, 2]
    assert sorted(names(tmp_path / "out")) == sorted(name for name, _, _ in plan.walk(folder))
    assert job["files"] == 6


def test_a_large_folder_is_not_held_in_memory(tmp_path):
    for number in range(3000):
        (tmp_path / f"{number}-{'x' * 80}").touch()
    tracemalloc.start()
    count, _ = plan.fingerprint(plan.walk(tmp_path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 3000 and peak < 100_000  # the names alone take 400,000


def test_the_fingerprint_knows_no_order_but_every_change(folder):
    found = [*plan.walk(folder)]
    before = plan.fingerprint(found)
    assert plan.fingerprint(reversed(found)) == before
    for change in ((1, "z"), (1, 99), (2, 99)):
        place, value = change
        other = list(found[0])
        other[0 if value == "z" else place] = value
        assert plan.fingerprint([tuple(other), *found[1:]]) != before


def change_content(folder, out):
    (folder / "a.jpg").write_bytes(b"other, and longer")


def add_a_file(folder, out):
    (folder / "one" / "new.jpg").write_bytes(b"x")


def take_one_away(folder, out):
    (folder / "b.jpg").unlink()


def damage_plan(folder, out):
    (out / plan.PLAN).write_text((out / plan.PLAN).read_text().replace("a.jpg", "b.jpg"))


def damage_job(folder, out):
    (out / plan.JOB).write_text("{")


def lose_job(folder, out):
    (out / plan.SHARDS).mkdir()
    (out / plan.SHARDS / "000000.parquet").touch()
    (out / plan.JOB).unlink()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (change_content, "has changed since.*others, or changed ones"),
        (add_a_file, "6 files then, 7 now.*--as-planned"),
        (take_one_away, "6 files then, 5 now.*Nothing is lost"),
        (damage_plan, "plan.jsonl is damaged"),
        (damage_job, "job.json is damaged"),
        (lose_job, "has shards and no job.json"),
    ],
)
def test_what_changed_is_said_and_nothing_touched(folder, tmp_path, change, said):
    out = tmp_path / "out"
    begin(folder, out)
    change(folder, out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(JobError, match=said):
        plan.prepare(folder, out, SETTINGS, 2)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_a_changed_folder_may_be_gone_on_with_as_planned(folder, tmp_path):
    job = begin(folder, tmp_path / "out")
    add_a_file(folder, None)
    assert plan.prepare(folder, tmp_path / "out", SETTINGS, 999, as_planned=True) == job


def test_other_settings_or_another_network_are_refused(folder, tmp_path):
    begin(folder, tmp_path / "out")
    with pytest.raises(JobError, match="begun with size 64.*now it is size 299"):
        plan.prepare(folder, tmp_path / "out", SETTINGS._replace(size=299), 2)
    with pytest.raises(JobError, match="another network"):
        plan.bind(tmp_path / "out", plan.prepare(folder, tmp_path / "out", SETTINGS, 2), "another key")


def test_folders_that_make_no_sense_are_refused(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    for photos, out, said in (
        (folder, folder / "out", "would count as photos"),
        (tmp_path / "no", tmp_path / "out", "no folder"),
        (tmp_path / "empty", tmp_path / "out", "no file"),
        (folder, tmp_path / "full", "something else"),
    ):
        with pytest.raises(JobError, match=said):
            plan.prepare(photos, out, SETTINGS, 2)
