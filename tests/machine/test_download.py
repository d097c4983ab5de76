"""`make data` against a server on loopback that does everything a server, a network and a disk do
to a download.
"""

import errno
import hashlib
import inspect
import io
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from scripts import course
from scripts.machine import download

CLASSES = ("dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt", "t-shirt")
CUT = 6 * download.BLOCK  # where the archive, of about 240,000 bytes, is cut off


@dataclass
class Page:
    """What the server gives at one path, and how it misbehaves; a list holds what it does at the
    first requests.
    """

    content: bytes
    version: str = '"1"'
    ranges: bool = True
    length: bool = True
    kind: str = "application/octet-stream"
    statuses: list = field(default_factory=list)
    cuts: list = field(default_factory=list)  # break off after so many bytes
    always_cut: int | None = None
    stall: bool = False  # stop sending half-way, but keep the connection open
    shifts: list = field(
        default_factory=list
    )  # answer a request for the rest with a rest that begins so many bytes later
    pace: float = 0  # seconds between pieces of 10,000 bytes


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        asked = self.headers.get("Range")
        self.server.requests.append((self.path, asked))
        page = self.server.pages.get(self.path)
        if page is None:
            return self.send_error(404)
        if page.statuses and (status := page.statuses.pop(0)) != 200:
            return self.send_error(status)
        content, status, extra = page.content, 200, {}
        if asked and page.ranges and self.headers.get("If-Range", page.version) == page.version:
            start = int(asked.removeprefix("bytes=").removesuffix("-")) + (page.shifts.pop(0) if page.shifts else 0)
            if start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                return self.end_headers()
            extra["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            content, status = content[start:], 206
        self.send_response(status)
        for name, value in {"ETag": page.version, "Content-Type": page.kind, **extra}.items():
            if value:
                self.send_header(name, value)
        if page.length:
            self.send_header("Content-Length", str(len(content)))
        else:  # as GitHub sends its archives
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        limit = page.cuts.pop(0) if page.cuts else page.always_cut
        if page.stall:
            limit = len(content) // 2
        self.send(content if limit is None else content[:limit], page)
        if page.stall:
            self.server.released.wait(60)
        if limit is not None or page.stall:
            self.close_connection = True
        elif not page.length:
            self.wfile.write(b"0\r\n\r\n")

    def send(self, content, page):
        for start in range(0, len(content), 10_000):
            piece = content[start : start + 10_000]
            self.wfile.write(piece if page.length else b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
            time.sleep(page.pace)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.pages, self.requests, self.released = {}, [], threading.Event()

    def handle_error(self, request, client_address):
        pass  # a client that was killed

    def asked(self, path):
        """Return the `Range` headers of the requests for a path, in order; None for a request of
        the whole.
        """
        return [asked for requested, asked in self.requests if requested == path]


@pytest.fixture
def server():
    server = Server()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()


def make_archive(files, top="clothing-dataset-small-1196151", links=()):
    """Return the bytes of a tar.gz laid out like GitHub's: a comment, a top folder, and in it what
    `files` holds.
    """
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", pax_headers={"comment": "1196151"}) as tar:
        for name, target, kind in links:
            member = tarfile.TarInfo(f"{top}/{name}")
            member.type, member.linkname = kind, target
            tar.addfile(member)
        for name, content in files.items():
            member = tarfile.TarInfo(f"{top}/{name}" if top else name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


class Set:
    """A small set of "photos" and the server's pages for it, and what a test wants to know of the
    folders.
    """

    def __init__(self, root, server):
        self.folder, self.workshop, self.server = root / "data/clothing-dataset-small", root / "data/download", server
        noise = random.Random(1)
        self.photos = {
            f"{split}/{name}/{number}.jpg": noise.randbytes(8_000 + number)
            for number, (split, name) in enumerate((s, n) for s in ("test", "train", "validation") for n in CLASSES)
        }
        self.table = b"image,sender_id,label,kids\n1,2,Dress,False\n"
        self.files = self.photos | {"images.csv": self.table}
        self.archive = Page(make_archive(self.photos | {"README.md": b"about"}))
        server.pages |= {"/archive.tar.gz": self.archive, "/images.csv": Page(self.table)}
        server.pages |= {f"/photos/{path}": Page(content) for path, content in self.photos.items()}

    def read(self):
        """Return what lies in the set's folder: a dictionary from path to content."""
        files = (file for file in self.folder.rglob("*") if not file.is_dir())
        return {file.relative_to(self.folder).as_posix(): file.read_bytes() for file in files}

    def assert_complete(self):
        assert self.read() == self.files
        assert not self.workshop.exists()
        assert course.image_source().kind == "small"

    def assert_not_taken_for_data(self, monkeypatch):
        """Whatever arrived is checked, and no switch of the course takes it for the real photos."""
        arrived = self.read()
        assert all(self.photos[path] == content for path, content in arrived.items())
        assert len(arrived) < len(self.photos) or "images.csv" not in arrived
        assert course.image_source().kind == "sample"
        for value in ("small", str(self.folder)):
            with monkeypatch.context() as context:
                context.setenv("COURSE_DATA", value)
                with pytest.raises(course.CourseError, match="make data"):
                    course.image_source()


@pytest.fixture
def photos(tmp_path, monkeypatch, server):
    """A set that is not downloaded yet; `scripts.download` is turned to it and to the server."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("COURSE_DATA", "COURSE_WEIGHTS", "KERAS_HOME"):
            monkeypatch.delenv(name)
    made = Set(tmp_path, server)
    manifest = tmp_path / "manifest.sha256"
    lines = [f"{hashlib.sha256(content).hexdigest()}  {path}" for path, content in sorted(made.files.items())]
    manifest.write_text("\n".join(lines) + "\n")
    settings = {
        "PHOTOS": made.folder,
        "WORKSHOP": made.workshop,
        "MANIFEST": manifest,
        "LOCK": tmp_path / "download.lock",
        "ARCHIVE_URL": f"{server.url}/archive.tar.gz",
        "PHOTO_URL": f"{server.url}/photos/",
        "TABLE_URL": f"{server.url}/images.csv",
        "FEW": 5,
        "PAUSES": (0, 0, 0),
        "TIMEOUT": (20, 20),
    }
    for name, value in settings.items():
        monkeypatch.setattr(download, name, value)
    monkeypatch.setattr(course, "DATA", tmp_path / "data")
    made.settings = settings
    return made


def get_photos():
    return download.main(["--only", "photos"])


def error_line(capsys):
    """Return the one line that says what went wrong, after a check that there is one, and no
    traceback.
    """
    first, second = capsys.readouterr().err.splitlines()
    assert second.startswith("Without them the course still runs")
    return first


def test_a_good_server(photos, server, capsys):
    assert get_photos() == 0
    photos.assert_complete()
    assert server.asked("/archive.tar.gz") == [None]
    assert "30" in capsys.readouterr().out


def test_an_archive_without_length_or_lasting_version_like_githubs(photos, server):
    photos.archive.length, photos.archive.version = False, 'W/"1"'
    assert get_photos() == 0
    photos.assert_complete()


def test_nothing_is_missing_so_nothing_is_asked(photos, server, capsys):
    get_photos()
    server.requests.clear()
    capsys.readouterr()
    assert get_photos() == 0
    assert server.requests == []
    output = capsys.readouterr()
    assert len(output.out.splitlines()) == 1 and "nothing to fetch" in output.out and not output.err


def test_a_few_damaged_photos_are_repaired_one_by_one(photos, server, capsys):
    get_photos()
    assert "31 files fetched" in capsys.readouterr().out
    server.requests.clear()
    (photos.folder / "train/dress/10.jpg").write_bytes(b"damaged")
    (photos.folder / "test/hat/1.jpg").unlink()
    assert get_photos() == 0
    photos.assert_complete()
    assert sorted(path for path, _ in server.requests) == ["/photos/test/hat/1.jpg", "/photos/train/dress/10.jpg"]
    assert "2 files fetched" in capsys.readouterr().out


def test_many_damaged_photos_are_repaired_from_the_archive(photos, server):
    get_photos()
    server.requests.clear()
    for path in list(photos.photos)[:7]:
        (photos.folder / path).write_bytes(b"damaged")
    assert get_photos() == 0
    photos.assert_complete()
    assert [path for path, _ in server.requests] == ["/archive.tar.gz"]


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_only_the_table_is_fetched_when_only_that_is_missing(photos, server, damage):
    get_photos()
    server.requests.clear()
    if damage == "missing":
        (photos.folder / "images.csv").unlink()
    else:
        (photos.folder / "images.csv").write_bytes(b"image,sender_id\n")
    assert get_photos() == 0
    photos.assert_complete()
    assert [path for path, _ in server.requests] == ["/images.csv"]


def test_a_set_whose_table_is_damaged_too_is_not_taken_for_data(photos, server, monkeypatch):
    get_photos()
    (photos.folder / "images.csv").write_bytes(b"image,sender_id")
    (photos.folder / "train/dress/10.jpg").unlink()
    server.pages.pop("/photos/train/dress/10.jpg")
    assert get_photos() == 1
    photos.assert_not_taken_for_data(monkeypatch)


def test_a_damaged_set_that_cannot_be_repaired_is_not_taken_for_data(photos, server, monkeypatch):
    get_photos()
    (photos.folder / "train/dress/10.jpg").unlink()
    page = server.pages.pop("/photos/train/dress/10.jpg")
    assert get_photos() == 1
    photos.assert_not_taken_for_data(monkeypatch)
    server.pages["/photos/train/dress/10.jpg"] = page
    server.requests.clear()
    assert get_photos() == 0
    photos.assert_complete()
    assert [path for path, _ in server.requests] == ["/photos/train/dress/10.jpg"]  # the table had been kept


def test_a_download_cut_off_once_is_resumed(photos, server):
    photos.archive.cuts = [CUT]
    assert get_photos() == 0
    photos.assert_complete()
    assert server.asked("/archive.tar.gz") == [None, f"bytes={CUT}-"]


def test_a_download_cut_off_again_and_again_gets_there_step_by_step(photos, server):
    photos.archive.cuts = [2 * download.BLOCK] * 6  # more often than there are pauses
    assert get_photos() == 0
    photos.assert_complete()
    assert server.asked("/archive.tar.gz")[-1] == f"bytes={12 * download.BLOCK}-"


def test_a_server_that_ignores_range_begins_again(photos, server):
    photos.archive.cuts, photos.archive.ranges = [CUT], False
    assert get_photos() == 0
    photos.assert_complete()
    assert server.asked("/archive.tar.gz") == [None, f"bytes={CUT}-"]


def test_a_server_that_gives_no_lasting_version_is_not_asked_for_the_rest(photos, server):
    photos.archive.cuts, photos.archive.version = [CUT], 'W/"1"'
    assert get_photos() == 0
    photos.assert_complete()
    assert server.asked("/archive.tar.gz") == [None, None]


@pytest.mark.parametrize("length", [True, False])
def test_a_server_that_always_cuts_off_without_ranges(photos, server, capsys, monkeypatch, length):
    photos.archive.always_cut, photos.archive.ranges, photos.archive.length = CUT, False, length
    assert get_photos() == 1
    line = error_line(capsys)
    assert "broke off" in line and "0.1 MB" in line and "/archive.tar.gz" in line and "make data" in line
    assert len(server.requests) == 4
    photos.assert_not_taken_for_data(monkeypatch)
    assert 8 <= len(photos.read()) <= 12  # the photos before the cut


def test_the_photos_before_a_cut_are_kept_and_a_few_others_come_one_by_one(photos, server):
    photos.archive.always_cut, photos.archive.ranges = len(photos.archive.content) - download.BLOCK, False
    assert get_photos() == 0
    photos.assert_complete()
    assert 2 <= sum(path.startswith("/photos/") for path, _ in server.requests) <= 5


def test_the_archive_changed_between_two_tries(photos, server):
    photos.archive.always_cut = CUT
    photos.archive.ranges = False
    assert get_photos() == 1
    others = make_archive(dict(reversed(photos.photos.items())), top="another-name")
    server.pages["/archive.tar.gz"] = Page(others, version='"2"')
    server.requests.clear()
    assert get_photos() == 0
    photos.assert_complete()
    assert server.asked("/archive.tar.gz") == [f"bytes={CUT}-"]  # answered with the whole


@pytest.mark.parametrize("offer", ["416 of another size", "206 from elsewhere"])
def test_an_offer_that_does_not_fit_begins_again(photos, server, offer):
    photos.workshop.mkdir(parents=True)
    part = photos.workshop / "photos.tar.gz"
    beginning = b"x" * (len(photos.archive.content) + 5 if offer.startswith("416") else 100)
    part.write_bytes(beginning)
    download.write_version(part, download.ARCHIVE_URL, {"ETag": '"1"'})
    if offer.startswith("206"):
        photos.archive.shifts = [7]
    assert get_photos() == 0
    photos.assert_complete()
    assert server.asked("/archive.tar.gz") == [f"bytes={len(beginning)}-", None]


def test_what_was_whole_already_is_not_fetched_again(photos, server):
    part = photos.workshop / "photos.tar.gz"
    photos.workshop.mkdir(parents=True)
    part.write_bytes(photos.archive.content)
    assert get_photos() == 0
    photos.assert_complete()
    assert server.asked("/archive.tar.gz") == []


def test_the_manifest_in_the_repository_agrees_with_the_design():
    paths = list(download.read_manifest())
    assert len(paths) == 3_782 and paths == sorted(paths) and "images.csv" in paths
    counts = {}
    for path in paths:
        if path != "images.csv":
            split, name, file = path.split("/")
            assert file.endswith(".jpg")
            counts.setdefault(name, {}).setdefault(split, []).append(file)
    order = ("train", "validation", "test")
    assert {name: tuple(len(splits[split]) for split in order) for name, splits in counts.items()} == {
        "dress": (241, 32, 15),
        "hat": (123, 14, 12),
        "longsleeve": (455, 49, 72),
        "outwear": (184, 24, 38),
        "pants": (468, 49, 42),
        "shirt": (290, 29, 26),
        "shoes": (198, 26, 73),
        "shorts": (202, 25, 30),
        "skirt": (112, 12, 12),
        "t-shirt": (795, 81, 52),
    }
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in download.read_manifest().values())


@pytest.mark.parametrize(
    "content",
    [b"not an archive at all" * 5_000, b"", make_archive({"another.txt": b"?" * 1_000}), make_archive({})],
    ids=["noise", "nothing", "another archive", "empty archive"],
)
def test_a_wrong_file_in_place_of_the_archive(photos, server, capsys, monkeypatch, content):
    photos.archive.content = content
    assert get_photos() == 1
    line = error_line(capsys)
    assert "/archive.tar.gz sent a damaged or different file" in line and "30 photos" in line and "make data" in line
    photos.assert_not_taken_for_data(monkeypatch)
    server.pages["/archive.tar.gz"] = Page(make_archive(photos.photos))
    assert get_photos() == 0
    photos.assert_complete()


@pytest.mark.parametrize("path", ["/archive.tar.gz", "/images.csv"])
def test_a_web_page_in_place_of_a_file(photos, server, capsys, monkeypatch, path):
    server.pages[path] = Page(b"<!DOCTYPE html><p>Please log in", kind="text/html; charset=utf-8")
    assert get_photos() == 1
    line = error_line(capsys)
    assert f"{path} sent a web page" in line and "login" in line
    photos.assert_not_taken_for_data(monkeypatch)


def test_a_web_page_does_not_wipe_what_had_arrived(photos, server):
    photos.archive.always_cut, photos.archive.ranges = CUT, False
    get_photos()
    good = Page(photos.archive.content)
    server.pages["/archive.tar.gz"] = Page(b"<html>Please log in", kind="text/html", version=None)
    get_photos()
    server.pages["/archive.tar.gz"] = good
    server.requests.clear()
    assert get_photos() == 0
    photos.assert_complete()
    assert server.asked("/archive.tar.gz") == [f"bytes={CUT}-"]


@pytest.mark.parametrize("where", ["/images.csv", "/photos/train/dress/10.jpg"])
def test_a_wrong_small_file(photos, server, capsys, monkeypatch, where):
    get_photos()
    capsys.readouterr()
    (photos.folder / where.removeprefix("/photos/").removeprefix("/")).unlink()
    server.pages[where].content = b"different"
    assert get_photos() == 1
    assert f"{where} sent a damaged or different file" in error_line(capsys)
    photos.assert_not_taken_for_data(monkeypatch)


@pytest.mark.parametrize(
    ("status", "words", "requests_sent"),
    [(404, "not there any more (404", 1), (403, "does not give", 1), (500, "does not give", 4), (429, "(429", 4)],
)
@pytest.mark.parametrize("path", ["/archive.tar.gz", "/images.csv"])
def test_a_server_that_refuses(photos, server, capsys, monkeypatch, path, status, words, requests_sent):
    server.pages[path].statuses = [status] * 10
    assert get_photos() == 1
    line = error_line(capsys)
    assert words in line and str(status) in line and f"{server.url}{path}" in line
    assert len(server.asked(path)) == requests_sent
    photos.assert_not_taken_for_data(monkeypatch)


def test_a_server_in_trouble_for_a_moment(photos, server, monkeypatch):
    waited = []
    monkeypatch.setattr(download, "PAUSES", (1, 2, 4))
    monkeypatch.setattr(download.time, "sleep", waited.append)
    photos.archive.statuses = [500, 503]
    assert get_photos() == 0
    photos.assert_complete()
    assert waited[:2] == [1, 2]


def test_no_server(photos, capsys, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setattr(download, "ARCHIVE_URL", f"{address}/archive.tar.gz")
    assert get_photos() == 1
    line = error_line(capsys)
    assert "no connection to 127.0.0.1" in line and "/archive.tar.gz" in line and "online" in line
    photos.assert_not_taken_for_data(monkeypatch)


def test_a_server_that_falls_silent(photos, capsys, monkeypatch):
    photos.archive.stall, photos.archive.ranges = True, False
    monkeypatch.setattr(download, "TIMEOUT", (20, 0.3))
    assert get_photos() == 1
    assert "/archive.tar.gz" in error_line(capsys)
    photos.assert_not_taken_for_data(monkeypatch)


def test_a_server_without_tls(photos, server, capsys, monkeypatch):
    monkeypatch.setattr(download, "ARCHIVE_URL", server.url.replace("http:", "https:") + "/archive.tar.gz")
    assert get_photos() == 1
    line = error_line(capsys)
    assert "no secure connection" in line and "REQUESTS_CA_BUNDLE" in line and "/archive.tar.gz" in line
    photos.assert_not_taken_for_data(monkeypatch)


def test_a_certificate_that_is_not_trusted_is_not_tried_again(photos, capsys, monkeypatch):
    tries = []

    def refuse(url, **options):
        tries.append(url)
        raise requests.exceptions.SSLError(
            "(SSLError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed'))"
        )

    monkeypatch.setattr(download.SESSION, "get", refuse)
    assert get_photos() == 1
    assert "certificate verify failed" in error_line(capsys) and len(tries) == 1


def test_a_proxy_that_is_down(photos, capsys, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    assert get_photos() == 1
    line = error_line(capsys)
    assert "proxy" in line and "HTTPS_PROXY" in line and "/archive.tar.gz" in line
    photos.assert_not_taken_for_data(monkeypatch)


def test_settings_of_the_network_that_make_no_sense(photos, capsys, monkeypatch):
    monkeypatch.setattr(download, "ARCHIVE_URL", "https://127.0.0.1/archive.tar.gz")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file.pem")
    assert get_photos() == 1
    assert "/no/such/file.pem" in error_line(capsys)


@pytest.mark.parametrize("path", ["../../escaped.jpg", "train/../../../escaped.jpg", "..\\..\\escaped.jpg"])
def test_an_archive_with_a_path_that_leaves_the_folder(photos, tmp_path, capsys, monkeypatch, path):
    photos.archive.content = make_archive({path: b"hostile"} | photos.photos)
    assert get_photos() == 1
    line = error_line(capsys)
    assert "leaves the folder" in line and "escaped.jpg" in line and "/archive.tar.gz" in line
    assert not list(tmp_path.rglob("escaped.jpg"))
    photos.assert_not_taken_for_data(monkeypatch)


@pytest.mark.parametrize("path", ["/escaped.jpg", "C:/escaped.jpg"])
def test_an_archive_with_an_absolute_path(photos, tmp_path, capsys, monkeypatch, path):
    photos.archive.content = make_archive({path: b"hostile"} | photos.photos, top=None)
    assert get_photos() == 1
    assert "leaves the folder" in error_line(capsys)
    assert not list(tmp_path.rglob("escaped.jpg")) and not os.path.exists("/escaped.jpg")
    photos.assert_not_taken_for_data(monkeypatch)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE], ids=["symlink", "hard link"])
def test_links_and_other_files_of_an_archive_are_not_taken(photos, server, tmp_path, kind):
    (tmp_path / "secret").write_text("mine")
    targets = {name: str(tmp_path / "secret") for name in list(photos.photos)[:3]} | {"train": str(tmp_path)}
    links = [(name, target, kind) for name, target in targets.items()]
    others = {name: content for name, content in photos.photos.items() if name not in targets}
    photos.archive.content = make_archive(others | {"train/dress/notes.jpg": b"more"}, links=links)
    assert get_photos() == 0
    photos.assert_complete()  # which the extra photo is no part of; the linked ones came one by one
    assert not any(file.is_symlink() for file in photos.folder.rglob("*"))
    assert (tmp_path / "secret").read_text() == "mine"


def test_an_archive_with_other_content_under_the_right_names(photos, capsys, monkeypatch):
    photos.archive.content = make_archive({name: b"other" for name in photos.photos})
    assert get_photos() == 1
    assert "damaged or different" in error_line(capsys)
    photos.assert_not_taken_for_data(monkeypatch)
    assert photos.read() == {}


def start_in_another_process(photos):
    """Start `make data` in a process of its own, turned to the test's server; return the process"""
    settings = {name: str(value) if isinstance(value, Path) else value for name, value in photos.settings.items()}
    code = (
        "import signal\n"
        "from pathlib import Path\n"
        "from scripts.machine import download\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell ignores it for its background jobs
        f"for name, value in {settings!r}.items():\n"
        "    setattr(download, name, Path(value) if name in ('PHOTOS', 'WORKSHOP', 'MANIFEST', 'LOCK') else value)\n"
        "raise SystemExit(download.main(['--only', 'photos']))\n"
    )
    return subprocess.Popen([sys.executable, "-c", code], cwd=course.ROOT, stderr=subprocess.PIPE, text=True)


def wait_until(happened):
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_in_the_middle_and_run_again(photos, server, monkeypatch, how):
    photos.archive.pace = 0.05  # 1.2 seconds in all
    process = start_in_another_process(photos)
    part = photos.workshop / "photos.tar.gz"
    wait_until(lambda: part.exists() and part.stat().st_size > 50_000)
    process.send_signal(how)
    _, errors = process.communicate(timeout=60)
    arrived = part.stat().st_size
    assert process.returncode != 0 and arrived < len(photos.archive.content)
    if how == signal.SIGINT:
        assert errors.strip() == "Stopped. What has arrived is kept: `make data` goes on from there."
    photos.assert_not_taken_for_data(monkeypatch)
    photos.archive.pace = 0
    assert get_photos() == 0
    photos.assert_complete()
    assert server.asked("/archive.tar.gz") == [None, f"bytes={arrived}-"]


@pytest.mark.parametrize("moment", [3, 30, 31], ids=["in the photos", "at the last photo", "at the table"])
def test_killed_while_putting_files_in_place(photos, monkeypatch, moment):
    """The process ends before the file number `moment` gets its name, as a killed one does."""
    replace, calls = os.replace, []

    def die(source, target):
        calls.append(target)
        if len(calls) == moment:
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as context:
        context.setattr(os, "replace", die)
        assert get_photos() == 1
    leftover = photos.folder / "train" / "dress" / ".part-x-0.jpg"  # half a file under a name that nothing reads
    leftover.parent.mkdir(parents=True, exist_ok=True)
    leftover.write_bytes(b"half")
    assert "images.csv" not in photos.read() and course.image_source().kind == "sample"
    assert get_photos() == 0
    photos.assert_complete()
    assert not leftover.exists()


def test_two_at_once_do_not_mix_and_one_says_that_it_waits(photos, server):
    photos.archive.pace = 0.05
    first = start_in_another_process(photos)
    wait_until(lambda: (photos.workshop / "photos.tar.gz").exists())
    second = start_in_another_process(photos)
    errors = [process.communicate(timeout=60)[1] for process in (first, second)]
    assert [process.returncode for process in (first, second)] == [0, 0], errors
    assert "Another `make data` is at work" in errors[1] and errors[0] == ""
    photos.assert_complete()
    assert server.asked("/archive.tar.gz") == [None]


@pytest.mark.parametrize(
    ("code", "words"), [(errno.ENOSPC, "the disk is full. Free"), (errno.EACCES, "Check that you may write there")]
)
def test_a_disk_that_refuses_a_photo(photos, capsys, monkeypatch, code, words):
    def refuse(source, target):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as context:
        context.setattr(os, "replace", refuse)
        assert get_photos() == 1
    line = error_line(capsys)
    assert words in line and str(photos.folder) in line
    assert course.image_source().kind == "sample"
    assert get_photos() == 0
    photos.assert_complete()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is always full")
def test_a_disk_that_is_full_during_the_download(photos, capsys, monkeypatch):
    photos.workshop.mkdir(parents=True)
    (photos.workshop / "photos.tar.gz").symlink_to("/dev/full")
    assert get_photos() == 1
    line = error_line(capsys)
    assert "the disk is full" in line and "photos.tar.gz" in line
    photos.assert_not_taken_for_data(monkeypatch)


def test_a_file_in_the_way_of_a_folder(photos, capsys):
    photos.folder.parent.mkdir()
    photos.folder.write_text("in the way")
    assert get_photos() == 1
    assert str(photos.folder) in error_line(capsys)


@pytest.fixture
def weights(photos, server, tmp_path, monkeypatch):
    """Three small files in place of Keras', with their MD5, and an empty Keras cache."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    files = {name: bytes([number]) * 50_000 for number, (name, _, _) in enumerate(download.WEIGHTS)}
    server.pages |= {f"/keras/{name}": Page(content) for name, content in files.items()}
    table = [(name, f"{server.url}/keras/{name}", hashlib.md5(content).hexdigest()) for name, content in files.items()]
    monkeypatch.setattr(download, "WEIGHTS", tuple(table))
    return files


def in_keras_cache(tmp_path):
    return {file.name: file.read_bytes() for file in (tmp_path / "keras/models").glob("*")}


def get_weights():
    return download.main(["--only", "weights"])


def test_the_weights_are_those_of_the_installed_keras():
    import keras

    source = inspect.getsource(inspect.getmodule(inspect.unwrap(keras.applications.Xception)))
    source += inspect.getsource(inspect.getmodule(inspect.unwrap(keras.applications.imagenet_utils.decode_predictions)))
    source = source.replace('"\n    "', "")  # addresses written over two lines
    for name, url, digest in download.WEIGHTS:
        assert f'"{name}"' in source and f'"{url}"' in source and f'file_hash="{digest}"' in source
    assert course.imagenet_weights(include_top=False).name == download.WEIGHTS[0][0]
    assert course.imagenet_weights(include_top=True).name == download.WEIGHTS[1][0]


def test_weights_come_to_keras_cache(weights, server, tmp_path, capsys):
    server.pages[f"/keras/{download.WEIGHTS[0][0]}"].cuts = [download.BLOCK]
    assert get_weights() == 0
    assert in_keras_cache(tmp_path) == weights
    assert server.asked(f"/keras/{download.WEIGHTS[0][0]}") == [None, f"bytes={download.BLOCK}-"]
    server.requests.clear()
    capsys.readouterr()
    assert get_weights() == 0
    assert server.requests == [] and "nothing to fetch" in capsys.readouterr().out


def test_keras_has_the_last_word(weights, tmp_path, server, capsys, monkeypatch):
    import keras

    def refuse(name, *arguments, **options):
        raise ValueError("Incomplete or corrupted file detected.")

    with monkeypatch.context() as context:
        context.setattr(keras.utils, "get_file", refuse)
        assert get_weights() == 1
    assert f"Keras does not accept {tmp_path / 'keras/models' / download.WEIGHTS[0][0]}" in error_line(capsys)
    assert get_weights() == 0
    (tmp_path / "keras/models" / download.WEIGHTS[0][0]).write_bytes(b"damaged")
    name, _, digest = download.WEIGHTS[0]
    with pytest.raises(download.DownloadError, match=name):
        download.hand_over_to_keras([(name, f"{server.url}/nothing", digest)], tmp_path / "keras/models")


def test_a_truncated_file_in_keras_cache_is_fetched_again(weights, server, tmp_path):
    get_weights()
    name = download.WEIGHTS[1][0]
    (tmp_path / "keras/models" / name).write_bytes(weights[name][:1_000])
    server.requests.clear()
    assert get_weights() == 0
    assert in_keras_cache(tmp_path) == weights
    assert [path for path, _ in server.requests] == [f"/keras/{name}"]


@pytest.mark.parametrize("trouble", ["404", "cut off", "wrong file", "web page"])
def test_weights_that_do_not_come_are_not_taken_for_weights(weights, server, tmp_path, capsys, trouble):
    name = download.WEIGHTS[0][0]
    (tmp_path / "keras/models").mkdir(parents=True)
    (tmp_path / "keras/models" / name).write_bytes(b"truncated")
    page = server.pages[f"/keras/{name}"]
    if trouble == "404":
        page.statuses = [404]
    elif trouble == "cut off":
        page.always_cut, page.ranges = download.BLOCK, False
    elif trouble == "wrong file":
        page.content = b"different"
    else:
        page.content, page.kind = b"<html>", "text/html"
    assert get_weights() == 1
    assert f"{server.url}/keras/{name}" in error_line(capsys)
    assert name not in in_keras_cache(tmp_path)
    assert course.weights_source().kind == "standin"
    server.pages[f"/keras/{name}"] = Page(weights[name])
    assert get_weights() == 0
    assert in_keras_cache(tmp_path) == weights
    assert (server.asked(f"/keras/{name}")[-1] is None) == (trouble != "cut off")


def test_a_keras_cache_that_cannot_be_written(weights, tmp_path, capsys):
    (tmp_path / "keras").write_text("in the way")
    assert get_weights() == 1
    assert str(tmp_path / "keras/models") in error_line(capsys)


def test_the_weights_come_even_where_the_photos_do_not(photos, weights, server, tmp_path, capsys):
    photos.archive.statuses = [404]
    assert download.main([]) == 1
    assert "Photos: " in error_line(capsys)
    assert in_keras_cache(tmp_path) == weights
