"""The doctor: a remedy for each problem, on each system; exit code 0 only if the course will run"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import course, setup
from scripts.machine import doctor

FINE = {"tensorflow": "2.21.0", "keras": "3.15.1", "seconds": 3, "cuda": True, "gpus": []}


@pytest.fixture
def healthy(monkeypatch, tmp_path):
    """A machine on which all is well, whatever this one is; tests then break one thing."""
    standin = tmp_path / "standin.weights.h5"
    standin.touch()
    monkeypatch.setattr(doctor.setup, "this_machine", lambda: ((3, 12, 1), "Linux", "x86_64", 64))
    monkeypatch.setattr(doctor.setup, "locked_version", lambda requirements, package: "2.21.0")
    monkeypatch.setattr(doctor.resources, "memory", lambda: (16e9, 8e9))
    monkeypatch.setattr(doctor, "disk_finding", lambda free, writable, needed: ("ok", "plenty"))
    monkeypatch.setattr(doctor, "missing_packages", lambda requirements: [])
    monkeypatch.setattr(doctor, "course_python", lambda: None)
    monkeypatch.setattr(doctor, "environment_trouble", lambda: None)
    monkeypatch.setattr(sys, "argv", ["doctor"])
    monkeypatch.setattr(doctor, "ask_tensorflow", lambda: (FINE, None))
    monkeypatch.setattr(course, "weights_source", lambda: course.Source("standin", standin, "the stand-in"))


def test_a_healthy_machine(healthy, capsys):
    assert doctor.main() == 0
    output = capsys.readouterr().out
    subjects = ["Python", "Processor", "Memory", "Disk", "TensorFlow", "GPU", "Pictures", "Weights", "Speed"]
    assert [line.split()[1] for line in output.splitlines() if line[:4].strip() and line[5:6] == " "] == subjects
    assert "2.21.0" in output and "3.15.1" in output and "`make data` fetches the real photos" in output
    assert output.endswith("The course will run here.\n")


@pytest.mark.parametrize(
    ("where", "what", "words"),
    [
        ("memory_finding", lambda total, free: ("FAIL", "too little"), "too little"),
        ("missing_packages", lambda requirements: ["keras", "tensorflow"], "Not installed: keras, tensorflow."),
        ("ask_tensorflow", lambda: (None, "It crashes when it starts."), "It crashes"),
        ("disk_finding", lambda free, writable, needed: ("FAIL", "full"), "full"),
        ("image_finding", lambda: ("FAIL", "no folder", None), "no folder"),
        ("weights_finding", lambda: ("FAIL", "no file", None), "no file"),
    ],
)
def test_what_keeps_the_course_from_running(where, what, words, healthy, monkeypatch, capsys):
    monkeypatch.setattr(doctor, where, what)
    assert doctor.main() == 1
    output = capsys.readouterr().out
    assert words in output and output.endswith("The course will not run here: mend what says FAIL.\n")


def test_an_unsupported_python_is_said_without_asking_for_any_package(healthy, monkeypatch, capsys):
    monkeypatch.setattr(doctor.setup, "this_machine", lambda: ((3, 9, 18), "Linux", "x86_64", 64))
    monkeypatch.setattr(doctor, "missing_packages", lambda requirements: pytest.fail("asked"))
    assert doctor.main() == 1
    assert "this is Python 3.9.18" in capsys.readouterr().out


@pytest.fixture
def copy(tmp_path):
    """A copy of the course that is not set up."""
    for name in ("requirements.in", "requirements.txt"):
        shutil.copy(doctor.ROOT / name, tmp_path)
    shutil.copytree(doctor.ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def diagnose(folder, *words, python=sys.executable):
    """Run the doctor of a course with nothing but the standard library (-S); return the exit code
    and what it says.
    """
    command = [python, "-S", "-m", "scripts.doctor", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    return done.returncode, " ".join(done.stdout.split())


def test_before_the_set_up_it_starts_and_says_what_to_do(copy):
    code, said = diagnose(copy)
    assert code == 1 and "not set up yet: `make setup`" in said and "Memory" in said and "Disk" in said


def make_environment(folder, *stamp):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / ".venv"], check=True)
    if stamp:
        setup.write_stamp(str(folder / ".venv"), stamp)


def test_a_set_up_that_was_cut_off_is_said_to_be_so(copy):
    make_environment(copy, "unfinished")
    code, said = diagnose(copy)
    assert code == 1 and "was not finished: `make setup`" in said


def test_an_environment_whose_python_is_gone_is_said_to_be_so(copy):
    make_environment(copy, "unfinished")
    python = copy / ".venv" / "bin" / "python"
    if not python.is_symlink():
        pytest.skip("links as under Linux and macOS")
    python.unlink()
    python.symlink_to(copy / "no python")
    code, said = diagnose(copy)
    assert code == 1 and "Python in .venv does not start" in said and "`make setup`" in said


def test_a_finished_environment_that_lost_its_packages_is_said_to_be_so(copy):
    version = sys.version_info[:2]
    make_environment(copy, *setup.finished(str(copy / "requirements.txt"), version, False))
    code, said = diagnose(copy)
    assert code == 1 and "Not installed: " in said and "tensorflow" in said


def test_an_environment_for_older_requirements_is_said_to_be_so(copy):
    make_environment(copy, "0" * 64, f"python{sys.version_info[0]}.{sys.version_info[1]}")
    code, said = diagnose(copy)
    assert code == 1 and "other versions than requirements.txt" in said


def test_the_short_form_is_one_line(healthy, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["doctor", "--short"])
    assert doctor.main() == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("This machine is ready: ") and "TensorFlow 2.21.0" in line and sys.prefix not in line
    monkeypatch.setattr(doctor, "image_finding", lambda: ("FAIL", "no folder", None))
    assert doctor.main() == 1
    assert capsys.readouterr().out == "The course will not run here yet. Pictures: no folder\n"


@pytest.mark.parametrize(
    ("answer", "system", "release", "driver", "colab", "words"),
    [
        ({}, "Windows", "11", True, False, ["since its version 2.11", "WSL2", "Colab"]),
        ({}, "Darwin", "24.1", False, False, ["Mac", "Colab"]),
        ({}, "Linux", "5.15-microsoft-standard-WSL2", False, False, ["driver in Windows, not in WSL2"]),
        ({}, "Linux", "5.15-microsoft-standard-WSL2", True, False, ["make setup GPU=1"]),
        ({}, "Linux", "6.8", False, False, ["no NVIDIA driver", "make setup GPU=1"]),
        ({}, "Linux", "6.8", True, False, ["TensorFlow cannot use it", "make setup GPU=1"]),
        ({"cuda": False}, "Linux", "6.8", True, False, ["without CUDA"]),
        ({}, "Linux", "6.8", False, True, ["Change runtime type"]),
    ],
)
def test_why_there_is_no_gpu(answer, system, release, driver, colab, words, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    status, text = doctor.gpu_finding(FINE | answer, system, release, driver, colab)
    assert status == "note"
    assert [word for word in words if word not in text] == []


def test_gpus_that_are_found_or_hidden(monkeypatch):
    assert doctor.gpu_finding(FINE | {"gpus": ["H100"]}, "Linux", "6.8", True, False) == ("ok", "H100")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert "hides it" in doctor.gpu_finding(FINE, "Linux", "6.8", True, False)[1]


@pytest.mark.parametrize(
    ("probe", "words"),
    [
        ("import no_such_module", "No module named 'no_such_module'. Delete the folder .venv"),
        ("import os; os.abort()", "It crashes when it starts"),
        ("raise ImportError('DLL load failed while importing x')", "Visual C++"),
    ],
)
def test_what_goes_wrong_when_tensorflow_starts(probe, words):
    answer, trouble = doctor.ask_tensorflow(probe)
    assert answer is None and words in trouble and "Traceback" not in trouble


def test_what_tensorflow_says():
    assert doctor.ask_tensorflow(f"print('noise'); print({json.dumps(FINE)!r})") == (FINE, None)
    assert doctor.tensorflow_finding(FINE | {"tensorflow": "2.20.0"}, None)[0] == "note"


def test_memory_and_disk():
    assert doctor.memory_finding(None, None)[0] == "note"
    assert [doctor.memory_finding(total, free)[0] for total, free in ((8e9, 5e9), (8e9, 1e9), (1e9, 1e9))] == [
        "ok",
        "note",
        "FAIL",
    ]
    assert [doctor.disk_finding(free, True, 0.5e9)[0] for free in (9e9, 1e9, 1e8)] == ["ok", "note", "FAIL"]
    assert doctor.disk_finding(9e9, False, 0.5e9)[0] == "FAIL"


def test_pictures(tmp_path, monkeypatch):
    assert doctor.image_finding()[0] == "ok"
    monkeypatch.setattr(course, "DATA", tmp_path)
    assert "draws them" in doctor.image_finding()[1]
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "nowhere"))
    status, text, source = doctor.image_finding()
    assert (status, source) == ("FAIL", None) and "nowhere" in text
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))  # there, but without the layout
    status, text, source = doctor.image_finding()
    assert (status, source) == ("FAIL", None) and "train" in text


def test_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "DATA", tmp_path)
    assert doctor.weights_finding()[:2] == (
        "FAIL",
        "data/standin.weights.h5 is missing. `git checkout data` brings it back.",
    )
    (tmp_path / "standin.weights.h5").touch()
    assert doctor.weights_finding()[0] == "ok"
    monkeypatch.setenv("COURSE_WEIGHTS", "imagenet")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    status, text, _ = doctor.weights_finding()
    assert status == "FAIL" and "`make data`" in text
    for top, expected in ((False, "note"), (True, "ok")):
        path = Path(course.imagenet_weights(include_top=top))
        path.parent.mkdir(exist_ok=True)
        path.touch()
        assert doctor.weights_finding()[0] == expected


def test_what_will_be_slow():
    assert doctor.speed_finding("sample", "standin", [], 2)[0] == "ok"
    assert doctor.speed_finding("sample", "standin", [], 1)[0] == "note"
    assert doctor.speed_finding("small", "imagenet", ["H100"], 16)[0] == "ok"
    status, text = doctor.speed_finding("small", "imagenet", [], 2)
    assert status == "note" and "2 minutes" in text and "6 for those of 299" in text


def test_a_command_is_never_broken_in_two():
    text = doctor.layout("GPU", "note", "word " * 15 + "`python scripts/setup.py --gpu` does it")
    assert "`python scripts/setup.py --gpu`" in text and max(len(line) for line in text.splitlines()) <= 100


def test_before_the_set_up_the_disk_must_hold_the_packages_too():
    status, text = doctor.disk_finding(1e9, True, doctor.LEAST_DISK + doctor.SETUP_DISK)
    assert status == "FAIL" and "needs 3.5 GB" in text
