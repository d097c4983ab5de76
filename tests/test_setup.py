"""The set-up: it refuses what cannot work before anything is installed, works once, does what was
interrupted again.
"""

import ast
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv as standard_venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from scripts import setup

ROOT = Path(setup.ROOT)
LOCK = (ROOT / "requirements.txt").read_text(encoding="utf-8")
CHOSEN = [line for line in (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines() if line[:1] not in "#"]
LINUX = ("Linux", "x86_64", 64)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder with a small requirements.txt, with real environments but no pip: `site.did` says
    what was done.
    """

    class Site:
        venv, requirements, did, interrupt = tmp_path / ".venv", tmp_path / "requirements.txt", [], False
        of_gpu = tmp_path / "requirements-gpu.txt"

        def set_up(self, **options):
            self.did.clear()
            setup.set_up(str(self.venv), str(self.requirements), **options)
            return list(self.did)

    here = Site()
    here.requirements.write_text("numpy==2.4.6\ntensorflow==2.21.0 \\\n    --hash=sha256:0\n")
    here.of_gpu.write_text("nvidia-nccl-cu12==2.32.3 \\\n    --hash=sha256:0\n")

    def create(folder):
        here.did.append("create")
        standard_venv.create(folder, clear=True, symlinks=os.name != "nt")

    def install(python, arguments):
        assert setup.version_of(python) == sys.version_info[:2]
        if here.interrupt:
            raise KeyboardInterrupt
        here.did.append(" ".join(arguments))

    monkeypatch.setattr(setup, "create", create)
    monkeypatch.setattr(setup, "has_pip", os.path.exists)
    monkeypatch.setattr(setup, "install", install)
    return here


def with_hashes(site):
    return f"--require-hashes --requirement {site.requirements}"


def test_the_lock_for_a_gpu_adds_to_the_other_and_changes_nothing_in_it():
    gpu = (ROOT / "requirements-gpu.txt").read_text(encoding="utf-8")
    pins, of_gpu = (set(re.findall(r"(?m)^([\w.-]+==[^\s;]+)", text)) for text in (LOCK, gpu))
    assert of_gpu - pins and all(pin.startswith("nvidia-") for pin in of_gpu - pins)


def test_sets_up_once(site):
    assert site.set_up() == ["create", with_hashes(site)]
    assert site.set_up() == []


def test_changed_requirements_are_installed_into_the_same_environment(site):
    site.set_up()
    site.requirements.write_text("numpy==2.4.5\n")
    assert site.set_up() == [with_hashes(site)]
    assert site.set_up() == []


@pytest.mark.parametrize("first", [True, False])
def test_an_interrupted_installation_is_done_again_from_the_start(site, first):
    if not first:
        site.set_up()
        site.requirements.write_text("tensorflow==2.21.1\n")
    site.interrupt = True
    with pytest.raises(KeyboardInterrupt):
        site.set_up()
    site.interrupt = False
    assert site.set_up() == ["create", with_hashes(site)]
    assert site.set_up() == []


def test_an_environment_whose_python_is_gone_is_made_again(site):
    site.set_up()
    Path(setup.python_of(str(site.venv))).unlink()
    assert site.set_up() == ["create", with_hashes(site)]


def test_an_environment_whose_python_was_replaced_by_another_version_is_made_again(site, monkeypatch):
    site.set_up()
    here = sys.version_info[:2]
    answers = iter([(3, 14), here, here])
    monkeypatch.setattr(setup, "version_of", lambda python: next(answers))
    assert site.set_up() == ["create", with_hashes(site)]


def test_an_environment_of_the_reader_is_completed_not_deleted(site):
    standard_venv.create(site.venv, symlinks=os.name != "nt")
    (site.venv / "precious").touch()
    assert site.set_up() == [with_hashes(site)]
    assert (site.venv / "precious").exists()


def test_an_environment_without_pip_as_uv_makes_it_gets_one_and_keeps_the_rest(site, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(setup, "install", lambda python, arguments: site.did.append("install"))
    standard_venv.create(site.venv, with_pip=False, symlinks=os.name != "nt")
    (site.venv / "precious").touch()
    assert not setup.has_pip(setup.python_of(str(site.venv)))
    assert site.set_up() == ["install"]
    assert (site.venv / "precious").exists() and setup.has_pip(setup.python_of(str(site.venv)))


def test_without_any_way_to_pip_the_environment_stays_and_the_remedy_is_said(site, tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho No module named ensurepip; exit 1\n")
    python.chmod(0o755)
    if os.name != "nt":
        with pytest.raises(setup.SetupError, match="No module named ensurepip.*uv pip install pip"):
            setup.add_pip(str(python))


@pytest.mark.parametrize("supported", [True, False])
def test_an_environment_of_the_reader_is_never_cleared(site, monkeypatch, supported):
    standard_venv.create(site.venv, symlinks=os.name != "nt")
    (site.venv / "precious").touch()
    if supported:  # interrupted, and done again
        site.interrupt = True
        with pytest.raises(KeyboardInterrupt):
            site.set_up()
        site.interrupt = False
        assert site.set_up() == [with_hashes(site)]
    else:
        monkeypatch.setattr(setup, "version_of", lambda python: (3, 9))
        with pytest.raises(setup.SetupError, match="not of this course's making"):
            site.set_up()
    assert (site.venv / "precious").exists()


def test_gpu_extras_are_locked_with_hashes_and_stay(site):
    site.set_up()
    extras = f"--require-hashes --requirement {site.of_gpu}"
    assert site.set_up(gpu=True) == [with_hashes(site), extras]
    assert site.set_up(gpu=True) == site.set_up() == []
    site.requirements.write_text("tensorflow==2.21.0\nnumpy==2\n")
    assert site.set_up() == [with_hashes(site), extras]


def test_gpu_is_for_linux():
    assert setup.gpu_refusal("linux") == ""
    assert "WSL2" in setup.gpu_refusal("win32") and "Colab" in setup.gpu_refusal("win32")
    assert "Colab" in setup.gpu_refusal("darwin")


@pytest.mark.parametrize("minor", [10, 11, 12, 13])
def test_supported_versions(minor):
    assert setup.obstacle((3, minor, 0), *LINUX) == ""
    assert setup.obstacle((3, minor, 0), "Darwin", "arm64", 64) == ""
    assert setup.obstacle((3, minor, 0), "Windows", "AMD64", 64) == ""


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        (((3, 9, 18), *LINUX), ["3.10 to 3.13", "this is Python 3.9.18", "make run PYTHON=python3.12"]),
        (((3, 14, 0), *LINUX), ["3.10 to 3.13", "this is Python 3.14.0", "python3.12 scripts/setup.py"]),
        (((3, 14, 0), "Windows", "AMD64", 64), ["3.10 to 3.13", "py -3.12 scripts\\setup.py"]),
        (((3, 12, 0), "Darwin", "x86_64", 64), ["Intel", "Colab", "Apple chip"]),
        (((3, 12, 0), "Windows", "AMD64", 32), ["x64"]),
        (((3, 12, 0), "Windows", "ARM64", 64), ["x64"]),
        (((3, 12, 0), "Linux", "i686", 32), ["64-bit"]),
    ],
)
def test_what_cannot_work_gets_one_line_before_anything_is_made(machine, words, tmp_path, monkeypatch, capsys):
    (tmp_path / "requirements.txt").write_text("tensorflow==2.21.0\n")
    monkeypatch.setattr(setup, "ROOT", str(tmp_path))
    monkeypatch.setattr(setup, "this_machine", lambda: machine)
    monkeypatch.setattr(setup, "install", lambda python, arguments: pytest.fail("began to install"))
    assert setup.main([]) == 1
    output = capsys.readouterr().out
    assert output.count("\n") == 1
    assert [word for word in words if word not in output] == []
    assert [entry.name for entry in tmp_path.iterdir()] == ["requirements.txt"]


def old_pythons():
    """Return the Pythons of this machine that the course does not support: on the path, or put
    there by pyenv.
    """
    names = ["python2", "python2.7", *(f"python3.{minor}" for minor in (6, 7, 8, 9, 14, 15))]
    found = [shutil.which(name) for name in names] + glob.glob(os.path.expanduser("~/.pyenv/versions/*/bin/python"))
    return [python for python in found if python and not setup.supported(setup.version_of(python) or setup.OLDEST)]


def test_old_pythons_say_so_instead_of_a_syntax_error(tmp_path):
    nodes = list(ast.walk(ast.parse((ROOT / "scripts" / "setup.py").read_text(encoding="ascii"))))
    newer = (ast.JoinedStr, ast.NamedExpr, ast.AnnAssign, ast.Nonlocal, ast.Match, ast.AsyncFunctionDef)
    assert [ast.dump(node) for node in nodes if isinstance(node, newer)] == []
    assert [node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.args.kwonlyargs] == []
    assert [node for node in nodes if isinstance(node, ast.Raise) and node.cause] == []
    script = tmp_path / "scripts" / "setup.py"
    script.parent.mkdir()
    shutil.copy(ROOT / "scripts" / "setup.py", script)
    (tmp_path / "requirements.txt").touch()
    for python in old_pythons():  # there may be none
        process = subprocess.run([python, "-B", script], capture_output=True, text=True, timeout=60)
        assert (process.returncode, process.stderr) == (1, ""), python
        assert process.stdout.startswith("The course needs Python 3.10 to 3.13; this is Python "), python
        assert process.stdout.count("\n") == 1, python
    assert not (tmp_path / ".venv").exists()


def test_missing_ensurepip_is_said_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(setup, "this_machine", lambda: ((3, 12, 0), *LINUX))
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(setup.SetupError, match=r"sudo apt install python3\.\d+-venv"):
        setup.create(str(tmp_path / ".venv"))
    assert not (tmp_path / ".venv").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(setup, "this_machine", lambda: ((3, 12, 0), *LINUX))
    (tmp_path / "file").touch()
    with pytest.raises(setup.SetupError, match=r"file.\.venv cannot be made"):
        setup.create(str(tmp_path / "file" / ".venv"))


def test_what_pip_found_wrong_is_shown():
    with pytest.raises(setup.SetupError, match="no-such-package"):
        setup.install(sys.executable, ["--no-index", "--dry-run", "no-such-package==1"])


def test_no_network_is_one_line():
    lines = [
        "Collecting absl-py==2.5.1",
        "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConnectionError()': /x/",
        "ERROR: Could not find a version that satisfies the requirement absl-py==2.5.1 (from versions: none)",
    ]
    text = setup.trouble(lines)
    assert "no connection" in text and "NewConnectionError" in text and "\n" not in text
    assert "no connection" not in setup.trouble(lines[2:]) and lines[2] in setup.trouble(lines[2:])


def test_progress_tells_how_far_pip_is():
    lines = [
        "Collecting absl-py==2.5.1 (from -r requirements.txt (line 3))",
        "  Downloading absl_py-2.5.1-py3.whl (135 kB)",
    ]
    assert setup.progress(lines, 4.2) == "  package 1: absl_py (135 kB), 4 s"
    assert setup.progress([*lines, "Installing collected packages: a, b, c"], 9) == "  installing 3 packages, 9 s"
    assert setup.progress([], 0) == "  package 0: , 0 s"


def test_every_requirement_has_a_reason():
    assert len(CHOSEN) > 10
    assert [line for line in CHOSEN if len(line.partition("  # ")[2].split()) < 2] == []


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13"])
def test_every_requirement_is_locked_to_one_version_with_hashes(version, platform):
    environment = {
        "python_version": version,
        "python_full_version": f"{version}.20",
        "sys_platform": platform,
        "os_name": "nt" if platform == "win32" else "posix",
    }
    text = re.sub("^ *#.*\n", "", LOCK, flags=re.MULTILINE)
    pins = [block.split(" \\\n    --hash=sha256:") for block in re.split(r"\n(?=[a-z])", text)]
    assert [pin[0] for pin in pins if len(pin) < 2] == []
    pins = [Requirement(pin[0]) for pin in pins]
    for line in CHOSEN:
        wanted = Requirement(line.partition("#")[0])
        if wanted.marker is None or wanted.marker.evaluate(environment):
            same = [
                pin for pin in pins if pin.name == wanted.name and (not pin.marker or pin.marker.evaluate(environment))
            ]
            assert len(same) == 1, wanted
            assert re.fullmatch(r"==[0-9.]+", str(same[0].specifier))
            assert wanted.specifier.contains(str(same[0].specifier)[2:])


def test_the_lock_names_no_address_and_no_place_on_a_machine():
    assert re.findall(r".*(?:://|@|--index|--find-links|--extra|^ *-r ).*", LOCK, re.MULTILINE) == []
    assert re.findall(r"(?<![\w=])/\w.*", LOCK) == []


@pytest.mark.skipif(not shutil.which("make"), reason="make is not on this machine")
def test_make_sets_up_before_all_else_and_lists_its_targets():
    outer = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "PYTHON", "GPU"}  # of a `make test` that runs this
    environment = {name: value for name, value in os.environ.items() if name not in outer}

    def make(*arguments):
        command = ["make", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout

    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.*)", text, re.MULTILINE).group(1).split()
    assert [line.split()[1] for line in make().splitlines()] == targets
    for target in set(targets) - {"help", "clean", "doctor"}:  # the doctor finds out why the set-up fails
        assert "scripts/setup.py" in make("-n", target).splitlines()[0], target
    assert "--gpu" in make("-n", "setup", "GPU=1") and "--gpu" not in make("-n", "setup")
    assert make("-n", "run", "PYTHON=python3.12").startswith("python3.12 ")


SYSTEMS = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "aarch64-apple-darwin", "x86_64-pc-windows-msvc")


def wheels_for(system, version, lock):
    """Ask the index whether it has a wheel of everything in a lock; needs `uv` and a network."""
    command = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "install",
        "--dry-run",
        "--no-deps",
        "--target",
        os.path.join(tempfile.gettempdir(), "nowhere"),
    ]
    command += [
        "--only-binary",
        ":all:",
        "--python-platform",
        system,
        "--python-version",
        version,
        "-r",
        str(ROOT / lock),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.mark.index
@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_every_package_of_the_lock_has_a_wheel_on_every_system(system, version):
    answer = wheels_for(system, version, "requirements.txt")
    assert answer.returncode == 0, answer.stderr


@pytest.mark.index
def test_every_package_for_a_gpu_has_a_wheel_under_linux_and_no_intel_mac_is_promised():
    assert wheels_for(SYSTEMS[0], "3.13", "requirements-gpu.txt").returncode == 0
    assert wheels_for("x86_64-apple-darwin", "3.13", "requirements.txt").returncode != 0
