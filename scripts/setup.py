"""Set the course up in the folder `.venv`, once: `python scripts/setup.py` (`make` does it when it
is needed).

Installs requirements.txt (exact versions, every file checked against its hash) and notes in
`.venv/course.txt` what was installed, so that a second call has nothing to do. `--gpu` adds what
TensorFlow needs for an NVIDIA GPU on Linux. This file must start on any Python, if only to say that
another one is needed: standard library, no syntax newer than 2.7.
"""

import hashlib
import os
import re
import subprocess
import sys
import threading
import time

OLDEST, NEWEST = (3, 10), (3, 13)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STAMP = "course.txt"
UNFINISHED = "unfinished"
NO_ENSUREPIP = (
    "a part of it, ensurepip, is not installed. On Debian and Ubuntu `sudo apt install python%d.%d-venv` adds it. "
    "Then give the same command again." % sys.version_info[:2]
)
OURS = "ours"  # the set-up made this environment itself


class SetupError(Exception):
    """The set-up cannot go on. The message says what is wrong and the remedy."""


def main(arguments):
    gpu = "--gpu" in arguments
    try:
        set_up(os.path.join(ROOT, ".venv"), os.path.join(ROOT, "requirements.txt"), gpu and not gpu_refusal())
    except SetupError as error:
        print(error)
        return 1
    except KeyboardInterrupt:
        print("\nThe set-up was interrupted. Give the same command again.")
        return 130
    if gpu and gpu_refusal():
        print(gpu_refusal())
    return 0


def set_up(venv, requirements, gpu=False):
    """Make the environment `venv` hold what the file `requirements` says; return at once where it
    does so already.

    The Python that runs this matters only where the environment has to be made. Raises
    `SetupError`.
    """
    python = python_of(venv)
    version = version_of(python)
    stamp = read_stamp(venv)
    ours = [OURS] if OURS in stamp or not os.path.isdir(venv) else []  # else it is the reader's, and never cleared
    stamp = [word for word in stamp if word != OURS]
    gpu = gpu or "gpu" in stamp
    if stamp == finished(requirements, version, gpu):
        if supported(sys.version_info) and version != sys.version_info[:2]:
            print("The folder .venv holds Python %d.%d, which is used. To change that, delete the folder." % version)
        return
    started = time.time()
    if ours and (UNFINISHED in stamp or not supported(version)):
        create(venv)
        version = version_of(python)
    elif not supported(version):
        raise SetupError(
            "The folder .venv is not of this course's making, and no Python %d.%d to %d.%d starts in it. "
            "Rename or delete it, then give the same command again." % (OLDEST + NEWEST)
        )
    elif not has_pip(python):  # as uv makes them
        add_pip(python)
    print("Installing the packages of requirements.txt, up to 0.8 GB to download.")
    write_stamp(venv, [UNFINISHED] + ["gpu"] * gpu + ours)
    install(python, ["--require-hashes", "--requirement", requirements])
    if gpu:
        print("Adding what TensorFlow needs to compute on an NVIDIA GPU. About 3 GB to download.")
        install(python, ["--require-hashes", "--requirement", of_gpu(requirements)])
    write_stamp(venv, finished(requirements, version, gpu) + ours)
    print("Done in %d seconds." % (time.time() - started))


def supported(version):
    """Tell whether TensorFlow runs on a version of Python, given as a tuple such as (3, 12)."""
    return version is not None and OLDEST <= tuple(version[:2]) <= NEWEST


def obstacle(version, system, machine, bits):
    """Return one line: why TensorFlow has no build for this Python on this machine, and the remedy;
    "" if it has.
    """
    wanted = "Python %d.%d to %d.%d" % (OLDEST + NEWEST)
    remedy = "`make run PYTHON=python3.12` or, without make, `python3.12 scripts/setup.py`"
    if system == "Windows":
        remedy = "`py -3.12 scripts\\setup.py`"
    if not supported(version):
        found = ".".join(str(part) for part in version[:3])
        return "The course needs %s; this is Python %s. Install one of these and use it: %s." % (wanted, found, remedy)
    if system == "Darwin" and machine == "x86_64":
        return (
            "TensorFlow 2.21 does not run on Macs with an Intel chip: open the lessons in Colab (links in README.md). "
            "If the Mac has an Apple chip, its Python is one for Intel: install one for Apple chips and use it: %s."
            % remedy
        )
    if bits == 32 or (system == "Windows" and machine == "ARM64"):
        kind = "x64" if system == "Windows" else "64-bit"
        return "TensorFlow does not run on this kind of Python. Install the %s kind and use it: %s." % (kind, remedy)
    return ""


def this_machine():
    """Return the arguments of `obstacle` for the Python that runs this."""
    import platform

    return sys.version_info, platform.system(), platform.machine(), 64 if sys.maxsize > 2**32 else 32


def gpu_refusal(platform=sys.platform):
    """Return one line that says why `--gpu` adds nothing on this system; "" on Linux, where it
    does.
    """
    if platform.startswith("linux"):
        return ""
    if platform == "win32":
        return "GPU=1 adds nothing here: TensorFlow uses no GPU on Windows. Use WSL2 (and set up there) or Colab."
    return "GPU=1 adds nothing here: TensorFlow uses GPUs of NVIDIA under Linux only. Colab offers one."


def create(venv):
    """Make an empty environment with the Python that runs this; what the folder held before is
    deleted.
    """
    reason = obstacle(*this_machine())
    if reason:
        raise SetupError(reason)
    try:
        import ensurepip
    except ImportError:
        ensurepip = None
    if ensurepip is None:
        raise SetupError("This Python cannot make environments: " + NO_ENSUREPIP)
    print("Setting up the course in .venv, once: Python %d.%d, TensorFlow, Jupyter." % sys.version_info[:2])
    command = [sys.executable, "-I", "-m", "venv", "--clear", venv]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.communicate()[0].decode("utf-8", "replace").strip()
    if process.returncode:
        raise SetupError(
            "The folder %s cannot be made (%s). If a terminal or an editor uses it, `deactivate` there or close it; "
            "then give the same command again." % (venv, output.split("\n")[-1])
        )


def python_of(venv):
    """Return the path of the Python in an environment."""
    return os.path.join(venv, *(["Scripts", "python.exe"] if os.name == "nt" else ["bin", "python"]))


def version_of(python):
    """Return the version of a Python, such as (3, 11); None where it is not there or does not
    start.
    """
    try:
        command = [python, "-I", "-S", "-c", "import sys; print('%d %d' % sys.version_info[:2])"]
        return tuple(int(number) for number in subprocess.check_output(command, stderr=subprocess.STDOUT).split())
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def has_pip(python):
    command = [python, "-I", "-m", "pip", "--version"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    process.communicate()
    return process.returncode == 0


def add_pip(python):
    """Put pip into an environment that has none. Raises `SetupError` where that cannot be done."""
    command = [python, "-I", "-m", "ensurepip", "--default-pip"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.communicate()[0].decode("utf-8", "replace").strip()
    if process.returncode:
        raise SetupError(
            "The folder .venv has no pip, and it cannot be added (%s). With uv: `uv pip install pip`; or delete the "
            "folder. Then give the same command again." % output.split("\n")[-1]
        )


def of_gpu(requirements):
    """Return the path of the lock that `--gpu` adds to `requirements`."""
    return os.path.join(os.path.dirname(requirements), "requirements-gpu.txt")


def finished(requirements, version, gpu):
    """Return the stamp of an environment that is complete: words that change with the requirements
    and its Python.
    """
    content = b""
    for path in [requirements] + [of_gpu(requirements)] * gpu:
        with open(path, "rb") as file:
            content += file.read()
    return [hashlib.sha256(content).hexdigest(), "python%d.%d" % version if version else "none"] + ["gpu"] * gpu


def read_stamp(venv):
    try:
        with open(os.path.join(venv, STAMP)) as file:
            return file.read().split()
    except (IOError, OSError):
        return []


def write_stamp(venv, words):
    with open(os.path.join(venv, STAMP), "w") as file:
        file.write(" ".join(words) + "\n")


def locked_version(requirements, package):
    with open(requirements) as file:
        return re.search(r"^%s==([^\s;]+)" % package, file.read(), re.MULTILINE).group(1)


def install(python, arguments):
    """Run `pip install`; show one line that moves instead of pip's hundreds. Raises `SetupError`:
    what went wrong.
    """
    options = ["--only-binary=:all:", "--no-input", "--disable-pip-version-check"]
    command = [python, "-I", "-u", "-m", "pip", "install"] + options + arguments
    pip = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = []

    def read():
        for line in pip.stdout:
            lines.append(line.decode("utf-8", "replace").rstrip())

    reader = threading.Thread(target=read)
    reader.start()
    started = time.time()
    try:
        while reader.is_alive():
            reader.join(1)
            show(progress(lines, time.time() - started) if reader.is_alive() else "")
        if pip.wait():
            raise SetupError(trouble(lines))
    finally:
        if pip.poll() is None:
            pip.terminate()
            pip.wait()
        reader.join()
        pip.stdout.close()


def progress(lines, seconds):
    """Return one line that says how far pip is, from the lines that it has written so far."""
    installing = [line for line in lines if line.startswith("Installing collected packages")]
    if installing:
        return "  installing %d packages, %d s" % (installing[0].count(",") + 1, seconds)
    collected = len([line for line in lines if line.startswith("Collecting ")])
    files = [re.search(r"(?:Downloading|Using cached) ([A-Za-z0-9_]+).*?(\(.*\))?$", line) for line in lines]
    latest = ["%s %s" % (match.group(1), match.group(2) or "") for match in files if match]
    return "  package %d: %s, %d s" % (collected, latest[-1] if latest else "", seconds)


def show(text):
    """Write a line over the one before, on a terminal only."""
    if sys.stdout.isatty():
        sys.stdout.write("\r" + text.ljust(79)[:79] + ("" if text else "\r"))
        sys.stdout.flush()


def trouble(lines):
    """Return what to tell the reader, from the lines that pip wrote before it failed."""
    text = "\n".join(lines)
    broken = re.findall(r"connection broken by '(\w+)", text)
    if broken:
        return (
            "The packages cannot be downloaded: no connection to the Python package index (%s). Connect this machine "
            "to the network (behind a proxy, set HTTPS_PROXY); then give the same command again." % broken[-1]
        )
    errors = text[text.find("ERROR:") :] if "ERROR:" in text else text
    return "pip cannot install the packages:\n%s\nOnce that is mended, give the same command again." % errors[-2000:]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
