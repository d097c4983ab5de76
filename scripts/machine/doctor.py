"""Say what this machine has for the course, what will be slow, what is missing: `python -m
scripts.doctor`.

The exit code is 0 if the course will run here, else 1. This file starts without any package and on
any Python 3, to say what is missing. A finding is a pair (status, text); the status is "ok", "note"
or "FAIL".
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

from scripts import resources, setup

ROOT = Path(setup.ROOT)
GB = 10**9
LEAST_MEMORY = 2 * GB  # what a lesson takes at most
SETUP_DISK = 3 * GB  # the packages
LEAST_DISK = 0.5 * GB  # the drawn pictures, the executed lessons
REAL_DISK = 2 * GB  # the real photos, Xception's weights, cached features
REAL_PHOTOS = 3781
PHOTOS_PER_CORE = {150: 21, 299: 5}  # Xception, in a second, by image size; measured on a server with AVX-512

PROBE = """
import json, time
began = time.time()
from scripts.course import import_tensorflow
tensorflow = import_tensorflow()
import keras
gpus = tensorflow.config.list_physical_devices("GPU")
print(json.dumps({
    "tensorflow": tensorflow.__version__,
    "keras": keras.__version__,
    "seconds": round(time.time() - began),
    "cuda": tensorflow.test.is_built_with_cuda(),
    "gpus": [tensorflow.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus],
}))
"""


def main():
    """Print every finding once it is known, or with `--short` one line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.doctor", description=__doc__.split("\n")[0])
    parser.add_argument("--short", action="store_true", help="say it in one line")
    short = parser.parse_args().short
    other = course_python()
    if other:  # there is a better one to ask than this
        return subprocess.call([other, "-m", "scripts.doctor"] + sys.argv[1:], cwd=str(ROOT))
    found = []
    for finding in findings():
        found.append(finding)
        if not short:
            print(layout(*finding), flush=True)
    failed = [finding for finding in found if finding[1] == "FAIL"]
    if short:
        print(in_short(found, failed))
    else:
        print("\nThe course will not run here: mend what says FAIL." if failed else "\nThe course will run here.")
    return int(bool(failed))


def in_short(found, failed):
    """Return the findings as one line that names no folder of this machine."""
    if failed:
        return "The course will not run here yet. " + " ".join("%s: %s" % (who, text) for who, _, text in failed)
    said = {subject: text for subject, _, text in found}
    version = said["TensorFlow"].split(";")[0]
    gpu = said["GPU"].split(",")[0] if said["GPU"].startswith("none") else said["GPU"]
    parts = [
        "Python %s" % platform.python_version(),
        said["Processor"].split(",")[0],
        "%s of memory" % said["Memory"].split(":")[0],
        "TensorFlow %s" % version,
        "GPU: %s" % gpu,
    ]
    return "This machine is ready: " + "; ".join(parts) + "."


def course_python():
    """Return the Python of .venv where it is set up and another one runs this; None where this one
    is to be asked.
    """
    python = setup.python_of(str(ROOT / ".venv"))
    if Path(sys.prefix) == ROOT / ".venv" or not missing_packages(requirements()):
        return None
    return python if environment_trouble() is None else None


def environment_trouble():
    """Return what is wrong with .venv, and the remedy, in a sentence; None where it is as the
    set-up leaves it.
    """
    venv, remedy = ROOT / ".venv", "`make setup` (or `python3 scripts/setup.py`)"
    if not venv.is_dir():
        try:
            import ensurepip  # noqa: F401 - Debian and Ubuntu leave it out
        except ImportError:
            return "The course is not set up yet, and this Python cannot make environments: " + setup.NO_ENSUREPIP
        return "The course is not set up yet: %s does it." % remedy
    version = setup.version_of(setup.python_of(str(venv)))
    stamp = [word for word in setup.read_stamp(str(venv)) if word != setup.OURS]
    if version is None:
        return "The Python in .venv does not start any more: %s makes a new one." % remedy
    if setup.UNFINISHED in stamp:
        return "The set-up was not finished: %s goes on. What it said then is the reason." % remedy
    if stamp != setup.finished(str(ROOT / "requirements.txt"), version, "gpu" in stamp):
        return "The folder .venv holds other versions than requirements.txt wants: %s mends that." % remedy
    return None


def requirements():
    return (ROOT / "requirements.in").read_text(encoding="utf-8")


def layout(subject, status, text):
    """Return a finding as lines of at most 100 characters, the text in a column, no command broken
    in two.
    """
    whole = re.sub("`[^`]*`", lambda command: command.group().replace(" ", "\0"), text)
    lines = textwrap.wrap(whole, 100 - 18, break_long_words=False, break_on_hyphens=False)
    return f"{status:<5} {subject:<12}" + ("\n" + " " * 18).join(lines).replace("\0", " ")


def findings():
    """Yield all findings about this machine, each with its subject before it."""
    reason = setup.obstacle(*setup.this_machine())
    found = f"{platform.python_version()}, in {sys.prefix}"
    yield ("Python", "FAIL", reason) if reason else ("Python", "ok", found)
    cores = resources.cores()
    found = f"{cores} core{'s' * (cores > 1)}, {platform.machine()}, {platform.system()} {platform.release()}"
    yield ("Processor", "ok", found)
    yield ("Memory", *memory_finding(*resources.memory()))
    needed = LEAST_DISK + (SETUP_DISK if not reason and missing_packages(requirements()) else 0)
    yield ("Disk", *disk_finding(shutil.disk_usage(str(ROOT)).free, os.access(str(ROOT), os.W_OK), needed))
    if reason:
        return
    missing = missing_packages(requirements())
    if missing:
        trouble = environment_trouble()
        if trouble:
            yield ("Set-up", "FAIL", trouble)
        else:
            yield ("Packages", *packages_finding(missing, Path(setup.python_of(str(ROOT / ".venv")))))
        return
    if Path(sys.prefix) == ROOT / ".venv" and environment_trouble():
        yield ("Set-up", "note", environment_trouble())
    answer, trouble = ask_tensorflow()
    yield ("TensorFlow", *tensorflow_finding(answer, trouble))
    if answer:
        driver, colab = shutil.which("nvidia-smi") is not None, "COLAB_RELEASE_TAG" in os.environ
        yield ("GPU", *gpu_finding(answer, platform.system(), platform.release(), driver, colab))
    status, text, images = image_finding()
    yield ("Pictures", status, text)
    status, text, weights = weights_finding()
    yield ("Weights", status, text)
    if answer and images and weights:
        yield ("Speed", *speed_finding(images.kind, weights.kind, answer["gpus"], cores))


def memory_finding(total, free):
    if total is None:
        return "note", "unknown before the packages are installed"
    text = f"{free / GB:.1f} of {total / GB:.1f} GB free"
    if total < LEAST_MEMORY:
        return "FAIL", f"{text}. A lesson takes up to {LEAST_MEMORY / GB:.0f} GB: use Colab (links in README.md)."
    if free < 2 * LEAST_MEMORY:
        advice = "close other programs, or run one lesson at a time: `python -m scripts.run --jobs 1`"
        return "note", f"{text}: {advice}"
    return "ok", text


def disk_finding(free, writable, needed):
    text = f"{free / GB:.1f} GB free"
    if not writable:
        return "FAIL", f"The folder {ROOT} may not be written to. Copy the course into a folder of your own."
    if free < needed:
        return "FAIL", f"{text}. The course needs {needed / GB:.1f} GB: delete what you do not need."
    if free < REAL_DISK:
        return "note", f"{text}; the real photos, the weights and what lessons cache need {REAL_DISK / GB:.0f} GB"
    return "ok", text


def missing_packages(requirements):
    """Return the names in `requirements`, the text of requirements.in, that are not installed,
    sorted.
    """
    try:
        from importlib import metadata
    except ImportError:  # before Python 3.8, where the course does not run anyway
        return ["tensorflow"]
    missing = set()
    for name in re.findall("^[A-Za-z0-9_-]+", requirements, re.MULTILINE):
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.add(name)
    return sorted(missing)


def packages_finding(missing, course_python):
    """Return the finding about packages that are not there; `course_python` is where the course's
    Python should be.
    """
    text = f"Not installed: {', '.join(missing)}."
    if course_python.exists() and course_python.parent != Path(sys.executable).parent:
        command = f"{course_python.relative_to(ROOT)} -m scripts.doctor"
        return "FAIL", f"{text} This is not the course's own Python: use `{command}`."
    return "FAIL", f"{text} Delete the folder .venv, then `make setup` (or `python3 scripts/setup.py`)."


def ask_tensorflow(probe=PROBE):
    """Start TensorFlow in a process that may crash. Return (what it says, None) or (None, what went
    wrong).
    """
    command = [sys.executable, "-c", probe]
    try:
        process = subprocess.run(command, cwd=str(ROOT), capture_output=True, timeout=300)
    except subprocess.TimeoutExpired:
        return None, "It did not start within 5 minutes. Close other programs and try again."
    if process.returncode == 0:
        return json.loads(process.stdout.decode("utf-8").splitlines()[-1]), None
    error = process.stderr.decode("utf-8", "replace").strip().split("\n")[-1].strip()
    if process.returncode < 0 or process.returncode > 255:  # a signal; the second on Windows
        return None, (
            f"It crashes when it starts (code {process.returncode}). It needs 1 GB of free memory and a processor with "
            "AVX: all since 2013 have it, but some virtual machines hide it. Use another machine, or Colab."
        )
    if "DLL load failed" in error:
        return None, f"{error}. Install Microsoft's Visual C++ Redistributable (x64), then open a new terminal."
    return None, f"{error}. Delete the folder .venv, then run `make setup` (or `python scripts/setup.py`)."


def tensorflow_finding(answer, trouble):
    if trouble:
        return "FAIL", trouble
    text = f"{answer['tensorflow']}, Keras {answer['keras']}; {answer['seconds']} s to start, in every lesson"
    wanted = setup.locked_version(str(ROOT / "requirements.txt"), "tensorflow")
    if answer["tensorflow"] != wanted:
        return "note", f"{text}. The course was made with TensorFlow {wanted}: numbers may differ."
    return "ok", text


def gpu_finding(answer, system, release, driver, colab):
    """Return the finding about the GPU from TensorFlow's answer, this system, and whether NVIDIA's
    driver is there.
    """
    if answer["gpus"]:
        return "ok", ", ".join(answer["gpus"])
    if colab:
        reason = "Colab lends one: menu Runtime, Change runtime type."
    elif system == "Windows":
        reason = (
            "TensorFlow has used no GPU on Windows since its version 2.11: set the course up in WSL2, or use Colab."
        )
    elif system == "Darwin":
        reason = "TensorFlow uses no GPU of a Mac. Colab lends one."
    elif not driver and "microsoft" in release.lower():
        reason = (
            "WSL2 sees no NVIDIA driver. If this PC has an NVIDIA card, install its driver in Windows, not in WSL2."
        )
    elif not driver:
        reason = "There is no NVIDIA driver. If there is an NVIDIA card: install it, then `make setup GPU=1`."
    elif not answer["cuda"]:
        reason = (
            "There is an NVIDIA driver, but TensorFlow for this processor is built without CUDA. Colab lends a GPU."
        )
    elif os.environ.get("CUDA_VISIBLE_DEVICES", "0") in ("", "-1"):
        reason = "The environment variable CUDA_VISIBLE_DEVICES hides it: remove the variable."
    else:
        reason = (
            "There is an NVIDIA driver, but TensorFlow cannot use it. `make setup GPU=1` (or "
            "`python scripts/setup.py --gpu`) adds the CUDA libraries. If that was done: delete the folder .venv, do "
            "it again, and update the driver."
        )
    return "note", f"none, so the processor computes. {reason}"


def image_finding():
    """Return (status, text, `Source`) for the pictures; the `Source` is None where there is a
    problem.
    """
    from scripts import course, datasets

    try:
        source = course.image_source()
        if source.kind != "sample":
            datasets.check_layout(source.path)
    except course.CourseError as error:
        return "FAIL", str(error), None
    if source.kind == "sample" and not (source.path / "images.csv").exists():
        return "ok", f"{source.description}; the first lesson draws them, in about half a minute", source
    return "ok", source.description, source


def weights_finding():
    """Return (status, text, `Source`) for the pretrained weights; the `Source` is None where there
    is a problem.
    """
    from scripts import course

    try:
        source = course.weights_source()
    except course.CourseError as error:
        return "FAIL", str(error), None
    if source.kind == "standin" and not source.path.exists():
        return "FAIL", f"data/{source.path.name} is missing. `git checkout data` brings it back.", None
    if source.kind == "imagenet" and not course.imagenet_weights(include_top=False).exists():
        return (
            "FAIL",
            "COURSE_WEIGHTS is 'imagenet', but these are not on this machine. `make data` fetches them.",
            None,
        )
    if source.kind == "imagenet" and not course.imagenet_weights(include_top=True).exists():
        return "note", f"{source.description}; those of its last layer are missing (`make data` fetches them)", source
    return "ok", source.description, source


def speed_finding(images, weights, gpus, cores):
    """Return what will be slow, from the kinds of the two sources, the list of GPUs and the number
    of cores.
    """
    if images == "sample" and weights == "standin" and cores == 1:
        return "note", "one core: lessons take about twice as long as they say"
    if gpus or weights == "standin":
        return "ok", "nothing will be slow"
    minutes = {size: max(1, round(REAL_PHOTOS / rate / cores / 60)) for size, rate in PHOTOS_PER_CORE.items()}
    return "note", (
        f"slow without a GPU: Xception takes about {minutes[150]} minutes for {REAL_PHOTOS:,} photos of 150 pixels and "
        f"{minutes[299]} for those of 299, once (its features are kept); fine-tuning, in lesson 13, takes longest"
    )


if __name__ == "__main__":
    sys.exit(main())
