"""Every command that the documents name is there, is listed, and says what it does."""

import json
import re
import subprocess
import sys

import pytest

from scripts.__main__ import commands
from scripts.course import ROOT

FILES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "INSTRUCTORS.md", "Makefile", "data/README.md")]
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


# One process for all, so that TensorFlow is loaded once; the course's own modules anew for each.
EXPLAIN = """
import contextlib, gc, io, json, runpy, sys, traceback
gc.disable()  # imports are a quarter faster
told = {}
for name in sys.argv[1:]:
    for module in [module for module in sys.modules if module.partition(".")[0] == "scripts"]:
        del sys.modules[module]
    text, sys.argv = io.StringIO(), [name, "--help"]
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        try:
            runpy.run_module(f"scripts.{name}", run_name="__main__", alter_sys=True)
            code = 0
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            code = traceback.format_exc()
    told[name] = [code, text.getvalue()]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told():
    """What each command answers to `--help`: {name: (exit status, text)}."""
    command = [sys.executable, "-c", EXPLAIN, *sorted(commands())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", sorted(commands()))
def test_a_command_explains_itself(told, name):
    code, text = told[name]
    assert code == 0 and "usage" in text and "Traceback" not in text
