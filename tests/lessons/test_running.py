"""The runner, on small notebooks that the tests make: what it writes, what it says, how it ends."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import redirect_stdout

import pytest
import synthetic

from scripts.course import ROOT, CourseError
from scripts.lessons import notebooks
from scripts.lessons import running as run

RESULT = """\
import sys
print(sys.prefix)
sys.path.insert(0, {root!r})
from scripts import results
results.record("majority vote", 3, 4)"""


def call(arguments, folder):
    """Run the command in this process; return its exit code and what it printed."""
    with redirect_stdout(io.StringIO()) as printed:
        code = run.main([str(argument) for argument in arguments], folder)
    return code, printed.getvalue()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return synthetic.pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory, pictures):
    """One run of two lessons, one of which fails: (exit code, what was printed, the folder that was
    written).
    """
    folder = tmp_path_factory.mktemp("course")
    figure = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    good = synthetic.notebook("import os\nprint(os.environ['COURSE_DATA'])", RESULT.format(root=str(ROOT)), figure)
    good.cells.insert(0, synthetic.v4.new_markdown_cell("# 1. Loading images\n\n![a red dot](../images/dot.png)"))
    good.cells.append(
        synthetic.v4.new_markdown_cell("Next: [2. The data set](02_the_dataset.ipynb), [all](../README.md)")
    )
    synthetic.write(good, folder / "notebooks" / "01_loading_images.ipynb")
    synthetic.write(synthetic.notebook("size = 0", "1 / size", "3"), folder / "notebooks" / "02_the_dataset.ipynb")
    other = folder / "jupyter" / "kernels" / "python3" / "kernel.json"  # a kernel installed elsewhere, which is gone
    other.parent.mkdir(parents=True)
    other.write_text(json.dumps({"argv": ["/gone/python"], "display_name": "Python 3", "language": "python"}))
    (folder / "images").mkdir()
    synthetic.Image.new("RGB", (2, 2), "red").save(folder / "images" / "dot.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA", str(pictures))
        patch.setenv("COURSE_WEIGHTS", "standin")
        patch.setenv("JUPYTER_PATH", str(folder / "jupyter"))
        code, printed = call(["--out", folder / "build", "--jobs", 2], folder / "notebooks")
    return code, printed, folder / "build"


def test_a_failure_is_told_and_stops_no_other_lesson(finished):
    code, printed, _ = finished
    assert code == 1
    assert "02_the_dataset failed in code cell 2:\n    1 / size\n" in printed
    assert "ZeroDivisionError: division by zero" in printed
    assert "\x1b" not in printed
    assert "01_loading_images  passed           3/3" in printed
    assert "02_the_dataset     failed           1/3" in printed
    assert "1 of 2 lessons passed" in printed


def test_a_lesson_that_dies_or_hangs_or_is_no_notebook_is_a_failure(tmp_path, pictures, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(pictures))
    monkeypatch.setattr(run, "CELL_TIMEOUT", 1)
    folder = tmp_path / "notebooks"
    synthetic.write(synthetic.notebook("import os\nos.kill(os.getpid(), 9)"), folder / "01_loading_images.ipynb")
    synthetic.write(synthetic.notebook("import time\ntime.sleep(600)"), folder / "02_the_dataset.ipynb")
    (folder / "03_tensorflow.ipynb").write_text("<html>")
    code, printed = call(["--out", tmp_path / "build", "--jobs", 2], folder)
    assert code == 1
    assert "01_loading_images failed in code cell 1:" in printed and "The kernel died." in printed
    assert "02_the_dataset failed in code cell 1:" in printed and "It ran longer than 1 seconds" in printed
    assert "03_tensorflow failed:" in printed and "03_tensorflow.ipynb cannot be read as a notebook" in printed


def test_run_json_says_what_was_measured_on_what(finished, pictures):
    written = json.loads((finished[2] / "run.json").read_text())
    good, bad = written["lessons"]
    assert (good["lesson"], good["status"], good["cells"], good["error"]) == ("01_loading_images", "passed", 3, None)
    assert good["seconds"] > 0
    assert good["data"] == {"kind": "path", "description": f"those in the folder {pictures.name}", "pictures": 3}
    assert good["weights"]["kind"] == "standin"
    assert good["results"] == [{"name": "majority vote", "value": 0.75, "n": 4, "interval": [0.3006, 0.9544]}]
    assert (bad["status"], bad["executed"], bad["results"]) == ("failed", 1, [])
    assert (bad["error"]["cell"], bad["error"]["source"]) == (2, "1 / size")
    assert written["versions"]["python"] and written["versions"]["numpy"]
    assert written["machine"]["cores"] and written["date"]


def test_copies_hold_the_outputs_of_this_run(finished, pictures):
    cells = notebooks.code_cells(notebooks.read_notebook(finished[2] / "notebooks" / "01_loading_images.ipynb"))
    assert cells[0].outputs[0].text == f"{pictures}\n"
    assert [cell.execution_count for cell in cells] == [1, 2, 3]
    failed = notebooks.code_cells(notebooks.read_notebook(finished[2] / "notebooks" / "02_the_dataset.ipynb"))
    assert failed[1].outputs[0].ename == "ZeroDivisionError"
    assert failed[2].execution_count is None  # what did not run does not look as if it had


def test_the_kernel_is_the_python_that_runs_the_course(finished):
    cells = notebooks.code_cells(notebooks.read_notebook(finished[2] / "notebooks" / "01_loading_images.ipynb"))
    assert cells[1].outputs[0].text.splitlines()[0] == sys.prefix


def test_copies_show_the_images_of_the_course(finished):
    cells = notebooks.read_notebook(finished[2] / "notebooks" / "01_loading_images.ipynb").cells
    assert any("../images/dot.png" in cell.source for cell in cells) and (finished[2] / "images" / "dot.png").exists()
    assert "scripts.site --notebooks" in finished[1]  # how they become web pages


def test_storing_twice_changes_no_byte(tmp_path, pictures, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", "something else")  # what is stored comes from the embedded mode, whatever is set
    monkeypatch.setenv("COURSE_WEIGHTS", "imagenet")
    assert (run.EMBEDDED["COURSE_DATA"], run.EMBEDDED["COURSE_WEIGHTS"]) == ("sample", "standin")
    monkeypatch.setattr(run, "EMBEDDED", {"COURSE_DATA": str(pictures), "COURSE_WEIGHTS": "standin"})
    lesson = synthetic.notebook(
        "import os, sys, time\nprint(os.environ['COURSE_WEIGHTS'])\nsys.stderr.write(' 45%|####5     |')\nprint('more')",
        "print(time.time_ns())",
        "{'b': 1, 'a': 2}",
    )
    lesson.cells[1].metadata = {"tags": ["nbval-ignore-output"], "reason": "a time", "collapsed": True}
    lesson.metadata["widgets"] = {"state": {}}
    path = synthetic.write(lesson, tmp_path / "notebooks" / "01_loading_images.ipynb")
    broken = synthetic.write(synthetic.notebook("print(1)", "oops"), tmp_path / "notebooks" / "02_the_dataset.ipynb")
    before = broken.read_bytes()
    arguments = ["--store", "--out", tmp_path / "build"]

    assert call(arguments, path.parent)[0] == 1
    first = path.read_bytes()
    cells = notebooks.code_cells(notebooks.read_notebook(path))
    assert [output.text for output in cells[0].outputs] == ["standin\nmore\n"]
    assert cells[1].metadata == {"tags": ["nbval-ignore-output"], "reason": "a time"}
    assert "widgets" not in notebooks.read_notebook(path).metadata
    assert [cell.execution_count for cell in cells] == [1, 2, 3]
    assert call([*arguments, "1"], path.parent)[0] == 0
    assert path.read_bytes() == first
    assert broken.read_bytes() == before  # nothing of a failed lesson is stored


def test_a_time_is_stored_anew_once_anything_else_in_its_lesson_changes():
    def lesson(time, source="clock()", score="0.5\n"):
        notebook = synthetic.notebook(source, "score()")
        notebook.cells[0].metadata["tags"] = ["nbval-ignore-output"]
        notebook.cells[0].outputs = [synthetic.printed(time)]
        notebook.cells[1].outputs = [synthetic.printed(score)]
        return notebook

    def stored_time(notebook):
        return notebooks.normalize(notebook, lesson("1 s\n")).cells[0].outputs[0].get("text")

    assert stored_time(lesson("2 s\n")) == "1 s\n"
    assert stored_time(lesson("2 s\n", source="clock(2)")) == "2 s\n"
    assert stored_time(lesson("2 s\n", score="0.6\n")) == "2 s\n"  # other pictures or weights
    figure = lesson("2 s\n")
    figure.cells[0].outputs = [synthetic.v4.new_output("display_data", {"text/plain": "<Figure>"})]
    assert stored_time(figure) is None


def test_an_unknown_lesson_gets_one_line_that_lists_the_lessons(tmp_path, capsys):
    synthetic.write(synthetic.notebook("1"), tmp_path / "01_loading_images.ipynb")
    assert run.main(["7"], tmp_path) == 1
    assert capsys.readouterr().err == "There is no lesson '7'. There are: 01_loading_images.\n"
    assert run.main([], tmp_path / "elsewhere") == 1
    assert "holds no lesson" in capsys.readouterr().err


def test_lessons_are_chosen_by_number_or_name(tmp_path):
    there = [tmp_path / f"{name}.ipynb" for name in ("01_loading_images", "02_the_dataset", "10_augmentation")]
    for word in ("1", "01", "loading_images", "01_loading_images", "notebooks/01_loading_images.ipynb"):
        assert notebooks.choose_lessons([word], there) == there[:1]
    assert notebooks.choose_lessons(["10", "1", "1"], there) == [there[0], there[2]]
    assert notebooks.choose_lessons([], there) == there
    with pytest.raises(CourseError, match="no lesson '0'"):
        notebooks.choose_lessons(["0"], there)


def test_a_notebook_edited_while_it_runs_is_not_overwritten(tmp_path, pictures, monkeypatch):
    monkeypatch.setattr(run, "EMBEDDED", {"COURSE_DATA": str(pictures), "COURSE_WEIGHTS": "standin"})
    for name in run.EMBEDDED:
        monkeypatch.setenv(name, "")  # so that it is restored
    path = tmp_path / "notebooks" / "01_loading_images.ipynb"
    edit = "from pathlib import Path\nfile = Path('01_loading_images.ipynb')\nfile.write_text(file.read_text() + ' ')"
    edited = synthetic.write(synthetic.notebook(edit), path).read_text() + " "
    code, printed = call(["--store", "--out", tmp_path / "build"], path.parent)
    assert code == 1 and "was edited while it ran" in printed
    assert path.read_text() == edited


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_nothing_broken(tmp_path, pictures, number):
    pid = tmp_path / "pid"
    waiting = f"import os, time\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)"
    folder, out = tmp_path / "notebooks", tmp_path / "build"
    synthetic.write(synthetic.notebook("1"), folder / "01_loading_images.ipynb")
    for name in ("02_the_dataset", "03_tensorflow"):
        synthetic.write(synthetic.notebook(waiting), folder / f"{name}.ipynb")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    program = f"import sys, pathlib; from scripts.lessons import running as run; sys.exit(run.main(sys.argv[1:], pathlib.Path({str(folder)!r})))"
    environment = os.environ | {"COURSE_DATA": str(pictures), "COURSE_WEIGHTS": "standin"}
    process = subprocess.Popen(
        [sys.executable, "-c", program, "--jobs", "1", "--out", str(out)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline = time.monotonic() + 180
        while not (pid.exists() and pid.read_text()) and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(number)
        printed = process.communicate(timeout=120)[0]
    finally:
        process.kill()
    assert process.returncode == 130, printed
    assert "Traceback" not in printed
    states = {lesson["lesson"]: lesson["status"] for lesson in json.loads((out / "run.json").read_text())["lessons"]}
    assert states == {"01_loading_images": "passed", "02_the_dataset": "interrupted", "03_tensorflow": "not run"}
    with pytest.raises(ProcessLookupError):  # the kernel is gone
        os.kill(int(pid.read_text()), 0)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert {path.name for path in (out / "notebooks").iterdir()} == {"01_loading_images.ipynb"}


@pytest.fixture
def executed(monkeypatch):
    """Lessons pass without a kernel; return a list of those that began, in their order."""
    began = []

    async def execute(path, notebook, outcome, environment, log):
        began.append(path.stem[:2])
        outcome.executed, outcome.status = outcome.cells, "passed"

    monkeypatch.setattr(run, "execute", execute)
    return began


def test_a_lesson_that_shows_its_reader_a_warning_fails(tmp_path, pictures, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(pictures))
    folder = tmp_path / "notebooks"
    warning = "import warnings\nwarnings.warn('old name')"
    synthetic.write(synthetic.notebook("1", warning, "2"), folder / "01_loading_images.ipynb")
    code, printed = call(["--out", tmp_path / "build"], folder)
    assert code == 1 and "01_loading_images failed in code cell 2" in printed
    assert "writes to stderr" in printed and "old name" in printed


@pytest.mark.parametrize(("jobs", "own", "threads"), [(1, None, "4"), (2, None, "2"), (8, None, "1"), (2, "3", "3")])
def test_lessons_at_once_share_the_cores_unless_the_user_says_how(pictures, monkeypatch, jobs, own, threads):
    monkeypatch.setenv("COURSE_DATA", str(pictures))
    monkeypatch.setattr(run.resources, "cores", lambda: 4)
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    if own:
        monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", own)
    assert run.kernel_environment(jobs)["TF_NUM_INTRAOP_THREADS"] == threads


def test_the_longest_lesson_starts_first_and_the_table_keeps_their_order(tmp_path, pictures, executed, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(pictures))
    monkeypatch.setenv("COURSE_WEIGHTS", "standin")
    for name, seconds in (("01_loading_images", 5), ("02_the_dataset", 60), ("03_scores", 20)):
        lesson = synthetic.notebook("1")
        lesson.cells.insert(0, synthetic.v4.new_markdown_cell(f"*1 minute to read · {seconds} seconds to run*"))
        synthetic.write(lesson, tmp_path / "notebooks" / f"{name}.ipynb")
    code, printed = call(["--jobs", "1", "--out", tmp_path / "build"], tmp_path / "notebooks")
    assert code == 0, printed
    assert executed == ["02", "03", "01"]
    assert re.findall(r"^(0\d)_\w+ +passed ", printed, re.MULTILINE) == ["01", "02", "03"]
