"""The tables of results on the real photos: made from `results.json`, never typed."""

import json

from scripts import files
from scripts.course import ROOT, CourseError

RESULTS, README = ROOT / "docs" / "results.md", ROOT / "README.md"
HEADLINES = (  # what README shows of them
    "always the most frequent class",
    "softmax regression",
    "dense network",
    "small CNN from scratch",
    "stand-in, head trained",
    "transfer learning",
    "recipe",
)
PHOTOS = {"validation": 341, "test": 372}
BEGIN, END = "<!-- results.json: begin -->", "<!-- results.json: end -->"


def table(folder, names=()):
    """Return the table of all results, or of those with some names, as Markdown: a line for each
    model, its scores on validation and on test side by side.
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
        + [
            f"| {name} | {line['validation']} | {line['test']} | {line['lesson']} |"
            for name, line in lines.items()
            if not names or name in names
        ]
    )


def with_table(page, folder, names=()):
    """Return the text of a page with today's table; raise `CourseError` without its marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise CourseError(f"A page lacks the marks {BEGIN} and {END}, between which its table of results stands.")
    return f"{before}{BEGIN}\n{table(folder, names)}\n{END}{after}"


def write_pages(folder):
    """Write today's tables into README.md and docs/results.md."""
    for path, names in ((README, HEADLINES), (RESULTS, ())):
        files.write_whole(path, with_table(path.read_text(encoding="utf-8"), folder, names))
