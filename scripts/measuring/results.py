"""What the lessons recorded on the real photos: kept in `results.json`, and compared by CI."""

import json

from scripts import files
from scripts.course import SEED, CourseError

TOLERANCE = 0.03  # of a share: as much as another processor may change a network trained from scratch
FEW = 6  # photos: what is tolerated where 0.03 of them are fewer, as with 100 of them


def rows_of(run):
    """Return the results of a run on real photos, the content of its `run.json`: dictionaries."""
    rows = []
    for lesson in run["lessons"]:
        if lesson["data"]["kind"] == "sample" or lesson["data"]["pictures"] != 3781:
            raise CourseError(f"{lesson['lesson']} did not run on the 3,781 real photos; its results were not kept.")
        if lesson["status"] != "passed":
            raise CourseError(f"{lesson['lesson']} {lesson['status']}; its results were not kept.")
        for row in lesson["results"]:
            if row["name"] != "work":
                weights = {"path": "Xception", "imagenet": "Xception", "standin": "stand-in"}[lesson["weights"]["kind"]]
                rows.append({**row, "lesson": lesson["lesson"][:2], "weights": weights, "seconds": lesson["seconds"]})
    names = [row["name"] for row in rows]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CourseError(f"recorded twice: {', '.join(twice)}; give each result a name of its own.")
    return rows


def write(run, folder):
    """Keep the results of a run, each with its lesson, weights and seconds, in place of what these
    lessons recorded before; return no problem.
    """
    path = folder / "results.json"
    before = json.loads(path.read_text(encoding="utf-8"))["results"] if path.exists() else []
    ran = {lesson["lesson"][:2] for lesson in run["lessons"]}
    rows = [row for row in before if row["lesson"] not in ran] + rows_of(run)
    kept = {"seed": SEED, "date": run["date"][:10], "machine": run["machine"], "versions": run["versions"]}
    content = {**kept, "results": sorted(rows, key=lambda row: row["lesson"])}
    files.write_whole(path, json.dumps(content, indent=1) + "\n")
    return []


def compare(run, folder):
    """Return how the results of a run differ from those kept, a list of texts; lessons of which
    nothing is kept yet do not count.
    """
    kept = {row["name"]: row for row in json.loads((folder / "results.json").read_text(encoding="utf-8"))["results"]}
    lessons = {row["lesson"] for row in kept.values()}
    found = {row["name"]: row for row in rows_of(run) if row["lesson"] in lessons}
    problems = [f"{name}: recorded by only one of the two" for name in sorted(kept.keys() ^ found.keys())]
    for name in sorted(kept.keys() & found.keys()):
        one, other = kept[name], found[name]
        if one["n"] != other["n"] or abs(one["value"] - other["value"]) > max(TOLERANCE, FEW / one["n"]):
            problems.append(f"{name}: {other['value']} of {other['n']}, recorded {one['value']} of {one['n']}")
    return problems
