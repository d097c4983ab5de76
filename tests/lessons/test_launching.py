"""The address of the repository, and the links that open a lesson on a hosted machine."""

import json
import re
import shutil
import subprocess
import sys
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from scripts.course import REPOSITORY, ROOT, CourseError
from scripts.lessons import launching

HOLDERS = ("README.md", "CITATION.cff", ".saturn", "scripts", "notebooks", "images", "data/measured")
OURS = "https://github.com/ann/clothes"


@pytest.fixture(scope="module")
def fork(tmp_path_factory):
    """A copy of what holds the address, which somebody else has put on GitHub."""
    folder = tmp_path_factory.mktemp("fork")
    for name in HOLDERS[:-2]:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
        else:
            shutil.copy(source, folder / name)
    return folder


def set_address(folder, *words):
    command = [sys.executable, "-m", "scripts.address", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def texts(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}


def test_what_is_no_repository_on_github_is_refused_in_one_line_and_changes_nothing(fork):
    before = texts(fork)
    answer = set_address(fork, "https://gitlab.com/ann/clothes")
    assert answer.returncode == 1 and "https://github.com/OWNER/NAME" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1 and texts(fork) == before


@pytest.mark.parametrize(
    "address", ["ann/clothes", "https://github.com/ann", "", "https://github.com/a b/c", f"{OURS}/tree/main"]
)
def test_an_address_that_is_refused(address):
    with pytest.raises(CourseError, match="OWNER/NAME"):
        launching.checked_address(address)


def test_one_command_sets_the_address_everywhere_and_again_changes_nothing(fork):
    answer = set_address(fork, OURS)
    assert answer.returncode == 0, answer.stderr
    name = re.compile(r"image-classification-course/image-classification-course")
    left = [path.name for path, text in texts(fork).items() if name.search(text.decode("utf-8", "ignore"))]
    assert set(left) <= {"launching.py"}  # which remembers that nobody had set it
    assert "not set yet" not in (fork / "README.md").read_text(encoding="utf-8")
    lesson = json.loads((fork / "notebooks" / "01_loading_images.ipynb").read_text(encoding="utf-8"))
    first, setup = ("".join(cell["source"]) for cell in lesson["cells"][:2])
    assert "colab.research.google.com/github/ann/clothes/blob/main/notebooks/01_" in first and "not set" not in first
    assert f'"{OURS}", part' in setup and 'else "clothes")' not in setup and '"clothes")' in setup
    assert set_address(fork).stdout.strip() == "Every file holds it already."
    check = "from scripts.lessons.promises import broken_promises as b; print(b(__import__('pathlib').Path('notebooks/01_loading_images.ipynb')))"
    promises = subprocess.run([sys.executable, "-c", check], cwd=fork, capture_output=True, text=True, timeout=120)
    kept = {"describes_images", "links_lead_somewhere"}  # the copy has no diagrams
    assert not {*eval(promises.stdout)} - kept, promises.stdout + promises.stderr


def test_links_have_the_form_that_each_host_documents():
    found = launching.links("01_loading_images", OURS)
    assert found["Colab"].startswith("https://colab.research.google.com/github/ann/clothes/blob/main/notebooks/01_")
    binder = urlsplit(found["Binder"])
    assert binder.path == "/v2/gh/ann/clothes/main"
    assert parse_qs(binder.query)["urlpath"] == ["lab/tree/notebooks/01_loading_images.ipynb"]
    assert parse_qs(urlsplit(found["Kaggle"]).query)["src"] == [f"{OURS}/blob/main/notebooks/01_loading_images.ipynb"]
    recipe = parse_qs(urlsplit(found["Saturn Cloud"]).query)["recipeUrl"][0]
    assert recipe.endswith("/ann/clothes/main/.saturn/saturn.json") and unquote(recipe) == recipe
    assert found["Codespaces"].startswith("https://codespaces.new/ann/clothes")


def test_a_line_says_when_the_address_is_not_set():
    assert "not set yet" in launching.launch_line("01_loading_images", launching.UNSET)
    assert "not set yet" not in launching.launch_line("01_loading_images", OURS)


def test_a_newer_line_takes_the_place_of_the_older_one():
    text = launching.with_launch_line("# 1. Title\n\nwords", "01_loading_images", OURS)
    again = launching.with_launch_line(text, "01_loading_images", "https://github.com/bob/hats")
    assert again.startswith("# 1. Title\n\nwords\n\nOpen in") and "ann" not in again and again.count("Open in") == 1


def test_readme_has_the_links_of_every_lesson():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert launching.with_readme_links(readme, REPOSITORY) == readme, "run `python -m scripts.address`"
    assert readme.count("colab.research.google.com") == len(launching.notebooks.find_lessons())


def test_an_address_is_taken_as_a_browser_gives_it():
    assert launching.checked_address(f" {OURS}.git/ ") == OURS
