"""`make data`: fetch the real photos and Xception's ImageNet weights, check every file, repair what
is damaged.

`python -m scripts.download [--only photos|weights]`. Only what is missing or damaged is fetched. A
file comes to its place only after its checksum is right; `images.csv`, by which the course knows
that the photos are there, comes last.
"""

import argparse
import errno
import hashlib
import os
import re
import shutil
import sys
import tarfile
import time
from contextlib import contextmanager, nullcontext
from urllib.parse import urlsplit

import requests

from scripts import files
from scripts.course import DATA, REPOSITORY, CourseError, imagenet_weights, import_tensorflow
from scripts.progress import progress

PHOTOS = DATA / "clothing-dataset-small"
MANIFEST = DATA / "clothing-dataset-small.sha256"
TABLE = "images.csv"
WORKSHOP = DATA / "download"  # what has arrived so far; no part of the course ever reads it
LOCK = DATA / "download.lock"  # held by the one process that downloads

# A tar.gz and not a zip: a zip has its table of contents at its end, so that a cut-off one gives
# nothing. Of a cut-off tar.gz we keep every photo before the cut, which matters because GitHub
# cannot resume an archive.
COMMIT = "11961516512414bf9f6c150a832cfd21b54a6b54"
ARCHIVE_URL = f"https://codeload.github.com/alexeygrigorev/clothing-dataset-small/tar.gz/{COMMIT}"
ARCHIVE_BYTES = 105_000_000  # about; GitHub does not tell
PHOTO_URL = f"https://raw.githubusercontent.com/alexeygrigorev/clothing-dataset-small/{COMMIT}/"
TABLE_COMMIT = "08b50460cf229fd852bb6c11564e0959f52578ca"
TABLE_URL = f"https://raw.githubusercontent.com/alexeygrigorev/clothing-dataset/{TABLE_COMMIT}/images.csv"
FEW = 400  # up to so many missing photos are fetched one by one, more as the archive
LARGEST_PHOTO = 10_000_000  # bytes; the largest of the set has 88 thousand

# Name, address and MD5 as in keras.applications.xception and keras.applications.imagenet_utils; a
# test compares them.
WEIGHTS = (
    (
        "xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "https://storage.googleapis.com/tensorflow/keras-applications/xception/"
        "xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "b0042744bf5b25fce3cb969f33bebb97",
    ),
    (
        "xception_weights_tf_dim_ordering_tf_kernels.h5",
        "https://storage.googleapis.com/tensorflow/keras-applications/xception/"
        "xception_weights_tf_dim_ordering_tf_kernels.h5",
        "0a58e3b7378bc2990ea3b43d5981f1f6",
    ),
    (
        "imagenet_class_index.json",
        "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json",
        "c2c37ea517e94d9795004a39431a14cb",
    ),
)

TIMEOUT = (10, 30)  # seconds: to connect, and without a byte arriving
PAUSES = (1, 2, 4)  # seconds before each new try; tries that brought a file further do not count
BLOCK = 2**14  # bytes that are read at once, and the most that a cut-off loses
SESSION = requests.Session()  # keeps the connection open from one photo to the next


class DownloadError(CourseError):
    """A file could not be fetched or kept. The message names it and says what to do."""


class CannotResume(requests.RequestException):
    """The server's offer of the rest does not fit the part that we have: begin again."""


def main(arguments=None):
    """Fetch what the command line asks for. Return the exit code: 0, or 1 where something is still
    missing.
    """
    parser = argparse.ArgumentParser(prog="python -m scripts.download", description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("photos", "weights"), help="fetch only these (default: both)")
    only = parser.parse_args(arguments).only
    failed = False
    for name, fetch in (("photos", fetch_photos), ("weights", fetch_weights)):
        if only in (None, name):
            try:
                with (
                    explain_disk_errors(WORKSHOP),
                    files.lock(LOCK, "Another `make data` is at work; this one waits for it."),
                ):
                    fetch()
            except CourseError as error:
                print(f"{name.capitalize()}: {error}", file=sys.stderr)
                failed = True
            except KeyboardInterrupt:
                print("\nStopped. What has arrived is kept: `make data` goes on from there.", file=sys.stderr)
                return 1
    if failed:
        print("Without them the course still runs, on drawn pictures and stand-in weights.", file=sys.stderr)
    return int(failed)


def fetch_photos():
    """Make `data/clothing-dataset-small` complete: every file of the manifest, checked. Raises
    `DownloadError`.
    """
    manifest = read_manifest()
    for leftover in PHOTOS.rglob(".part-*"):  # of a run that was killed
        leftover.unlink(missing_ok=True)
    missing = {path: digest for path, digest in manifest.items() if files.digest(PHOTOS / path) != digest}
    fetched = f"{len(missing):,} files fetched" if missing else "nothing to fetch"
    if missing:
        with explain_disk_errors(PHOTOS):
            take_mark_away(missing)
        photos = {path: digest for path, digest in missing.items() if path != TABLE}
        if photos:
            fetch_missing_photos(photos)
        put(fetch_small_file(TABLE_URL, manifest[TABLE]), PHOTOS / TABLE)
    shutil.rmtree(WORKSHOP, ignore_errors=True)
    print(f"Photos: all {len(manifest) - 1:,} are in {PHOTOS}, every one checked; {fetched}.")


def take_mark_away(missing):
    """Remove `images.csv` from a set that is not complete. A good one waits in the workshop till it
    is.
    """
    WORKSHOP.mkdir(parents=True, exist_ok=True)
    if TABLE in missing:
        (PHOTOS / TABLE).unlink(missing_ok=True)
    else:
        shutil.move(PHOTOS / TABLE, WORKSHOP / files.digest(PHOTOS / TABLE))


def fetch_missing_photos(missing):
    """Fetch the photos of the dictionary `missing` (path to SHA-256): many as GitHub's archive, a
    few one by one.
    """
    archive = WORKSHOP / "photos.tar.gz"
    unpack(archive, missing)  # what an interrupted run left
    if len(missing) > FEW:
        print(f"Photos: {len(missing):,} to fetch, from {ARCHIVE_URL}")
        try:
            download(ARCHIVE_URL, archive, "photos", ARCHIVE_BYTES, rescue=lambda: unpack(archive, missing))
            unpack(archive, missing)
        except DownloadError:
            if len(missing) > FEW:
                raise
    if len(missing) > FEW:
        forget(archive)
        raise DownloadError(
            f"{ARCHIVE_URL} sent a damaged or different file: {len(missing):,} photos, such as {next(iter(missing))}, "
            "are not in it as they should be. `make data` tries again; the photos that were right are kept."
        )
    with progress(len(missing), "photos", "photos") as update:
        for path, digest in missing.items():
            put(fetch_small_file(PHOTO_URL + path, digest), PHOTOS / path)
            update(1)


def fetch_weights():
    """Put Xception's ImageNet weights, with and without top, and the names of ImageNet's classes
    into Keras' cache.

    Keras' own `get_file` neither resumes nor tries again, so the files are downloaded here; it then
    checks them. Raises `DownloadError`.
    """
    folder = imagenet_weights(include_top=False).parent
    missing = [(name, url, digest) for name, url, digest in WEIGHTS if files.digest(folder / name, "md5") != digest]
    for name, url, digest in missing:
        part = folder / f"{name}.part"
        with explain_disk_errors(part):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).unlink(missing_ok=True)  # a damaged one, which would be taken for good
        print(f"Weights: {name}, from {url}")
        download(url, part, "weights")
        if files.digest(part, "md5") != digest:
            forget(part)
            raise DownloadError(f"{url} sent a damaged or different file. `make data` tries again.")
        with explain_disk_errors(part):
            os.replace(part, folder / name)
        forget(part)
    if missing:
        hand_over_to_keras(missing, folder)
    fetched = f"{len(missing)} files fetched" if missing else "nothing to fetch"
    print(f"Weights: all {len(WEIGHTS)} files are in {folder}, every one checked; {fetched}.")


def hand_over_to_keras(missing, folder):
    """Let Keras find the files in its cache and check them, as its own Xception does."""
    import_tensorflow()
    import keras

    for name, url, digest in missing:
        try:
            keras.utils.get_file(name, url, cache_subdir=folder.name, cache_dir=folder.parent, file_hash=digest)
        except Exception as error:  # Keras raises bare exceptions
            raise DownloadError(f"Keras does not accept {folder / name}: {error}") from None


def read_manifest():
    """Return the files of the real set: a dictionary from path (relative, with "/") to SHA-256
    (hexadecimal).
    """
    lines = MANIFEST.read_text(encoding="utf-8").splitlines()
    return {path: digest for digest, path in (line.split("  ", 1) for line in lines)}


def unpack(archive, missing):
    """Put the photos of `missing` (path to SHA-256) that a tar.gz holds at their place; remove them
    from `missing`.

    Reads as far as the archive goes: a cut-off one gives the photos before the cut, one that is not
    there none. Takes only plain files with the right SHA-256. Raises `DownloadError` at a path that
    leaves the archive's folder.
    """
    try:
        with tarfile.open(archive, "r|*") as tar, progress(len(missing), "unpacking", "photos") as update:
            for member in tar:
                if re.match(r"[/\\]|[A-Za-z]:", member.name) or ".." in re.split(r"[/\\]", member.name):
                    forget(archive)
                    raise DownloadError(
                        f"{ARCHIVE_URL} sent an archive that is not GitHub's: its path {member.name!r} leaves the "
                        f"folder. Use another network, or tell us at {REPOSITORY}/issues."
                    )
                path = member.name.partition("/")[2]  # less the archive's top folder
                if path in missing and member.isreg() and member.size <= LARGEST_PHOTO:
                    content = tar.extractfile(member).read()
                    if hashlib.sha256(content).hexdigest() == missing[path]:
                        put(content, PHOTOS / path)
                        del missing[path]
                        update(1)
    except (tarfile.TarError, EOFError, OSError):  # the archive ends here, for us
        pass


def fetch_small_file(url, digest):
    """Return the bytes of a file with this SHA-256: from the workshop, or from the server. Raises
    `DownloadError`.
    """
    part = WORKSHOP / digest
    if files.digest(part) != digest:
        download(url, part)
    if files.digest(part) != digest:
        forget(part)
        raise DownloadError(f"{url} sent a damaged or different file. `make data` tries again.")
    return part.read_bytes()


def put(content, file):
    """Write a checked file at its place, whole or not at all."""
    with explain_disk_errors(file):
        files.write_whole(file, content)


def download(url, part, title=None, expected_bytes=None, rescue=None):
    """Fetch `url` into the file `part`; go on where an earlier try stopped, if the server can; try
    again after a pause.

    `title` stands before the progress bar, without one there is no bar; `expected_bytes` is its
    whole where the server does not tell. `rescue()` is called after every failure, before a new try
    may overwrite what has arrived. Raises `DownloadError`; `part` then stays, for a later run.
    """
    farthest, tries = file_size(part), 0
    while True:
        try:
            return receive(url, part, title, expected_bytes)
        except OSError as error:  # all that requests raises is one
            if rescue:
                rescue()
            if file_size(part) > farthest:  # not in vain, and so not counted
                farthest, tries = file_size(part), 0
            if tries == len(PAUSES) or not is_worth_a_retry(error):
                raise DownloadError(describe(error, url, part)) from None
        time.sleep(PAUSES[tries])
        tries += 1


def receive(url, part, title, expected_bytes):
    """Send one request for `url`, or for the rest of it, and write the answer to `part`."""
    start, version = file_size(part), read_version(part, url)
    headers = {"Accept-Encoding": "identity"}  # so that positions in the file and in the answer are the same
    if start and version:
        headers |= {"Range": f"bytes={start}-", "If-Range": version}  # if it changed meanwhile: the whole
    with SESSION.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        offered = response.headers.get("Content-Range", "")
        if response.status_code == 416 and offered == f"bytes */{start}":  # it was whole already
            return
        if response.status_code == 416 or response.status_code == 206 and not offered.startswith(f"bytes {start}-"):
            forget(part)
            raise CannotResume
        response.raise_for_status()
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise DownloadError(
                f"{url} sent a web page in place of the file. Does this network want a login? Open a browser, then run "
                "`make data` again."
            )
        with explain_disk_errors(part), open(part, "ab" if response.status_code == 206 else "wb") as file:
            start = file.tell()
            if not start:
                write_version(part, url, response.headers)
            length = response.headers.get("Content-Length")
            total = start + int(length) if length else expected_bytes
            shown = progress(total, title, "B", start, unit_scale=True) if title else nullcontext(lambda n: None)
            with shown as update:
                for chunk in response.iter_content(BLOCK):
                    file.write(chunk)
                    update(len(chunk))


def is_worth_a_retry(error):
    if isinstance(error, requests.HTTPError):
        return error.response.status_code >= 500 or error.response.status_code in (408, 429)
    if isinstance(error, requests.exceptions.SSLError):
        return "CERTIFICATE_VERIFY_FAILED" not in str(error)
    return isinstance(error, requests.RequestException) and not isinstance(error, ValueError)  # that: a bad address


def describe(error, url, part):
    """Return what went wrong with `url`, and the remedy, in one line."""
    host = urlsplit(url).netloc
    if isinstance(error, requests.HTTPError):
        status = f"{error.response.status_code} {error.response.reason}"
        if error.response.status_code in (404, 410):
            return f"{url} is not there any more ({status}). Update the course, or tell us at {REPOSITORY}/issues."
        return f"{host} does not give {url} ({status}). Run `make data` again later, or in another network."
    if isinstance(error, requests.exceptions.SSLError):
        reason = re.search(r"\[SSL[^\]]*\][^(\"']*", str(error))
        reason = reason[0].strip() if reason else error
        return (
            f"no secure connection to {host} for {url} ({reason}). Check this machine's clock; in a network that "
            "inspects traffic, set REQUESTS_CA_BUNDLE to the file of its certificates."
        )
    if isinstance(error, requests.exceptions.ProxyError):
        return f"the proxy does not let {url} through. Check HTTPS_PROXY, or run `make data` in another network."
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return (
            f"the connection broke off again and again, the last time after {file_size(part) / 1e6:.1f} MB of {url}. "
            "What has arrived is kept: `make data` goes on from there."
        )
    if isinstance(error, (requests.ConnectionError, requests.Timeout)):
        return f"no connection to {host} for {url}. Check that this machine is online, then run `make data` again."
    return f"{url} could not be fetched: {error}. Check the settings of this machine's network and proxy."


@contextmanager
def explain_disk_errors(path):
    """Turn what the disk refuses into a `DownloadError` that names `path`."""
    try:
        yield
    except requests.RequestException:  # also an OSError, but of the network
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            problem = "the disk is full. Free 500 MB, then run `make data` again."
        else:
            problem = f"{error.strerror}. Check that you may write there, and that no other program has the file open."
        raise DownloadError(f"{path} cannot be written: {problem}") from None


def file_size(file):
    return file.stat().st_size if file.exists() else 0


def read_version(part, url):
    """Return the server's mark (ETag) for the version of `url` that `part` is the beginning of, or
    None.
    """
    try:
        known_url, version = version_file(part).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return None
    return version if known_url == url else None


def write_version(part, url, headers):
    version = headers.get("ETag", "")
    if version.startswith('"') and "Content-Encoding" not in headers:  # one that begins W/ is not meant for resuming
        version_file(part).write_text(f"{url}\n{version}\n", encoding="utf-8")
    else:
        version_file(part).unlink(missing_ok=True)


def version_file(part):
    return part.with_name(f"{part.name}.etag")


def forget(part):
    """Delete a file that is of no use, so that the next try begins anew."""
    part.unlink(missing_ok=True)
    version_file(part).unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
