"""The course as a site of web pages: lessons, hints and solutions, results, glossary.

The pages are made by Sphinx, from the lessons as they are stored, whose outputs `make test`
compares. What is written by hand stands in `docs/`.
"""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.checks import exercises_of
from scripts.course import ROOT, CourseError
from scripts.files import write_whole
from scripts.lessons import exercising, notebooks
from scripts.lessons.launching import SETUP
from scripts.lessons.pages import FILES
from scripts.lessons.quick import v4

DOCS = ROOT / "docs"
PARTS = {  # the heading of each part of the course, and its first lesson
    "Start": 0,
    "Pictures": 1,
    "TensorFlow and Keras": 4,
    "Somebody else's network": 7,
    "From a model to something that is used": 15,
    "Looking back": 21,
}
PAGES = {"README.md": "index.md", "INSTRUCTORS.md": "instructors.md"}  # what it does hold
ENTRY = re.compile(r"^(?P<term>\S.*)\n: (?P<text>.+)$", re.MULTILINE)
PROTECTED = re.compile(  # where no word becomes a link
    r"```[\s\S]*?```|`[^`\n]+`|!?\[[^\]]*\]\([^)]*\)|\$[^$\n]+\$|<[^>\n]+>|^#.*$|^\|.*$|https?://\S+", re.MULTILINE
)


def glossary(text):
    """Return the terms of the glossary, a dictionary from each to its explanation.

    Raises `CourseError` for a term that stands twice.
    """
    entries = ENTRY.findall(text)
    terms = dict(entries)
    if len(terms) < len(entries):
        twice = next(term for term, _ in entries if [one for one, _ in entries].count(term) > 1)
        raise CourseError(f"docs/glossary.md explains {twice!r} twice.")
    return terms


def pattern(term):
    """Return what finds a term in prose: whole words, also in the plural."""
    words = r"\s+".join(re.escape(word) for word in term.split())
    return re.compile(rf"(?<![\w`-]){words}(?:s|es)?(?![\w`-])", 0 if term.isupper() else re.IGNORECASE)


def pieces(text):
    """Yield the pieces of Markdown and whether a word in them may become a link."""
    end = 0
    for found in PROTECTED.finditer(text):
        yield text[end : found.start()], True
        yield found[0], False
        end = found.end()
    yield text[end:], True


def first_use(term, lessons):
    """Return the name of the first lesson that explains a term, in bold; where none does, of the
    first whose prose holds it, and "" where none does.

    `lessons` is a dictionary from names to the texts of their Markdown cells.
    """
    bold = re.compile(rf"\*\*{re.escape(term)}(?:s|es)?\*\*", 0 if term.isupper() else re.IGNORECASE)
    for found in (bold, pattern(term)):
        for name, texts in lessons.items():
            if any(found.search(text) for text in texts):
                return name
    return ""


def with_terms(text, terms, linked):
    """Return Markdown in which each term links to the glossary where it comes first on its page.

    `linked`, a set, holds the terms that the page has linked already, and is added to.
    """
    result = []
    for piece, free in pieces(text):
        for term in sorted(set(terms) - linked, key=len, reverse=True) if free else ():
            found = pattern(term).search(piece)
            if found and not inside_role(piece, found.start()):
                link = "{term}`" + f"{' '.join(found[0].split())} <{term}>" + "`"
                piece = piece[: found.start()] + link + piece[found.end() :]
                linked.add(term)
        result.append(piece)
    return "".join(result)


def inside_role(text, place):
    return text[:place].count("`") % 2 == 1


def page_link(link):
    """Return where a link of a lesson leads from its page."""
    path, mark, place = link.partition("#")
    if re.fullmatch(r"(\./)?\d\d_\w+\.ipynb", path):
        return path.removesuffix(".ipynb").removeprefix("./") + ".ipynb" + mark + place
    name = path.removeprefix("../")
    if name in PAGES:
        return "../" + PAGES[name]
    if path.startswith("../"):
        return FILES + link.removeprefix("../")
    if path.startswith("solutions/"):
        return FILES + "notebooks/" + link
    return link


def with_links(text, change=page_link):
    return re.sub(r"(?<=\]\()[^)\s]+(?=\))", lambda found: change(found[0]), text)


def hints_and_solution(number, task):
    """Return what a page shows under an exercise: hints and the solution, folded."""
    parts = [f"::::{{dropdown}} Hint {count}\n{hint}\n::::" for count, hint in enumerate(task.hints, start=1)]
    code = exercising.code_of(number, task, task.solution)
    parts.append(f"::::{{dropdown}} Solution\n:icon: check\n\n```python\n{code}\n```\n\n{task.why}\n::::")
    return "\n\n".join(parts)


def lesson_page(path, terms):
    """Return the notebook from which Sphinx makes the page of the lesson at `path`; its prose links
    to the `terms` of the glossary.
    """
    notebook = notebooks.read_notebook(path)
    tasks = list(exercises_of(exercising.number_of(path)) if exercising.number_of(path) else ())
    cells, linked = [], set()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cells.append(v4.new_markdown_cell(with_terms(with_links(cell.source), terms, linked)))
            continue
        if cell.source == SETUP:
            cell.metadata["tags"] = ["hide-input"]
        cells.append(cell)
        if found := re.search(r"^check\((\d+), ", cell.source, re.MULTILINE):
            number = int(found[1])
            if number <= len(tasks):
                cells.append(v4.new_markdown_cell(hints_and_solution(number, tasks[number - 1])))
    return v4.new_notebook(cells=cells, metadata=notebook.metadata)


def contents(lessons):
    """Return the tables of contents of all lessons, in their parts, for Sphinx."""
    text = []
    for (heading, first), last in zip(PARTS.items(), [*list(PARTS.values())[1:], 100], strict=True):
        names = [path.stem for path in lessons if first <= int(path.stem[:2]) < last]
        if names:
            text.append("\n".join([f"```{{toctree}}\n:caption: {heading}\n:hidden:\n", *names, "```"]))
    return "\n\n".join(text)


def lesson_table(lessons):
    """Return README's table of lessons, with links to the pages beside it."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?:#|-|\d\d) .*\|$|^\|---.*\|$", readme.partition("## The lessons")[2], re.MULTILINE)
    rows = rows[: len(lessons) + 2]
    return "\n".join(row.replace("(notebooks/", "(") for row in rows)


def write_sources(folder):
    """Write what Sphinx reads into `folder`: the lessons, the pages of `docs/`, the diagrams."""
    lessons = notebooks.find_lessons()
    shutil.copytree(DOCS, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "lessons").mkdir(parents=True, exist_ok=True)
    shutil.copytree(ROOT / "images", folder / "images", ignore=shutil.ignore_patterns("*.py", "__pycache__", "*.md"))
    terms = glossary((DOCS / "glossary.md").read_text(encoding="utf-8"))
    prose = {
        path.stem: [cell.source for cell in notebooks.read_notebook(path).cells if cell.cell_type == "markdown"]
        for path in lessons
    }
    first = {term: first_use(term, prose) for term in terms}
    if unused := [term for term, name in first.items() if not name]:
        raise CourseError(f"docs/glossary.md explains what no lesson names: {', '.join(unused)}.")
    for path in lessons:
        known = [term for term, name in first.items() if name <= path.stem]  # before, a word may mean something else
        write_whole(folder / "lessons" / path.name, notebooks.to_text(lesson_page(path, known)))
    entries = []
    for term in sorted(terms, key=str.lower):
        where = f" ([lesson {int(first[term][:2])}](lessons/{first[term]}.ipynb))"
        entries.append(f"{term}\n  {terms[term]}{where}")
    replace = {
        "<!-- contents -->": contents(lessons),
        "<!-- lessons -->": lesson_table(lessons),
        "<!-- terms -->": "\n\n".join(["```{glossary}", *entries, "```"]),
    }
    for page in [*folder.glob("*.md"), folder / "lessons" / "index.md"]:
        text = page.read_text(encoding="utf-8")
        if page.name == "glossary.md":
            text = text[: ENTRY.search(text).start()] + "<!-- terms -->\n"
        for mark, content in replace.items():
            text = text.replace(mark, content)
        write_whole(page, text)
    guide = (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
    write_whole(folder / "instructors.md", with_links(guide, lambda link: FILES + link if "://" not in link else link))


def build(out, sources):
    """Build the site into the folder `out`, from `sources`, which is written anew; return Sphinx'
    exit code, 0 where no warning came up.
    """
    shutil.rmtree(sources, ignore_errors=True)
    shutil.rmtree(out, ignore_errors=True)
    write_sources(sources)
    options = ["-q", "-W", "--keep-going", "-j", "auto", "-d", str(sources / ".cache")]
    return subprocess.run([sys.executable, "-m", "sphinx", *options, str(sources), str(out)], check=False).returncode


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m scripts.site", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site", help="the folder to write to (build/site)")
    options = parser.parse_args(arguments)
    out = options.out.resolve()
    if out.exists() and any(out.iterdir()) and not (out / "searchindex.js").exists():
        print(f"{options.out} is there and is no site. Name another folder, or empty it.", file=sys.stderr)
        return 1
    try:
        code = build(out, out.with_name(out.name + "-source"))
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    if code == 0:
        print(f"The site: {out / 'index.html'}")
    return code
