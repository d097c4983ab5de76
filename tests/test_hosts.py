"""What hosted machines read, and what a lesson does there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import course
from scripts.course import ROOT, CourseError
from scripts.setup import NEWEST, OLDEST


def supported(version):
    return OLDEST <= tuple(int(part) for part in version.split(".")) <= NEWEST


def test_codespaces_sets_the_course_up_and_uses_its_environment():
    settings = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert supported(re.fullmatch(r"python:(\d+\.\d+)-\w+", settings["image"])[1])
    assert settings["postCreateCommand"] == "make setup"
    vscode = settings["customizations"]["vscode"]
    assert vscode["settings"]["python.defaultInterpreterPath"].endswith("/.venv/bin/python")
    assert all((ROOT / name).is_file() for name in settings["customizations"]["codespaces"]["openFiles"])


def test_binder_builds_from_the_lock_on_a_python_that_it_supports():
    version = (ROOT / ".binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    assert supported(version)
    build = (ROOT / ".binder" / "postBuild").read_text()
    assert "--require-hashes --requirement requirements.txt" in build and build.startswith("#!/bin/bash")
    assert os.name == "nt" or os.access(ROOT / ".binder" / "postBuild", os.X_OK)
    assert {path.name for path in (ROOT / ".binder").iterdir()} == {"runtime.txt", "postBuild"}


def test_saturn_cloud_clones_this_repository_and_installs_its_lock():
    recipe = json.loads((ROOT / ".saturn" / "saturn.json").read_text(encoding="utf-8"))
    spec, (clone,) = recipe["spec"], recipe["spec"]["git_repositories"]
    assert recipe["type"] == "workspace" and clone["url"] == course.REPOSITORY
    assert spec["working_directory"] == clone["path"]
    assert f"--require-hashes --requirement {clone['path']}/requirements.txt" in spec["start_script"]


@pytest.mark.parametrize(("variable", "name"), course.HOSTS.items())
def test_each_host_is_known_by_its_variable(variable, name, monkeypatch):
    for other in course.HOSTS:
        monkeypatch.delenv(other, raising=False)
    assert course.host() == ""
    monkeypatch.setenv(variable, "1")
    assert course.host() == name


def test_what_is_there_needs_nothing(monkeypatch):
    monkeypatch.setattr(course.subprocess, "run", lambda *words, **options: pytest.fail("pip was called"))
    assert course.need("numpy", "scikit-learn") is None


def test_what_is_missing_on_a_readers_machine_is_named_with_the_remedy():
    with pytest.raises(CourseError, match=r"needs no-such-package\. .*make lab.*setup\.py"):
        course.need("numpy", "no-such-package")


def test_colab_installs_only_what_is_missing_and_holds_all_that_is_there(tmp_path, monkeypatch, capsys):
    seen = tmp_path / "held.txt"

    def pip(command, **options):
        seen.write_bytes(Path(command[command.index("--constraint") + 1]).read_bytes())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setenv("COLAB_RELEASE_TAG", "1")
    monkeypatch.setattr(course.subprocess, "run", pip)
    course.need("numpy", "no-such-package")
    assert capsys.readouterr().out == "Installing no-such-package, which Colab does not have.\n"
    held = seen.read_text()
    assert f"numpy=={sys.modules['numpy'].__version__}\n" in held and "tensorflow==" in held


def test_what_cannot_be_installed_there_is_one_clear_line(monkeypatch):
    monkeypatch.setenv("COLAB_RELEASE_TAG", "1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # pip itself refuses, as it does without network
    with pytest.raises(CourseError, match=r"^no-such-package cannot be installed here \(ERROR: No matching"):
        course.need("no-such-package")
