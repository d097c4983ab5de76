"""What every lesson promises, as checks: each returns a list of problems that say how to mend them,
or an empty list.

`PROMISES` holds them all. Each takes the path of a lesson and its notebook, as
`notebooks.read_notebook` returns it.
"""

import ast
import re
from itertools import pairwise

from scripts.course import ROOT
from scripts.lessons import exercising, notebooks
from scripts.lessons.launching import LAUNCH, SETUP, with_launch_line

LENGTHS = re.compile(
    r"^\*\d+ minutes? to read and do · \d+ seconds? to run on a 2-core CPU · \d+ MB to download\*$", re.MULTILINE
)
MOST_LINES = 20
MOST_WORDS, MOST_CELLS = 3000, 45
TEST_OPENS_IN = 15  # the number of the lesson that opens the test photos
TEST_IS_COUNTED_IN = ("02_the_dataset",)  # it counts and names them, and shows or classifies none
OPEN_MODULES = {"course", "datasets", "pretrained", "features", "measured", "heads", "results", "plots"}
OPEN_MODULES |= {"files", "resources", "progress", "calibration", "model_card", "exercises", "faults", "cost"}
UNCOMPARED = {notebooks.IGNORED_OUTPUT, notebooks.FREE_FIGURE, "nbval-skip"}  # these want a reason
KNOWN_TAGS = UNCOMPARED | {"nbval-check-output", "raises-exception"}
PLACES = {  # what tells where the notebook was run
    "a path of this machine": r"(?<![\w.:/<>\"'-])/(?:[\w.-]+/)+[\w.-]+",
    "a home folder": r"(?<![\w.])(?:/(?:home|Users|root|tmp|content)\b|~/)",
    "a Windows path": r"\b[A-Za-z]:\\\\?\w",
    "a user at a machine": r"\b[\w.-]+@[\w-]+:[~/]",
}
MOMENTS = {  # what differs from run to run
    "a time": r"(?<![\w.])\d+(?:\.\d+)? ?(?:s|sec|secs|seconds?|ms|µs|us|ns)\b",
    "a progress bar": r"\d+%\||\d+/\d+\D{0,12}━|\r|\bit/s\b|/step\b",
    "a date with a time": r"\b20\d\d-\d\d-\d\d[ T]\d\d:\d\d",
    "the address of an object": r"\b0x[0-9a-f]{6,}\b",
    "the name of a temporary file": r"\btmp[a-z0-9_]{8}\b",
}
BAD_CODE = {
    "a star import: name what you need": r"^\s*from .+ import \*",
    "a color map that color-blind readers cannot read: use viridis, cividis or gray": r"[\"'.](?:jet|rainbow|hsv)\b",
    "a random generator without a seed: default_rng(course.SEED)": r"default_rng\(\s*\)",
    "randomness that no seed reaches": r"\buuid4\(|\burandom\(|from_non_deterministic_state",
    "a semicolon at its end, which nbval does not heed: assign the value, or end in plt.show()": r";\s*\Z",
    "a marker in a comment, which nbval may ignore: use a cell tag": r"#\s*(?:NBVAL_|PYTEST_VALIDATE_)",
}


def is_of_the_series(path, notebook):
    if path.stem in notebooks.SERIES:
        return []
    return [f"{path.name} is not a name of the series: it must be one of those in scripts/lessons/notebooks.py"]


def every_cell_ran(path, notebook):
    """nbval compares nothing in a cell without a count: a lesson stripped of its outputs would
    pass.
    """
    counts = [cell.execution_count for cell in notebooks.code_cells(notebook)]
    if counts and counts == list(range(1, len(counts) + 1)):
        return []
    odd = next((number for number, count in enumerate(counts, start=1) if number != count), 0)
    found = f"code cell {odd} has the count {counts[odd - 1]}" if odd else "there is no code cell"
    return [f"{found}; the cells must have run once, in order: run `make outputs`"]


def shows_no_error(path, notebook):
    problems = []
    for place, cell in code(notebook):
        errors = [output for output in cell.outputs if output.output_type == "error"]
        expected = "raises-exception" in notebooks.tags(cell)
        if errors and not expected:
            problems.append(f"{place} shows a {errors[0].ename}: mend it, or tag the cell raises-exception")
        if expected and not errors:
            problems.append(f"{place} is tagged raises-exception and raises none: remove the tag")
        if any(output.get("name") == "stderr" for output in cell.outputs):
            problems.append(f"{place} stores stderr: silence what writes it, then run `make outputs`")
    return problems


def names_no_place(path, notebook):
    problems = []
    for place, cell in enumerate_cells(notebook):
        text = "\n".join(texts(cell))
        for what, pattern in PLACES.items():
            if found := re.search(pattern, text):
                problems.append(f"{place} has {what} in its output, {found[0]!r}: show its name only")
        if found := re.search(r"(?:/home/|/Users/|/root/|[A-Z]:\\Users\\)\w*", cell.source):
            problems.append(f"{place} has a path of one machine, {found[0]!r}: use a path relative to the course")
    return problems


def shows_nothing_that_varies(path, notebook):
    problems = []
    for place, cell in code(notebook):
        if (UNCOMPARED - {notebooks.FREE_FIGURE}) & set(notebooks.tags(cell)):
            continue
        text = "\n".join(texts(cell))
        for what, pattern in MOMENTS.items():
            if found := re.search(pattern, text):
                problems.append(
                    f"{place} shows {what}, {found[0]!r}: drop it, or tag the cell nbval-ignore-output with a reason"
                )
        if found := re.search(r"(?<![\w.])-?\d+\.\d{7,}", text):
            problems.append(f"{place} shows {found[0]}, more digits than machines agree on: round it to 2 or 3")
        if found := re.search(r"^\s*%+time(it)?\b", cell.source, re.MULTILINE):
            problems.append(f"{place} uses {found[0].strip()}: tag the cell nbval-ignore-output with a reason")
    return problems


def tags_have_reasons(path, notebook):
    problems = []
    for place, cell in code(notebook):
        tags = set(notebooks.tags(cell))
        reason = str(cell.metadata.get("reason", "")).strip()
        if unknown := sorted(tags - KNOWN_TAGS):
            problems.append(f"{place} has the unknown tag {unknown[0]!r}: known are {', '.join(sorted(KNOWN_TAGS))}")
        if tags & UNCOMPARED and not reason:
            problems.append(f'{place} is not compared and does not say why: add "reason" to its metadata')
        if reason and not tags & UNCOMPARED:
            problems.append(
                f"{place} gives a reason for not comparing it and is compared: remove the reason or add the tag"
            )
        if notebooks.IGNORED_OUTPUT in tags and cell.execution_count and not cell.outputs:
            problems.append(f"{place} is tagged {notebooks.IGNORED_OUTPUT} and has no output: remove the tag")
    return problems


def opens_as_agreed(path, notebook):
    cell = notebook.cells[0]
    if cell.cell_type != "markdown":
        return ["the first cell is not text: open with the title, what the reader does, and how long it takes"]
    problems = []
    number = int(path.stem[:2])
    if not re.match(rf"# {number}\. \S", cell.source):
        problems.append(f"the first line is not '# {number}. Title'")
    if not re.search(r"^In this notebook you\b.*:$", cell.source, re.MULTILINE):
        problems.append("the opening lacks the line 'In this notebook you …:'")
    if not 2 <= len(bullets(cell.source)) <= 5:
        problems.append(f"the opening has {len(bullets(cell.source))} bullets, not 2 to 5")
    if not LENGTHS.search(cell.source):
        problems.append(
            "the opening lacks the line "
            "'*25 minutes to read and do · 40 seconds to run on a 2-core CPU · 0 MB to download*' with its own numbers"
        )
    return problems


def has_agreed_length(path, notebook):
    """For the limit all words and cells count; for the minutes those without the exercises, which
    say how long they take.
    """

    def count(counted):
        texts = [LAUNCH.sub("", cell.source) for cell in counted if cell.cell_type == "markdown"]
        return sum(len(text.split()) for text in texts), sum(cell.cell_type == "code" for cell in counted)

    words, cells = count(notebook.cells)
    problems = []
    if words > MOST_WORDS:
        problems.append(f"it has {words:,} words of text, more than {MOST_WORDS:,}: one idea a lesson; cut it")
    if cells > MOST_CELLS:
        problems.append(f"it has {cells} code cells, more than {MOST_CELLS}: one idea a lesson; cut it")
    begin, end = exercising.section(notebook.cells)
    words, cells = count([*notebook.cells[:begin], *notebook.cells[end:]])
    exercises = exercising.minutes_of(notebook.cells[begin:end])
    minutes = re.search(r"^\*(\d+) minutes? to read", notebook.cells[0].source, re.MULTILINE)
    wanted = round(words / 200 + cells) + exercises
    if minutes and int(minutes[1]) != wanted:
        problems.append(
            f"it says {minutes[1]} minutes; {words:,} words at 200 a minute, {cells} code cells "
            f"and {exercises} minutes of exercises make {wanted}"
        )
    return problems


def keeps_test_closed(path, notebook):
    """Lessons before the one on evaluation judge and choose on validation only."""
    if path.stem in TEST_IS_COUNTED_IN or not path.stem[:2].isdecimal() or not 0 <= int(path.stem[:2]) < TEST_OPENS_IN:
        return []
    return [
        f"{place} names the test split: it stays closed until lesson {TEST_OPENS_IN}; use validation"
        for place, cell in code(notebook)
        if re.search(r"""["'/{]\W*test\b["'/]|\bSPLITS\b""", cell.source)
    ]


def promises_nothing_unwritten(path, notebook):
    there = {int(lesson.stem[:2]) for lesson in notebooks.find_lessons(path.parent)}
    problems = []
    for place, cell in enumerate_cells(notebook):
        text = " ".join(cell.source.split())
        for found in re.finditer(r"\b[Ll]essons? (\d+)((?:,? and |, | to | or |–|-)\d+(?! \w+s\b))*", text):
            numbers = {int(number) for number in re.findall(r"\d+", found[0])}
            if re.search(r"\d( to |–|-)\d", found[0]):
                numbers |= set(range(min(numbers), max(numbers)))
            if missing := sorted(numbers - there):
                problems.append(f"{place} speaks of lesson {missing[0]}, which is not written: leave it out")
    return problems


def imported_modules(source):
    """Return the modules and folders of scripts/ that a program imports, such as "plots"."""
    found = set()
    for node in ast.walk(ast.parse(re.sub(r"^\s*[%!].*$", "pass", source, flags=re.MULTILINE))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("scripts.")}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "scripts":
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
    return found


def imports_open_modules(path, notebook):
    """A lesson imports what lies open in scripts/, never what commands and maintainers need."""
    problems = []
    for place, cell in code(notebook):
        try:
            closed = sorted(imported_modules(cell.source) - OPEN_MODULES)
        except SyntaxError:  # shown on purpose
            continue
        if closed:
            problems.append(f"{place} imports scripts.{closed[0]}, which is not for lessons")
    return problems


def has_the_setup_cell(path, notebook):
    if len(notebook.cells) > 1 and notebook.cells[1].cell_type == "code" and notebook.cells[1].source == SETUP:
        return []
    return ["the second cell is not the set-up cell, letter for letter: copy it from scripts/lessons/promises.py"]


def has_its_launch_links(path, notebook):
    text = notebook.cells[0].source
    if notebook.cells[0].cell_type != "markdown" or text == with_launch_line(text, path.stem):
        return []
    return ["its first cell does not end in the links to Colab and the others: run `python -m scripts.address`"]


def closes_as_agreed(path, notebook):
    closing = "\n\n".join(cell.source for cell in trailing_text(notebook))
    learned, tries = section(closing, "What you learned"), section(closing, "Try it")
    problems = []
    if len(bullets(learned)) != len(bullets(notebook.cells[0].source)):
        problems.append(
            f"'## What you learned' has {len(bullets(learned))} bullets, "
            f"the opening {len(bullets(notebook.cells[0].source))}: one for each"
        )
    numbered = re.findall(r"^\d+\. ", tries, re.MULTILINE)
    least, most = (1, 3) if exercising.number_of(path) else (3, 5)  # exercises take the place of most
    if not least <= len(numbered) <= most:
        problems.append(f"'## Try it' has {len(numbered)} numbered items, not {least} to {most}")
    last = closing.strip().rpartition("\n")[2]
    target = next_of(path)
    if not re.fullmatch(rf"Next: \[[^\]]+\]\({re.escape(target)}\)", last):
        problems.append(f"the last line is {last!r}, not 'Next: [Title]({target})'")
    return problems


def has_its_exercises(path, notebook):
    """The section "Exercises" is what the lesson's source in scripts/checks makes of it, outputs
    included.
    """
    begin, end = exercising.section(notebook.cells)
    wanted = notebooks.normalize(exercising.with_exercises(path, notebook))
    there = notebooks.normalize(notebook)
    if [shown(cell) for cell in there.cells] == [shown(cell) for cell in wanted.cells]:
        return []
    where = f"cells {begin + 1} to {end}" if begin < end else "missing"
    return [
        f"its exercises ({where}) are not those of scripts/checks: run `python -m scripts.solutions {path.stem[:2]}`"
    ]


def shown(cell):
    return cell.cell_type, cell.source, cell.get("outputs")


def explains_every_cell(path, notebook):
    return [
        f"{place} follows another code cell: say before it why it is there"
        for (_, before), (place, cell) in pairwise(enumerate_cells(notebook))
        if cell.cell_type == "code" and before.cell_type == "code"
    ]


def has_short_cells(path, notebook):
    return [
        f"{place} has {len(cell.source.splitlines())} lines, more than {MOST_LINES}: one idea per cell"
        for place, cell in code(notebook)
        if len(cell.source.splitlines()) > MOST_LINES
    ]


def describes_images(path, notebook):
    problems = []
    for place, cell in prose(notebook):
        alts = re.findall(r"!\[([^\]]*)\]\(", cell.source)
        for tag in re.findall(r"<img\b[^>]*>", cell.source):
            alts += (re.findall(r'\balt="([^"]*)"', tag) or [""])[:1]
        if any(len(alt.split()) < 3 for alt in alts):
            problems.append(f"{place} shows an image without alt text: say what a sighted reader takes from it")
    return problems


def finishes_figures(path, notebook):
    problems = []
    for position, (place, cell) in enumerate(enumerate_cells(notebook)):
        if cell.cell_type != "code":
            continue
        images = [output for output in cell.outputs if "image/png" in output.get("data", {})]
        # A function that draws, of the lesson or the helpers, shows by itself.
        lines = cell.source.rstrip().splitlines()
        drawn = any(re.match(r"\S.*\bplt\.", line) or line.startswith("plt.") for line in lines)
        if images and drawn and lines[-1] != "plt.show()":
            problems.append(f"{place} draws a figure: end it in plt.show()")
        if images and notebook.cells[min(position + 1, len(notebook.cells) - 1)].cell_type != "markdown":
            problems.append(f"{place} shows a figure: say under it what it shows")
    return problems


def has_clean_code(path, notebook):
    return [
        f"{place} has {what}"
        for place, cell in code(notebook)
        for what, pattern in BAD_CODE.items()
        if re.search(pattern, cell.source, re.MULTILINE)
    ]


def links_lead_somewhere(path, notebook):
    problems = []
    for place, cell in prose(notebook):
        for link in re.findall(r"\]\(([^)\s]+)", cell.source) + re.findall(r'(?:src|href)="([^"]+)"', cell.source):
            target = link.partition("#")[0]
            if not target or re.match(r"\w+:", target):
                continue  # a place in this lesson, an address on the web
            if not (path.parent / target).exists() and not (ROOT / "notebooks" / target).exists():
                problems.append(f"{place} links to {link}, which is not there")
    return problems


def is_stored_as_agreed(path, notebook):
    if notebooks.to_text(notebooks.normalize(notebook)) == path.read_text(encoding="utf-8"):
        return []
    return ["the file is not in the form that `make outputs` gives it (ids, counts, metadata): run `make outputs`"]


PROMISES = (
    is_of_the_series,
    every_cell_ran,
    shows_no_error,
    names_no_place,
    shows_nothing_that_varies,
    tags_have_reasons,
    opens_as_agreed,
    has_agreed_length,
    keeps_test_closed,
    promises_nothing_unwritten,
    imports_open_modules,
    has_the_setup_cell,
    has_its_launch_links,
    closes_as_agreed,
    has_its_exercises,
    explains_every_cell,
    has_short_cells,
    describes_images,
    finishes_figures,
    has_clean_code,
    links_lead_somewhere,
    is_stored_as_agreed,
)


def broken_promises(path):
    """Return the problems of the lesson at `path`, as a dictionary from the name of a promise not
    kept to its list.
    """
    notebook = notebooks.read_notebook(path)
    found = {promise.__name__: promise(path, notebook) for promise in PROMISES}
    return {name: problems for name, problems in found.items() if problems}


def enumerate_cells(notebook):
    """Yield (place, cell): "code cell 3" as Jupyter counts them, or "text cell 2"."""
    counts = {"code": 0, "markdown": 0, "raw": 0}
    for cell in notebook.cells:
        counts[cell.cell_type] += 1
        yield f"{'code' if cell.cell_type == 'code' else 'text'} cell {counts[cell.cell_type]}", cell


def code(notebook):
    return [(place, cell) for place, cell in enumerate_cells(notebook) if cell.cell_type == "code"]


def prose(notebook):
    return [(place, cell) for place, cell in enumerate_cells(notebook) if cell.cell_type == "markdown"]


def texts(cell):
    """Return the texts that a cell's outputs show, without the tags of HTML."""
    found = []
    for output in cell.get("outputs", []):
        found += [output.get("text", ""), output.get("evalue", "")]
        for kind, value in output.get("data", {}).items():
            if kind.startswith("text/"):
                found.append(re.sub(r"<[^>]*>", " ", value) if kind == "text/html" else value)
    return found


def trailing_text(notebook):
    """Return the text cells after the last code cell."""
    last = max((position for position, cell in enumerate(notebook.cells) if cell.cell_type == "code"), default=-1)
    return notebook.cells[last + 1 :]


def section(text, heading):
    """Return what stands under a second-level heading, up to the next one."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def bullets(text):
    return re.findall(r"^[-*] .+", text, re.MULTILINE)


def next_of(path):
    """Return what the lesson at `path` links to at its end: the next lesson that is there, after
    the last the README.
    """
    later = [lesson.name for lesson in notebooks.find_lessons(path.parent) if lesson.name > path.name]
    return later[0] if later else "../README.md"
