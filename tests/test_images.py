"""The diagrams: each drawn by images/draw.py, listed, used, described in words, and small."""

import ast
import importlib.util
from xml.etree import ElementTree

import pytest

from scripts.course import ROOT
from scripts.lessons import notebooks

IMAGES = ROOT / "images"
spec = importlib.util.spec_from_file_location("draw", IMAGES / "draw.py")
draw = importlib.util.module_from_spec(spec)
spec.loader.exec_module(draw)
NAMES = [diagram.__name__ for diagram in draw.DIAGRAMS]


def shown():
    """Yield (lesson, name, words) for each diagram that a lesson shows."""
    for lesson in notebooks.find_lessons():
        for cell in notebooks.code_cells(notebooks.read_notebook(lesson)):
            if "show_diagram(" in cell.source:
                for node in ast.walk(ast.parse(cell.source)):
                    if (
                        isinstance(node, ast.Call)
                        and getattr(node.func, "attr", getattr(node.func, "id", "")) == "show_diagram"
                    ):
                        values = [*node.args, *(keyword.value for keyword in node.keywords)]
                        yield lesson.stem, *(ast.literal_eval(value) for value in values)


SHOWN = list(shown())


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


def test_lessons_show_diagrams_that_are_there_and_say_in_words_what_they_show():
    assert SHOWN
    for lesson, name, words in SHOWN:
        assert name in NAMES, f"{lesson} shows {name}"
        assert len(words.split()) >= 8, f"{lesson} says too little of {name}"


def test_the_map_shows_the_lessons_that_are_there():
    drawn = [number for lessons in draw.LESSONS.values() for number, _ in lessons]
    assert [0, *drawn] == [int(lesson.stem[:2]) for lesson in notebooks.find_lessons()]


def test_the_sliding_kernel_is_computed():
    assert draw.weighted_sum([[8, 8, 2]] * 3, [[1, 0, -1]] * 3) == 18
