"""The set-up cell as a hosted machine runs it: in an empty folder, again after a restart, twice at
once, offline.
"""

import os
import shutil
import subprocess
import sys

import pytest

from scripts.course import REPOSITORY
from scripts.lessons.launching import SETUP

FAKE = """
import os
def start():
    print("started in", os.path.basename(os.getcwd()))
"""


@pytest.fixture
def source(tmp_path):
    """A repository of the course's form, whose `course.start()` only says where it is; return its
    address.
    """
    work = tmp_path / "work"
    for name, text in {"scripts/__init__.py": "", "scripts/course.py": FAKE, "notebooks/a.ipynb": "{}"}.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text)
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "course"]):
        subprocess.run(["git", *identity, *words], cwd=work, check=True)
    return work.as_uri()


def start(source, folder, times=1, path=os.environ["PATH"]):
    """Begin to run the set-up cell in a process of its own, in a folder; `times` in one session."""
    cell = SETUP.replace(REPOSITORY, source)
    return subprocess.Popen(
        [sys.executable, "-c", "\n".join([cell] * times)],
        cwd=folder,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return out


@pytest.fixture
def empty(tmp_path):
    (tmp_path / "content").mkdir()
    return tmp_path / "content"


def test_in_an_empty_folder_and_again_in_the_same_session(source, empty):
    assert finish(start(source, empty, times=2)) == "started in notebooks\n" * 2
    assert os.listdir(empty) == [REPOSITORY.rsplit("/", 1)[1]]


def test_after_a_restart_and_without_network(source, empty, tmp_path):
    finish(start(source, empty))
    shutil.rmtree(tmp_path / "work")
    assert finish(start(source, empty)) == "started in notebooks\n"


def test_two_notebooks_at_once(source, empty):
    for process in [start(source, empty) for _ in range(4)]:
        assert finish(process) == "started in notebooks\n"
    assert os.listdir(empty) == [REPOSITORY.rsplit("/", 1)[1]]


def test_a_folder_of_the_readers_own_called_scripts_is_not_taken_for_the_course(source, empty, tmp_path):
    for folder in (empty, tmp_path):
        (folder / "scripts").mkdir()
    assert finish(start(source, empty)) == "started in notebooks\n"
    assert sorted(os.listdir(empty)) == [REPOSITORY.rsplit("/", 1)[1], "scripts"]


def test_without_git_one_line_says_so(source, empty):
    process = start(source, empty, path="")
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0 and errors.strip().splitlines()[-1].startswith("AssertionError: Install git")


def test_without_network_the_first_time_nothing_is_left_behind(empty, tmp_path):
    process = start((tmp_path / "nowhere").as_uri(), empty)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0 and "git" in errors
    assert os.listdir(empty) == []


@pytest.mark.parametrize("inside", ["notebooks", "."], ids=["in the notebooks", "in the course's folder"])
def test_in_the_course_itself_nothing_is_fetched(source, tmp_path, inside):
    shutil.rmtree(tmp_path / "work" / ".git")
    assert finish(start("nowhere", tmp_path / "work" / inside, times=2)) == "started in notebooks\n" * 2
