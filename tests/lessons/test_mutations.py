"""The guards are guarded: break a lesson in every way that matters, and see the checks or nbval
refuse it.
"""

import base64
import io
import os
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest
import synthetic
from nbformat import v4

from scripts.course import DATA, ROOT
from scripts.lessons import launching, notebooks, outputs, promises

# Numbers of a resized picture, from the course's loader and from Pillow; neither needs TensorFlow.
RESIZE = """\
import sys
sys.path.insert(0, "..")
import numpy as np
from PIL import Image
from scripts import datasets
image = Image.fromarray(np.arange(64 * 64 * 3, dtype="uint8").reshape(64, 64, 3) ** 2)
print(np.asarray(datasets.resize_image(image, 9)).std().round(2))
print(np.asarray(image.resize((9, 9), Image.Resampling.BILINEAR)).std().round(2))"""
RESIZED = "11.11\n11.11\n"


def code(notebook, number):
    return notebooks.code_cells(notebook)[number - 1]


def printing(text, name="stdout"):
    """Return a mutation that lets code cell 2 print a text."""
    return lambda lesson: code(lesson, 2).update(outputs=[synthetic.printed(text, name)])


def sourced(number, source):
    return lambda lesson: code(lesson, number).update(source=source)


def replaced(position, old, new):
    """Return a mutation that changes a part of a cell's source, which must be there."""

    def mutate(lesson):
        assert old in lesson.cells[position].source
        lesson.cells[position].source = lesson.cells[position].source.replace(old, new)

    return mutate


def tagged(number, *tags, **metadata):
    return lambda lesson: code(lesson, number).update(
        metadata=v4.new_code_cell(metadata={"tags": [*tags], **metadata}).metadata
    )


ERROR = v4.new_output("error", ename="ValueError", evalue="no", traceback=[])
MUTATIONS = [  # the promise that must not be kept any more, and what is done to the lesson
    ("every_cell_ran", lambda lesson: code(lesson, 2).update(execution_count=None)),
    ("every_cell_ran", lambda lesson: code(lesson, 2).update(execution_count=7)),
    ("every_cell_ran", lambda lesson: code(lesson, 2).update(execution_count=None, outputs=[])),
    ("shows_no_error", lambda lesson: code(lesson, 2).update(outputs=[ERROR])),
    ("shows_no_error", printing("2026: I tensorflow/core", "stderr")),
    ("shows_no_error", tagged(2, "raises-exception")),
    ("names_no_place", printing("/opt/course/data/hat.jpg")),
    ("names_no_place", printing("/home/ada\n")),
    ("names_no_place", printing("in ~/course")),
    ("names_no_place", printing("C:\\Users\\ada")),
    ("names_no_place", printing("ada@laptop:~ ")),
    ("names_no_place", replaced(3, "size = 12", "size = open('/home/ada/size')")),
    ("shows_nothing_that_varies", printing("took 12.3 seconds")),
    ("shows_nothing_that_varies", printing("4s 13ms/step")),
    ("shows_nothing_that_varies", printing("2.5 ms")),
    ("shows_nothing_that_varies", printing(" 45%|####5     |")),
    ("shows_nothing_that_varies", printing("2026-11-21 02:16:00")),
    ("shows_nothing_that_varies", printing("<object at 0x7f87f01732e0>")),
    ("shows_nothing_that_varies", printing("tmpab3de_9x")),
    ("shows_nothing_that_varies", printing("0.30000000000000004")),
    ("shows_nothing_that_varies", sourced(2, "%%timeit\nsize")),
    ("shows_nothing_that_varies", tagged(4)),
    ("tags_have_reasons", tagged(4, "nbval-ignore-output")),
    ("tags_have_reasons", tagged(4, "nbval-ignore-output", reason=" ")),
    ("tags_have_reasons", tagged(2, "nbval-skip")),
    ("tags_have_reasons", tagged(3, "figure-may-differ")),
    ("tags_have_reasons", tagged(2, "nbval_skip")),
    ("tags_have_reasons", tagged(2, reason="none")),
    ("tags_have_reasons", lambda lesson: code(lesson, 4).update(outputs=[])),
    (
        "opens_as_agreed",
        lambda lesson: lesson.cells[0].update(source=launching.with_launch_line("Welcome!", "01_loading_images")),
    ),
    ("opens_as_agreed", replaced(0, "# 1. ", "# 2. ")),
    ("opens_as_agreed", replaced(0, "In this notebook you …:", "Welcome!")),
    ("opens_as_agreed", replaced(0, "- load a photo\n", "")),
    ("opens_as_agreed", replaced(0, " minutes to read and do · ", " ")),
    ("has_agreed_length", replaced(0, " minutes to read", "0 minutes to read")),
    ("has_agreed_length", replaced(6, "It rises.", "It rises. " * 1500)),
    ("keeps_test_closed", sourced(2, "paths, labels = list_images('test')")),
    ("keeps_test_closed", sourced(2, 'test = features(base, "test", 150)')),
    ("keeps_test_closed", sourced(2, "for split in datasets.SPLITS:\n    list_images(split)")),
    ("keeps_test_closed", sourced(2, "photo = data_folder() / 'test/hat/1.jpg'")),
    ("promises_nothing_unwritten", replaced(2, "Bytes:", "Lesson 18 makes it fast. Bytes:")),
    ("promises_nothing_unwritten", replaced(2, "Bytes:", "See lessons 1 and 99. Bytes:")),
    ("promises_nothing_unwritten", replaced(2, "Bytes:", "See lesson\n18. Bytes:")),
    ("promises_nothing_unwritten", replaced(2, "Bytes:", "Lessons 1 to 3 say more. Bytes:")),
    ("keeps_test_closed", sourced(2, "folder = f'{data}/test'")),
    ("imports_open_modules", sourced(2, "import scripts.lessons.notebooks")),
    ("imports_open_modules", sourced(2, "from scripts.lessons import notebooks")),
    ("imports_open_modules", sourced(2, "from scripts import datasets, benchmark")),
    ("imports_open_modules", sourced(2, "from scripts.machine.download import main")),
    ("has_the_setup_cell", sourced(1, launching.SETUP + "\n")),
    ("has_the_setup_cell", sourced(1, launching.SETUP.replace("course.start()", "course.start( )"))),
    ("has_the_setup_cell", lambda lesson: lesson.cells.insert(1, v4.new_markdown_cell("Hello"))),
    ("has_its_launch_links", replaced(0, "/blob/main/", "/blob/master/")),
    ("has_its_launch_links", replaced(0, "01_loading", "02_loading")),
    ("closes_as_agreed", lambda lesson: lesson.cells.pop()),
    ("closes_as_agreed", replaced(-1, "## What you learned", "## Summary")),
    ("closes_as_agreed", replaced(-1, "- its numbers are bytes\n", "")),
    ("closes_as_agreed", replaced(-1, "## Try it", "## More")),
    ("closes_as_agreed", replaced(-1, "3. Double it", "3. Copy it: nothing changes.\n4. Double it")),
    ("has_its_exercises", replaced(-2, "...", "12")),
    ("has_its_exercises", replaced(-3, "minutes*", "minutes*\n\nThis one is hard.")),
    ("has_its_exercises", lambda lesson: lesson.cells[-2].update(outputs=[synthetic.printed("Exercise 4: right.")])),
    ("has_its_exercises", lambda lesson: lesson.cells[-2].update(outputs=[])),
    ("closes_as_agreed", replaced(-1, "02_the_dataset.ipynb", "04_tensorflow.ipynb")),
    ("closes_as_agreed", lambda lesson: lesson.cells.append(v4.new_markdown_cell("Good luck!"))),
    ("explains_every_cell", lambda lesson: lesson.cells.pop(2)),
    ("has_short_cells", sourced(2, "size = 12\n" * 21)),
    ("describes_images", replaced(2, "a red t-shirt on a wooden floor", "")),
    ("describes_images", replaced(2, "a red t-shirt on a wooden floor", "image")),
    ("describes_images", replaced(2, "Bytes:", '<img src="../images/shirt.png">')),
    ("finishes_figures", replaced(5, "\nplt.show()", "")),
    ("finishes_figures", lambda lesson: lesson.cells.pop(6)),
    ("has_clean_code", sourced(2, "from numpy import *")),
    ("has_clean_code", sourced(2, "plt.imshow(image, cmap='jet')")),
    ("has_clean_code", sourced(2, "plt.cm.jet(12)")),
    ("has_clean_code", sourced(2, "numpy.random.default_rng().random()")),
    ("has_clean_code", sourced(2, "size = 12  # NBVAL_IGNORE_OUTPUT")),
    ("has_clean_code", sourced(2, "size;\n")),
    ("links_lead_somewhere", replaced(2, "../images/shirt.png", "../images/coat.png")),
    ("links_lead_somewhere", replaced(2, "Bytes:", "See [there](18_more.ipynb).")),
    ("is_stored_as_agreed", lambda lesson: code(lesson, 2).update(id="abc")),
    ("is_stored_as_agreed", lambda lesson: lesson.metadata.update(widgets={})),
    ("is_stored_as_agreed", lambda lesson: code(lesson, 2).metadata.update(collapsed=True)),
]


def broken(lesson, folder, name="01_loading_images"):
    """Write a lesson into a course of its own, and return the names of the promises that it does
    not keep.
    """
    (folder / "images").mkdir()
    synthetic.Image.new("RGB", (2, 2)).save(folder / "images" / "shirt.png")
    synthetic.write(synthetic.notebook(), folder / "notebooks" / "02_the_dataset.ipynb")  # the next
    return set(promises.broken_promises(synthetic.write(lesson, folder / "notebooks" / f"{name}.ipynb")))


def test_an_unbroken_lesson_keeps_every_promise(tmp_path):
    assert broken(synthetic.lesson(), tmp_path) == set()
    assert {promise for promise, _ in MUTATIONS} | {"is_of_the_series"} == {p.__name__ for p in promises.PROMISES}


@pytest.mark.parametrize(("promise", "mutate"), MUTATIONS)
def test_a_broken_lesson_is_refused(tmp_path, promise, mutate):
    lesson = synthetic.lesson()
    mutate(lesson)
    found = broken(lesson, tmp_path)
    assert promise in found
    assert len(found - {promise, "is_stored_as_agreed"}) <= 1  # the message points at what is wrong, not at everything


def test_a_lesson_of_too_many_cells_is_refused_exercises_counted():
    lesson = synthetic.notebook(*["1"] * 45)
    lesson.cells.insert(0, v4.new_markdown_cell("# 1. Long"))
    assert not promises.has_agreed_length(ROOT / "01_long.ipynb", lesson)
    lesson.cells += [v4.new_markdown_cell("## Exercises"), v4.new_code_cell("check(1, 1)")]
    assert "46 code cells" in promises.has_agreed_length(ROOT / "01_long.ipynb", lesson)[0]


def test_the_next_lesson_is_the_next_that_is_there(tmp_path, monkeypatch):
    there = [tmp_path / f"{name}.ipynb" for name in ("09_learning_rate", "11_layers_and_dropout", "21_then_and_now")]
    monkeypatch.setattr(notebooks, "find_lessons", lambda folder: there)
    assert [promises.next_of(path) for path in there] == [there[1].name, there[2].name, "../README.md"]


def test_a_lesson_of_another_name_is_refused(tmp_path):
    assert "is_of_the_series" in broken(synthetic.lesson(), tmp_path, "01_images")


def course(folder):
    """Make a copy of what nbval needs of the course, without its lessons; return its folder for
    notebooks.
    """
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "data").mkdir()
    try:
        (folder / "data" / "sample").symlink_to(DATA / "sample", target_is_directory=True)
    except OSError:  # Windows, where links need a right
        shutil.copytree(DATA / "sample", folder / "data" / "sample")
    return folder / "notebooks"


def run_nbval(folder):
    """Let nbval compare the notebooks of a course: {notebook: list of the numbers of the code cells
    that failed}.
    """
    command = [sys.executable, "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", "--junitxml=report.xml"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    run = subprocess.run(
        [*command, "notebooks"], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert run.returncode in (0, 1), run.stdout + run.stderr
    failed = {path.stem: [] for path in (folder / "notebooks").glob("*.ipynb")}
    for case in ElementTree.parse(folder / "report.xml").iter("testcase"):
        if len(case):  # it holds a failure
            name, number = re.search(
                r"(\w+)\.ipynb\W+Cell (\d+)", f"{case.get('classname')} {case.get('name')}"
            ).groups()
            failed[name].append(int(number) + 1)
    return failed


def executed(*cells):
    """Return a notebook of code cells (source, what it prints), as it is stored."""
    notebook = v4.new_notebook(
        cells=[v4.new_code_cell(source, outputs=[synthetic.printed(text)] * bool(text)) for source, text in cells]
    )
    return notebooks.normalize(notebook)


DRAW = """\
import matplotlib.pyplot as plt
figure = plt.figure(figsize=(3, 2), dpi=80)
plt.plot([1, 2, 4], label="loss")
plt.legend()
plt.show()"""
FIGURES = {  # what is changed in the figure, and whether it is then another one
    "nothing": ("", "", False),
    "a curve moved by a hundredth": ("[1, 2, 4]", "[1, 2.02, 4]", False),
    "another curve": ("[1, 2, 4]", "[1, 3, 4]", True),
    "another word": ('"loss"', '"accuracy"', True),
    "another color": ("[1, 2, 4],", "[1, 2, 4], 'r',", True),
    "another size": ("(3, 2)", "(3, 3)", True),
    "no curve": ("plt.plot([1, 2, 4], ", "plt.plot([], ", True),
    "no figure": ("plt.show()", "plt.close()", True),
}


def draw_inline():
    """Return what a kernel shows for `DRAW`, as a cell's data: Jupyter cuts the margins off."""
    import matplotlib.pyplot as plt
    from IPython.core.pylabtools import print_figure

    made = {}
    exec(DRAW, made)
    image = print_figure(made["figure"], base64=True)
    plt.close("all")
    return {"image/png": image}


def draw(source):
    """Return what a cell that draws shows, as outputs."""
    import matplotlib.pyplot as plt

    stream, found = io.BytesIO(), []
    exec(source.replace("plt.show()", "figure.savefig(stream)"), {"stream": stream, "plt": plt})
    if stream.tell():
        found = [v4.new_output("display_data", {"image/png": base64.b64encode(stream.getvalue()).decode()})]
    plt.close("all")
    return found


@pytest.mark.parametrize("change", FIGURES)
def test_a_figure_is_compared_with_the_stored_one(change):
    old, new, other = FIGURES[change]
    stored, shown = draw(DRAW), draw(DRAW.replace(old, new) if old else DRAW)
    cell = v4.new_code_cell(DRAW, outputs=stored)
    assert bool(outputs.figure_problem(stored, shown)) is other
    assert bool(outputs.problem(cell, shown)) is other
    cell.metadata["tags"] = ["figure-may-differ"]
    assert outputs.problem(cell, shown) == ""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a.py:3: UserWarning: old name", False),
        ("WARNING:tensorflow:5 out of the last 5 calls", False),
        ("2026-11-27 01:02:03.456: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on.", True),
        ("WARNING: All log messages before absl::InitializeLog() is called are written to STDERR", True),
        ("I0000 00:00:1764.5 12 cpu_feature_guard.cc:227] This TensorFlow binary is optimized", True),
        ("train:  45%|####5     | 180/400", True),
        ("", True),
    ],
)
def test_what_a_reader_should_not_see_on_stderr_is_found(line, expected):
    shown = [synthetic.printed(f"train: 100%|###|\n{line}\n", "stderr")]
    assert outputs.unexpected_stderr(shown) == ("" if expected else line)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """One run of nbval over five notebooks: a good one, one in which every other cell has something
    wrong, a stripped one, one for a loader that resizes with another method, and the first lesson,
    in which a cell does. Return what `run_nbval` does, and the stripped one and the lesson.
    """
    whole = tmp_path_factory.mktemp("course")
    folder = course(whole)
    good = executed(
        (RESIZE, RESIZED),
        ("print('train:  45%|####5     |', file=sys.stderr)", ""),
        ("print(id(image))", "12\n"),
        ("answer = 42", ""),
    )
    good.cells[2].metadata["tags"] = ["nbval-ignore-output"]
    bad = executed(
        (RESIZE, RESIZED),
        (RESIZE.replace("Resampling.BILINEAR", "Resampling.NEAREST"), RESIZED),  # another way of resizing
        ("print(6 * 7)", "42\n"),
        ("print(6 * 7)", "41\n"),  # a printed number changed
        ("print(6 * 7)", "42\n"),
        ("print(6 * 7)", ""),  # an output lost
        ("print(6 * 7)", "42\n"),
        ("oops", ""),  # a cell that breaks
        ("print(6 * 7)", "42\n"),
        ("assert 6 * 7 == 41", ""),  # a claim that is false
        ("print(6 * 7)", "42\n"),
        ("import warnings; warnings.warn('old')", ""),  # a warning that a reader would see
        (DRAW, ""),
        (DRAW.replace("[1, 2, 4]", "[1, 3, 4]"), ""),  # another figure than the stored one
    )
    for cell in bad.cells[-2:]:
        shown = v4.new_output("display_data", {"text/plain": "<Figure size 240x160 with 1 Axes>"})
        shown.data |= draw_inline()
        cell.outputs = [shown]
    stripped = executed(("print(6 * 7)", ""))
    stripped.cells[0].execution_count = None
    for name, notebook in {"good": good, "bad": bad, "stripped": stripped}.items():
        synthetic.write(notebook, folder / f"{name}.ipynb")

    shutil.copytree(whole / "scripts", whole / "other" / "scripts")
    loader = whole / "other" / "scripts" / "datasets.py"
    text = loader.read_text(encoding="utf-8")
    assert "Resampling.BILINEAR" in text
    loader.write_text(text.replace("Resampling.BILINEAR", "Resampling.NEAREST"), encoding="utf-8")
    by_the_loader = executed(("print(6 * 7)", "42\n"), (RESIZE.replace('".."', '"../other"'), RESIZED))
    synthetic.write(by_the_loader, folder / "by_the_loader.ipynb")

    (path,) = notebooks.choose_lessons(["1"], notebooks.find_lessons())
    lesson = notebooks.read_notebook(path)
    resizing = [cell for cell in notebooks.code_cells(lesson) if "Resampling.BILINEAR" in cell.source]
    for cell in resizing:
        cell.source = cell.source.replace("Resampling.BILINEAR", "Resampling.NEAREST")
    del lesson.cells[lesson.cells.index(resizing[-1]) + 1 :]
    synthetic.write(lesson, folder / path.name)
    return run_nbval(whole), stripped, (path.stem, resizing[0].execution_count)


def test_nbval_refuses_what_the_static_checks_cannot_see(compared, tmp_path):
    failed, stripped, _ = compared
    # Without a count nothing is compared: nbval passes the stripped one, and the static check has
    # to refuse it.
    found = {name: failed[name] for name in ("good", "bad", "stripped")}
    assert found == {"good": [], "bad": [2, 4, 6, 8, 10, 12, 14], "stripped": []}
    assert promises.every_cell_ran(tmp_path / "stripped.ipynb", stripped)


def test_nbval_sees_another_resizing(compared):
    """The first lesson resizes with another method, and the course's loader does: both are seen."""
    failed, _, (lesson, first) = compared
    assert failed["by_the_loader"] == [2]
    assert failed[lesson] and min(failed[lesson]) >= first
