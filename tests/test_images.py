"""The diagrams and screenshots: each made by a script in images/, listed, used, described in words,
and small.
"""

import ast
import importlib.util
from xml.etree import ElementTree

import pytest
from PIL import Image

from scripts.course import ROOT
from scripts.lessons import notebooks

IMAGES = ROOT / "images"


def load(name):
    """Return a script beside the images as a module."""
    spec = importlib.util.spec_from_file_location(name, IMAGES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


draw, screenshots = load("draw"), load("screenshots")
NAMES = [diagram.__name__ for diagram in draw.DIAGRAMS]


def shown(function):
    """Yield (lesson, name, words) for each image that a lesson shows with "show_diagram" or
    "show_screenshot".
    """
    for lesson in notebooks.find_lessons():
        for cell in notebooks.code_cells(notebooks.read_notebook(lesson)):
            if f"{function}(" in cell.source:
                for node in ast.walk(ast.parse(cell.source)):
                    if (
                        isinstance(node, ast.Call)
                        and getattr(node.func, "attr", getattr(node.func, "id", "")) == function
                    ):
                        values = [*node.args, *(keyword.value for keyword in node.keywords)]
                        yield lesson.stem, *(ast.literal_eval(value) for value in values)


SHOWN = list(shown("show_diagram"))
SCREENSHOTS = list(shown("show_screenshot"))


@pytest.mark.parametrize("diagram", draw.DIAGRAMS, ids=NAMES)
def test_the_stored_file_is_what_the_script_draws(diagram):
    text = (IMAGES / f"{diagram.__name__}.svg").read_bytes()
    assert text == draw.svg(diagram).encode(), "run `python images/draw.py`"
    assert len(text) < 200_000 and b"<script" not in text and b"<image" not in text
    root = ElementTree.fromstring(text)
    assert root.find("{*}title").text and root.get("role") == "img"
    assert len(root.find("{*}desc").text.split()) >= 8


def test_every_file_is_drawn_and_listed_with_its_lesson():
    assert {file.stem for file in IMAGES.glob("*.svg")} == set(NAMES)
    table = (IMAGES / "README.md").read_text(encoding="utf-8")
    for name in NAMES:
        (row,) = (line for line in table.splitlines() if f"`{name}.svg`" in line)
        assert {lesson[:2] for lesson, other, _ in SHOWN if other == name} == {row.split("|")[2].strip()}, name


def test_lessons_show_images_that_are_there_and_say_in_words_what_they_show():
    assert SHOWN and SCREENSHOTS
    for names, images in ((NAMES, SHOWN), (screenshots.SCREENSHOTS, SCREENSHOTS)):
        for lesson, name, words in images:
            assert name in names, f"{lesson} shows {name}"
            assert len(words.split()) >= 8, f"{lesson} says too little of {name}"


def test_every_screenshot_is_taken_by_the_script_shown_listed_and_small():
    assert {file.stem for file in IMAGES.glob("*.png")} == set(screenshots.SCREENSHOTS)
    table = (IMAGES / "README.md").read_text(encoding="utf-8").splitlines()
    for name, (_, _, height) in screenshots.SCREENSHOTS.items():
        (row,) = (line for line in table if f"`{name}.png`" in line)
        assert "`screenshots.py`" in row
        assert [lesson[:2] for lesson, other, _ in SCREENSHOTS if other == name] == [row.split("|")[2].strip()], name
        file = IMAGES / f"{name}.png"
        assert file.stat().st_size <= 200_000
        with Image.open(file) as image:
            image.verify()
            assert image.format == "PNG" and image.size == (screenshots.WIDTH, height)


def test_the_map_shows_the_lessons_that_are_there():
    drawn = [number for lessons in draw.LESSONS.values() for number, _ in lessons]
    assert [0, *drawn] == [int(lesson.stem[:2]) for lesson in notebooks.find_lessons()]


def test_the_sliding_kernel_is_computed():
    assert draw.weighted_sum([[8, 8, 2]] * 3, [[1, 0, -1]] * 3) == 18
