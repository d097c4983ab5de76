"""The README's table of results on the real photos: made from `results.json`, never typed."""

import json

from scripts import files
from scripts.course import ROOT, CourseError

PHOTOS = {"validation": 341, "test": 372}
BEGIN, END = "<!-- results.json: begin -->", "<!-- results.json: end -->"


def table(folder):
    """Return the table of all results, as Markdown: a line for each model, its scores on validation
    and on test side by side.
    """
    rows = json.loads((folder / "results.json").read_text(encoding="utf-8"))["results"]
    lines = {}  # of each name: the lesson that recorded it first, and its scores
    for row in rows:
        name, _, split = row["name"].rpartition(", ")
        low, high = row["interval"]
        line = lines.setdefault(name, {"lesson": row["lesson"], "validation": "", "test": ""})
        few = "" if row["n"] == PHOTOS[split] else f", n = {row['n']}"
        line[split] = f"{row['value']:.3f} ({low:.3f} to {high:.3f}{few})"
    heads = [f"{split} ({count} photos)" for split, count in PHOTOS.items()]
    return "\n".join(
        [f"| what | {' | '.join(heads)} | lesson |", "|---|---|---|---|"]
        + [f"| {name} | {line['validation']} | {line['test']} | {line['lesson']} |" for name, line in lines.items()]
    )


def with_table(readme, folder):
    """Return the text of the README with today's table; raise `CourseError` without its marks."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise CourseError(f"README.md lacks the marks {BEGIN} and {END}, between which the table of results stands.")
    return f"{before}{BEGIN}\n{table(folder)}\n{END}{after}"


def write_readme(folder, path=ROOT / "README.md"):
    """Write today's table into the README."""
    files.write_whole(path, with_table(path.read_text(encoding="utf-8"), folder))
