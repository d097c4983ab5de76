"""The README's table of results on the real photos: made from `results.json`, never typed."""

import json

from scripts import files
from scripts.course import ROOT, CourseError

BEGIN, END = "<!-- results.json: begin -->", "<!-- results.json: end -->"


def table(folder):
    """Return the table of all results on validation, as Markdown."""
    rows = json.loads((folder / "results.json").read_text(encoding="utf-8"))["results"]
    lines = ["| what | validation | 95 % interval | n | lesson |", "|---|---|---|---|---|"]
    for row in rows:
        low, high = row["interval"]
        name = row["name"].removesuffix(", validation")
        lines.append(f"| {name} | {row['value']:.3f} | {low:.3f} to {high:.3f} | {row['n']} | {row['lesson']} |")
    return "\n".join(lines)


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
