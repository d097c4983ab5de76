"""Where a reader can open a lesson without installing anything, and every place that names the
repository's address: one constant, `REPOSITORY` in scripts/course.py, from which all follow.
"""

import json
import re
from urllib.parse import quote

from scripts.course import REPOSITORY, ROOT, CourseError
from scripts.files import write_whole
from scripts.lessons import notebooks

UNSET = "https://github.com/image-classification-course/image-classification-course"  # till the owner sets another
LAUNCH = re.compile(r"(?m)\n*^Open in \[Colab\].*$")  # in a lesson's first cell
BEGIN, END = "<!-- launch: begin -->", "<!-- launch: end -->"
ADDRESS = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+")
EACH = ("Colab", "Binder", "Kaggle")  # these open one lesson, the others the course
ROW = re.compile(
    r"(?m)^(?P<row>\| \d\d \| \[.*?\]\(notebooks/(?P<lesson>\w+)\.ipynb\) \|.*?\| \d+ \| \d+ \| \d+ \|).*$"
)
README, CITATION, COURSE = ROOT / "README.md", ROOT / "CITATION.cff", ROOT / "scripts" / "course.py"
RECIPE = ROOT / ".saturn" / "saturn.json"
SATURN = "https://app.community.saturnenterprise.io/dash/resources?recipeUrl="


def setup_cell(repository):
    """Return the set-up cell, the second of every lesson, for a repository's address."""
    folder = repository.rsplit("/", 1)[1]
    return f"""\
# The set-up cell, the same in every lesson: find the course's helpers (on Colab, fetch them first) and fix the seeds.
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile

course_folder = next((place for place in ("..", ".") if os.path.isfile(place + "/scripts/course.py")), "{folder}")
if not os.path.isdir(course_folder):
    assert shutil.which("git"), "Install git, which fetches the course, or open this notebook in the course's folder."
    with tempfile.TemporaryDirectory(dir=".") as part:  # a clone is there whole or not at all
        subprocess.run(["git", "clone", "-q", "--depth=1", "{repository}", part + "/whole"], check=True)
        with contextlib.suppress(OSError):  # another notebook was faster
            os.rename(part + "/whole", course_folder)
os.chdir(course_folder + "/notebooks")
sys.path.insert(0, os.path.abspath(".."))
from scripts import course

course.start()"""


SETUP = setup_cell(REPOSITORY)


def checked_address(address):
    """Return the address of a repository on GitHub without what a browser adds to it.

    Raises `CourseError` for any other: Colab, Binder, Codespaces and Kaggle open notebooks from
    there.
    """
    address = address.strip().removesuffix("/").removesuffix(".git")
    if not ADDRESS.fullmatch(address):
        raise CourseError(
            f"{address!r} is no address of a repository on GitHub, from which Colab, Binder, Codespaces and Kaggle open "
            "notebooks. It looks like https://github.com/OWNER/NAME."
        )
    return address


def links(lesson, repository=REPOSITORY):
    """Return a dictionary from the name of each host to the address that opens a lesson there.

    `lesson` is a name such as "01_loading_images". The forms are those that the hosts document.
    Saturn Cloud and Codespaces open the whole course.
    """
    name = repository.removeprefix("https://github.com/")
    file = f"notebooks/{lesson}.ipynb"
    raw = f"https://raw.githubusercontent.com/{name}/main/.saturn/saturn.json"
    return {
        "Colab": f"https://colab.research.google.com/github/{name}/blob/main/{file}",
        "Binder": f"https://mybinder.org/v2/gh/{name}/main?urlpath={quote('lab/tree/' + file, safe='')}",
        "Kaggle": f"https://kaggle.com/kernels/welcome?src={repository}/blob/main/{file}",
        "Saturn Cloud": SATURN + quote(raw, safe=":/"),
        "Codespaces": f"https://codespaces.new/{name}?quickstart=1",
    }


def launch_line(lesson, repository=REPOSITORY):
    """Return the line of Markdown under a lesson's label, which says so while nobody has set the
    address.
    """
    line = "Open in " + " · ".join(f"[{host}]({link})" for host, link in links(lesson, repository).items())
    if repository == UNSET:
        line += f" (the address is not set yet: these lead to `{repository.removeprefix('https://github.com/')}`)"
    return line


def with_launch_line(text, lesson, repository=REPOSITORY):
    """Return the text of a lesson's first cell with its launch line, in place of an older one."""
    return f"{LAUNCH.sub('', text).rstrip()}\n\n{launch_line(lesson, repository)}"


def with_readme_links(text, repository=REPOSITORY):
    """Return README's text with the links of each lesson at the end of its row, and those that open
    the whole course between two marks.
    """

    def row(found):
        places = links(found["lesson"], repository)
        return found["row"] + " " + " · ".join(f"[{host}]({places[host]})" for host in EACH) + " |"

    text = ROW.sub(row, text)
    whole = links("00_start_here", repository)
    line = (
        "The whole course: " + " · ".join(f"[{host}]({link})" for host, link in whole.items() if host not in EACH) + "."
    )
    if repository == UNSET:
        line += (
            f"\n\n**The address of this repository is not set yet**: the links lead to `{repository}`. Whoever puts the "
            "course on GitHub, or forks it, first runs `python -m scripts.address https://github.com/OWNER/NAME`."
        )
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{line}\n{END}{rest.partition(END)[2]}"


def new_texts(repository):
    """Return a dictionary from each file that holds the address to its text with `repository`."""
    texts = {COURSE: re.sub(r'(?m)^REPOSITORY = ".*"$', f'REPOSITORY = "{repository}"', read(COURSE))}
    texts[CITATION] = re.sub(r"(?m)^repository-code: .*$", f"repository-code: {repository}", read(CITATION))
    recipe = json.loads(read(RECIPE))
    recipe["spec"]["git_repositories"][0]["url"] = repository
    texts[RECIPE] = json.dumps(recipe, indent=2) + "\n"
    texts[README] = with_readme_links(read(README), repository)
    for path in [*notebooks.find_lessons(), *sorted((notebooks.NOTEBOOKS / "solutions").glob("*.ipynb"))]:
        notebook = notebooks.read_notebook(path)
        for cell in notebook.cells:
            cell.source = cell.source.replace(SETUP, setup_cell(repository)).replace(REPOSITORY, repository)
        if path.parent == notebooks.NOTEBOOKS:
            notebook.cells[0].source = with_launch_line(notebook.cells[0].source, path.stem, repository)
        texts[path] = notebooks.to_text(notebooks.normalize(notebook))
    return texts


def set_address(address):
    """Write an address into every file that holds it; return the paths of those that changed.

    Raises `CourseError`, with nothing written, for what is no repository on GitHub.
    """
    texts = new_texts(checked_address(address))
    changed = [path for path, text in texts.items() if read(path) != text]
    for path in changed:
        write_whole(path, texts[path])
    return changed


def read(path):
    return path.read_text(encoding="utf-8")
