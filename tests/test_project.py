"""The repository's own files: line ends, licenses, spelling, and paths that documents name."""

import json
import re
import subprocess

import pytest

from scripts.course import REPOSITORY, ROOT
from scripts.lessons.notebooks import SERIES


def git(*words):
    try:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a clone")


def tracked():
    return [ROOT / name for name in git("ls-files").splitlines() if (ROOT / name).is_file()]


TEXTS = (".py", ".md", ".ipynb", ".toml", ".in", ".cff", ".yaml", ".yml")
BRITISH = re.compile(  # whole words, also with -s, -d, -ing
    r"\b(?:colour|grey|centre|behaviour|neighbour|favour|licence|catalogue|artefact|labelled(?!by)|labelling|modelling|modelled|analyse|judgement|learnt|programme|metre|practise|cancelled(?!Error)|travelled|whilst"
    r"|(?:normal|optim|initial|recogn|organ|standard|regular|visual|general|summar|minim|maxim)is(?:e|ation))\w*",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    ("name", "attribute", "value"),
    [
        ("notebooks/a.ipynb", "eol", "lf"),
        ("scripts/a.py", "eol", "lf"),
        ("data/a.sha256", "eol", "lf"),
        ("Makefile", "eol", "lf"),
        (".ci/run", "eol", "lf"),
        ("data/a.weights.h5", "binary", "set"),
        ("images/a.png", "binary", "set"),
    ],
)
def test_line_ends_are_the_same_on_every_system_and_weights_are_binary(name, attribute, value):
    assert git("check-attr", attribute, "--", name).strip().endswith(f"{attribute}: {value}")


def test_no_file_has_the_line_ends_of_windows():
    assert not [
        path.name for path in tracked() if path.suffix not in (".h5", ".png", ".npz") and b"\r\n" in path.read_bytes()
    ]


def test_no_file_is_larger_than_history_should_carry():
    assert not [path.name for path in tracked() if path.stat().st_size > 4 * 2**20]


def test_the_spelling_is_american():
    found = []
    for path in tracked():
        if path.suffix in TEXTS and path.name != "test_project.py":
            text = path.read_text(encoding="utf-8")
            if path.suffix == ".ipynb":
                text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
            found += [f"{path.name}: {word}" for word in BRITISH.findall(text)]
    assert not found


def test_the_citation_names_this_repository_and_the_version_of_the_changelog():
    citation = dict(re.findall(r"^([\w-]+): (.+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE))
    assert citation["repository-code"] == REPOSITORY and citation["license"] == "MIT"
    latest = re.search(r"^## (\S+) - (\S+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert (citation["version"], citation["date-released"].strip('"')) == latest.groups()


def test_every_path_that_the_documents_name_is_there():
    made = {".venv/bin/python", "build/real", "data/measured/", "data/progress.json"}
    for name in ("CONTRIBUTING.md", "INSTRUCTORS.md", "LICENSES.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        paths = re.findall(r"`((?:scripts|tests|notebooks|images|data|\.ci)/[\w./*-]*)`", text)
        assert paths
        for path in set(paths) - made:
            if "NN_" not in path:
                assert list(ROOT.glob(path)) or (ROOT / path).exists(), f"{name} names {path}"


def test_uv_installs_wheels_of_the_python_that_is_there():
    """What stands in pyproject.toml holds for `uv pip install` too: with the lock's Python there it
    put wheels of 3.10 into every environment.
    """
    assert "[tool.uv" not in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_instructors_find_every_lesson_in_the_goals_and_in_the_six_weeks():
    text = (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
    numbers = [name[:2] for name in SERIES]
    assert re.findall(r"^\| (\d\d) \|", text, re.MULTILINE) == numbers
    weeks = re.findall(r"^\| \d \| (\d\d) to (\d\d)", text, re.MULTILINE)
    assert [f"{number:02}" for first, last in weeks for number in range(int(first), int(last) + 1)] == numbers
