"""Every command that the documents name is there, is listed, and says what it does."""

import re
import subprocess
import sys

import pytest

from scripts.__main__ import commands
from scripts.course import ROOT

FILES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "Makefile", "data/README.md")]
NAMED = sorted(
    {name for file in FILES for name in re.findall(r"-m scripts\.([a-z]\w+)", file.read_text(encoding="utf-8"))}
)


def test_all_commands_that_are_named_are_there():
    assert NAMED and set(NAMED) <= set(commands()), set(NAMED) - set(commands())


def test_the_list_has_a_line_for_each():
    listed = subprocess.run(
        [sys.executable, "-m", "scripts"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert [line.split()[2] for line in listed.splitlines()] == [f"scripts.{name}" for name in sorted(commands())]
    assert all(len(text) > 20 for text in commands().values())


@pytest.mark.parametrize("name", sorted(commands()))
def test_a_command_explains_itself(name):
    command = [sys.executable, "-m", f"scripts.{name}", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "usage" in done.stdout and "Traceback" not in done.stderr
