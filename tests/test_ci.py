"""`.ci/run`: it fails where anything failed or a lesson did not use the real photos, and ends by
saying what it did.
"""

import json
import os
import re
import shutil
import stat
import subprocess
import sys

import pytest

from scripts.__main__ import commands
from scripts.course import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt" or not shutil.which("bash"), reason="no bash")
PHOTOS, WEIGHTS = "clothing-dataset-small", "xception-notop-blocks1-13.weights.h5"
MAKE = """#!/bin/sh
echo "$1" >> made
[ "$1" != "$BREAK" ]
"""
PYTHON = f"""#!/bin/sh
[ "$2" != scripts.measure ] || [ "$BREAK" != measured ] || exit 1
[ "$2" != scripts.measure ] || exit 0
[ "$2" != pytest ] || [ "$BREAK" != pages ] || exit 1
[ "$2" != pytest ] || exit 0
[ "$2" = scripts.run ] || exec {sys.executable} "$@"
[ "$BREAK" != real ] || exit 1
mkdir -p build/real/notebooks
cp ../answer/run.json build/real
cp ../answer/01_a.ipynb build/real/notebooks
"""


@pytest.fixture
def course(tmp_path):
    """A course with one lesson, a `make` and a `.venv` that only note that they were called, and
    assets beside it.
    """
    files = {
        "bin/make": MAKE,
        "course/.venv/bin/python": PYTHON,
        "course/notebooks/01_a.ipynb": "",
        "answer/01_a.ipynb": "",
    }
    files |= {f"shared/assets/{PHOTOS}/images.csv": "", f"shared/assets/{WEIGHTS}": ""}
    files |= {
        "course/.ci/run": (ROOT / ".ci" / "run").read_text(encoding="utf-8"),
        "course/.gitignore": ".venv\nbuild\nmade\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path / "course", check=True)
    answer(tmp_path)
    return tmp_path


def answer(
    folder, data="path", pictures=3781, weights="path", says=f"those in the folder {PHOTOS}. Weights: Xception's"
):
    """Let the runner leave a run.json and an executed lesson that say this."""
    lesson = {"lesson": "01_a", "data": {"kind": data, "pictures": pictures}, "weights": {"kind": weights}}
    (folder / "answer" / "run.json").write_text(json.dumps({"lessons": [lesson]}))
    (folder / "answer" / "01_a.ipynb").write_text(f'"Pictures: {says}, from the file {WEIGHTS}."')


def run(folder, broken=""):
    environment = os.environ | {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "BREAK": broken,
        "PYTHON": sys.executable,
    }
    command = ["bash", folder / "course" / ".ci" / "run"]
    process = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    made = (folder / "course" / "made").read_text().split()
    return process.returncode, process.stdout.strip().splitlines(), made


def test_all_that_ci_does(course):
    code, lines, made = run(course)
    assert code == 0, lines
    assert made == ["setup", "test", "run", "browser"]
    assert [line.split()[0] for line in lines[-10:]] == ["passed"] * 9 + ["CI"]
    assert lines[-1].startswith("CI passed in ")


@pytest.mark.parametrize("broken", ["test", "run", "pages", "real", "measured"])
def test_a_failure_fails_ci_and_the_rest_still_runs(course, broken):
    code, lines, made = run(course, broken)
    assert code == 1
    assert made == ["setup", "test", "run", "browser"]
    assert lines[-1].startswith("CI FAILED")
    assert "FAILED" in [line.split()[0] for line in lines[-10:-1]]


def test_without_a_browser_it_says_so_and_the_rest_still_runs(course):
    code, lines, _ = run(course, "browser")
    assert code == 0, lines
    assert [line for line in lines if line.startswith("skipped")][0].endswith("could not be installed")


def test_without_set_up_nothing_else_runs(course):
    code, lines, made = run(course, "setup")
    assert code == 1 and made == ["setup"] and lines[-1].startswith("CI FAILED")


@pytest.mark.parametrize(
    "fallen_back",
    [{"data": "sample"}, {"pictures": 600}, {"weights": "standin"}, {"says": f"600 drawn ones ({PHOTOS}). Weights: x"}],
)
def test_a_run_that_fell_back_to_the_sample_fails(course, fallen_back):
    answer(course, **fallen_back)
    code, lines, _ = run(course)
    assert code == 1
    assert [line for line in lines if line.startswith("FAILED")][0].endswith(
        "no lesson fell back to the drawn pictures"
    )


def test_a_lesson_that_did_not_run_on_the_real_photos_fails(course):
    (course / "course" / "notebooks" / "02_b.ipynb").touch()
    assert run(course)[0] == 1


def test_a_changed_tree_fails(course):
    (course / "bin" / "make").write_text(MAKE.replace("echo", "touch left_behind; echo"))
    code, lines, _ = run(course)
    assert code == 1 and "FAILED" in lines[-2]


def test_without_the_real_photos_it_says_so(course):
    shutil.rmtree(course / "shared")
    code, lines, _ = run(course)
    assert code == 0
    assert any(line.startswith("skipped") for line in lines)


def test_workflows_name_commands_and_targets_that_are_there():
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    files = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    assert len(files) >= 4
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert set(re.findall(r"\bmake ([a-z]+)", text)) <= targets, file.name
        assert set(re.findall(r"-m scripts\.(\w+)", text)) <= set(commands()), file.name
        assert "permissions:" in text and "timeout-minutes:" in text, file.name
