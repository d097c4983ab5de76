"""The server answers each photo as Keras does, refuses all else in one sentence, and bears bad
clients.
"""

import asyncio
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import keras
import numpy as np
import odd_pictures
import psutil
import pytest
from keras import layers

from scripts import datasets
from scripts.course import ROOT
from scripts.export import classify, server, shipped
from scripts.export.folder import export
from scripts.export.locked import locked

SIZE = 48
NAMES = [f"class {letter}" for letter in "abcdefgh"]
UPLOAD_SECONDS, AT_ONCE, MEGABYTES = 8, 8, 8
NOT_SURE = 0.22  # half of the pictures are below
CONTAINERFILE = ROOT / "scripts" / "export" / "Containerfile"


def answering_differently():
    """A network of random weights that gives any two photos different probabilities."""
    keras.utils.set_random_seed(0)
    blocks = [layers.Conv2D(8, 5, strides=3, activation="relu"), layers.Conv2D(8, 5, strides=3, activation="relu")]
    stack = [keras.Input((SIZE, SIZE, 3)), layers.Rescaling(1 / 127.5, offset=-1), *blocks, layers.Flatten()]
    return keras.Sequential(
        [
            *stack,
            layers.Dense(
                len(NAMES), kernel_initializer=keras.initializers.RandomNormal(stddev=0.4), activation="softmax"
            ),
        ]
    )


@pytest.fixture(scope="module")
def model():
    return answering_differently()


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    place = tmp_path_factory.mktemp("export")
    model.save(place / "model.keras")
    export(
        place / "model.keras", place / "out", ["onnx", "litert"], NAMES, not_sure_below=NOT_SURE, tell=lambda line: None
    )
    return place / "out"


def wait_until(condition):
    """Wait till something that must come has come; a minute is more than enough."""
    end, pause = time.monotonic() + 60, threading.Event()
    while not condition():
        assert time.monotonic() < end, "it did not come"
        pause.wait(0.02)


class Server:
    """A server in a process of its own, which has only the files that the container has, and in
    which nobody can import TensorFlow or Keras.
    """

    def __init__(self, place, folder, *words):
        self.course, self.temporary, self.output = place / "course", place / "temporary", place / "output.txt"
        self.errors = place / "errors.txt"
        for line in re.findall(r"^COPY (scripts.*)$", CONTAINERFILE.read_text(), flags=re.MULTILINE):
            *files, to = line.split()
            (self.course / to).mkdir(parents=True, exist_ok=True)
            for file in files:
                shutil.copy(ROOT / file, self.course / to)
        unwanted = place / "unwanted"
        unwanted.mkdir()
        for name in ("tensorflow", "keras", "scipy", "pandas", "matplotlib"):
            (unwanted / f"{name}.py").write_text("raise SystemExit('imported what it should not')")
        self.temporary.mkdir()
        command = [sys.executable, "-B", "-m", "scripts.serve", str(folder), "--port", "0", "--workers", "2", *words]
        environment = os.environ | {"PYTHONPATH": str(unwanted), "TMPDIR": str(self.temporary)}
        with self.output.open("wb") as output, self.errors.open("wb") as errors:
            self.process = subprocess.Popen(command, cwd=self.course, env=environment, stdout=output, stderr=errors)
        wait_until(lambda: self.output.read_bytes().endswith(b"\n") or self.process.poll() is not None)
        assert self.process.poll() is None, self.errors.read_text()
        self.port = int(self.log()[0]["address"].rpartition(":")[2])

    def log(self):
        return [json.loads(line) for line in self.output.read_text().splitlines()]

    def stop(self):
        self.process.terminate()
        return self.process.wait()


@pytest.fixture(scope="module")
def running(folder, tmp_path_factory):
    limits = ["--upload-seconds", UPLOAD_SECONDS, "--at-once", AT_ONCE, "--megabytes", MEGABYTES]
    one = Server(tmp_path_factory.mktemp("server"), folder, *map(str, limits))
    yield one
    one.process.kill()
    one.process.wait()


def form(*files, field="photo"):
    """Return (body, headers) of a form with files, each a name and bytes."""
    parts = [
        f'--limit\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, content in files
    ]
    return b"".join(parts) + b"--limit--\r\n", {"Content-Type": "multipart/form-data; boundary=limit"}


@contextlib.contextmanager
def connected(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        yield connection
    finally:
        connection.close()


def ask(port, body=None, headers=(), method="POST", path="/classify", connection=None):
    """Return (status, answer, headers) of one request; an answer that is JSON is read."""
    if connection is None:
        with connected(port) as connection:
            return ask(port, body, headers, method, path, connection)
    connection.request(method, path, body, dict(headers))
    response = connection.getresponse()
    content = response.read()
    if "json" in response.headers.get("Content-Type", ""):
        content = json.loads(content)
    return response.status, content, response.headers


def row(answer):
    """Return the probabilities of an answer in the order of the model's classes."""
    found = {one["name"]: one["probability"] for one in answer["classes"]}
    return np.array([found[name] for name in NAMES])


def keras_rows(model, paths):
    pixels = np.stack([datasets.load_image(path, SIZE) for path in paths])
    return model.predict(pixels.astype("float32"), batch_size=32, verbose=0)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """The odd pictures, and 100 ordinary ones."""
    odd = odd_pictures.write_odd_pictures(tmp_path_factory.mktemp("odd"))
    return odd + datasets.list_images("validation")[0][:100]


@pytest.fixture(scope="module")
def wanted(model, pictures):
    return keras_rows(model, pictures)


def a_photo(pictures):
    return next(path for path in pictures if path.name == "turned-6.jpg").read_bytes()


def send_a_byte_a_second(port, start):
    """Send a beginning, then a byte a second; return what the server says before it closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(start)
        for letter in b"POST /classify HTTP/1.1\r\n" * 4:
            try:
                said = connection.recv(65536)
            except TimeoutError:
                connection.send(bytes([letter]))
            else:  # the rest may come in another packet
                connection.settimeout(30)
                return said + b"".join(iter(lambda: connection.recv(65536), b"")) if said else said


@pytest.fixture(scope="module")
def slow_clients(running, pictures):
    """Two clients, futures of what each is told at the end; they take their time beside the tests
    that ask for one photo after the other.
    """
    head = b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
    with ThreadPoolExecutor(2) as clients:
        slow = [clients.submit(send_a_byte_a_second, running.port, start) for start in (b"", head)]
        assert ask(running.port, a_photo(pictures))[0] == 200 and not any(client.done() for client in slow)
        yield slow


def test_each_picture_gets_the_answer_of_keras(running, pictures, wanted, slow_clients):
    with connected(running.port) as connection:
        for number, (path, expected) in enumerate(zip(pictures, wanted, strict=True)):
            body, headers = form((path.name, path.read_bytes())) if number % 2 else (path.read_bytes(), {})
            status, answer, _ = ask(running.port, body, headers, connection=connection)
            assert status == 200, (path.name, answer)
            assert np.abs(row(answer) - expected).max() <= 1e-4, path.name
            likeliest = [one["probability"] for one in answer["classes"]]
            assert likeliest == sorted(likeliest, reverse=True) and answer["not_sure"] == (likeliest[0] < NOT_SURE)
    assert {True, False} == {bool(best < NOT_SURE) for best in wanted.max(axis=1)}  # so the flag was seen both ways


def test_the_folders_own_program_sees_the_same_pixels_and_gives_the_same_answers(folder, pictures, wanted, tmp_path):
    read = [shipped.read_photo(path.read_bytes(), SIZE, "crop") for path in pictures]
    for path, pixels in zip(pictures, read, strict=True):
        assert np.array_equal(pixels, classify.read_photo(path, SIZE)), path.name
    np.save(tmp_path / "pixels.npy", np.stack(read))
    for name in ("onnx", "litert"):
        words = ["--format", name, "--pixels", tmp_path / "pixels.npy", "--answers", tmp_path]
        subprocess.run([sys.executable, "-I", "-B", folder / "classify.py", *words], check=True, capture_output=True)
        one = shipped.Shipped(folder, name)
        answers = np.stack([one.probabilities(pixels) for pixels in read])
        assert np.abs(answers - np.load(tmp_path / f"{name}.npy")).max() <= 1e-4
        assert np.abs(answers - wanted).max() <= 1e-4


def is_one_sentence(answer):
    """Whether an answer is one clear error, without anything that only the server's owner may
    know.
    """
    if not isinstance(answer, dict) or set(answer) != {"error"}:
        return False
    secret = re.search(r"Traceback|\.py|0x[0-9a-f]{4}|BytesIO|site-packages|/tmp|\\|\n", answer["error"])
    return not secret and answer["error"].endswith(".") and len(answer["error"]) < 200


@pytest.mark.parametrize("what", odd_pictures.no_pictures())
def test_what_is_no_photo_gets_one_clear_error(running, what):
    content = odd_pictures.no_pictures()[what]
    wanted = {"empty": 400, "4,000 megapixels": 413}.get(what, 415)
    for body, headers in ((content, {}), form(("photo.jpg", content))):
        status, answer, _ = ask(running.port, body, headers)
        assert status == wanted and is_one_sentence(answer), answer


def test_a_photo_with_too_many_pixels_is_not_decoded(running):
    header = struct.pack(">IIBBBBB", 10_000, 6_000, 8, 2, 0, 0, 0)  # fewer than Pillow itself refuses
    status, answer, _ = ask(running.port, odd_pictures.png_of(header, bytes(1000)))
    assert status == 413 and is_one_sentence(answer) and "10000 x 6000 pixels" in answer["error"]


MULTIPART = "multipart/form-data; boundary=limit"
BAD_REQUESTS = {
    "a field of text": (
        400,
        b'--limit\r\nContent-Disposition: form-data; name="photo"\r\n\r\nx\r\n--limit--\r\n',
        MULTIPART,
    ),
    "another field": (400, form(("a.jpg", b"x"), field="file")[0], MULTIPART),
    "two files": (400, form(("a.jpg", b"x"), ("b.jpg", b"y"))[0], MULTIPART),
    "a thousand fields": (400, form(*[("", b"x")] * 1000)[0], MULTIPART),
    "no boundary": (400, form(("a.jpg", b"x"))[0], "multipart/form-data"),
    "another boundary": (400, form(("a.jpg", b"x"))[0], "multipart/form-data; boundary=wall"),
    "an unknown alphabet": (415, form(("a.jpg", b"x"))[0], MULTIPART + "; charset=klingon"),
    "a form cut off": (400, form(("a.jpg", b"x"))[0][:30], MULTIPART),
    "too many bytes": (413, bytes(MEGABYTES * 1_000_000 + 1), "image/jpeg"),
    "too many bytes in a form": (413, form(("a.jpg", bytes(MEGABYTES * 1_000_000)))[0], MULTIPART),
}


@pytest.mark.parametrize("what", BAD_REQUESTS)
def test_a_bad_request_gets_one_clear_error(running, what):
    wanted, body, kind = BAD_REQUESTS[what]
    for content in (body, iter([body[: len(body) // 2], body[len(body) // 2 :]])):  # the second says no length
        status, answer, _ = ask(running.port, content, {"Content-Type": kind})
        assert status == wanted and is_one_sentence(answer), (status, answer)


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [("GET", "/classify", 405), ("PUT", "/health", 405), ("GET", "/../../etc/passwd", 404)],
)
def test_another_page_or_method_gets_one_clear_error(running, method, path, wanted):
    status, answer, _ = ask(running.port, method=method, path=path)
    assert status == wanted and is_one_sentence(answer)


def raw(port, content):
    """Send bytes as they are; return all that comes until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(content)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("length", ["-1", "9" * 30, "9" * 5000, "1, 2", "ten"])
def test_what_is_no_http_is_refused(running, length):
    said = raw(running.port, f"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
    assert said.startswith((b"HTTP/1.1 400", b"HTTP/1.1 413")) and b"Traceback" not in said


def test_who_asks_before_sending_too_much_is_told_before(running):
    head = "POST /classify HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"
    assert raw(running.port, head.encode()).startswith(b"HTTP/1.1 413")


def test_clients_that_send_a_byte_a_second_are_let_go_and_meanwhile_others_get_answers(slow_clients):
    """Before the tests that need all places of the server: a slow client takes one."""
    said = [client.result() for client in slow_clients]
    assert said[0] == b"" and said[1].startswith(b"HTTP/1.1 408") and b"connection: close" in said[1]
    assert is_one_sentence(json.loads(said[1].partition(b"\r\n\r\n")[2]))


def random_jpegs(place, count):
    generator = np.random.default_rng(1)
    for number in range(count):
        pixels = odd_pictures.scene(90, 70, int(generator.integers(1 << 30)))
        pixels.save(place / f"{number:03}.jpg")
    return sorted(place.iterdir())


def test_200_photos_of_8_clients_at_once_each_get_their_own_answer(model, running, tmp_path):
    paths = random_jpegs(tmp_path, 200)
    wanted = keras_rows(model, paths)
    apart = np.abs(wanted[:, None] - wanted[None]).max(axis=2) + np.eye(200)
    assert apart.min() > 1e-3  # else another's answer would not be seen

    def client(number):
        with connected(running.port) as connection:
            photos = {index: form(("photo.jpg", paths[index].read_bytes())) for index in range(number, 200, 8)}
            return {index: ask(0, *photo, connection=connection) for index, photo in photos.items()}

    with ThreadPoolExecutor(8) as clients:
        found = {index: answer for some in clients.map(client, range(8)) for index, answer in some.items()}
    assert all(found[index][0] == 200 for index in range(200))
    assert max(np.abs(row(found[index][1]) - wanted[index]).max() for index in range(200)) <= 1e-4
    assert len({found[index][2]["x-request-id"] for index in range(200)}) == 200


def begin_upload(port, content, sent=None):
    """Connect, and send a request that promises all of `content` with its first bytes; return the
    socket.
    """
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    head = f"POST /classify HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(content)}\r\n\r\n"
    connection.sendall(head.encode() + content[: sent or len(content) // 2])
    return connection


def rest_of(connection):
    with connection:
        said = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = said.partition(b"\r\n\r\n")
    return head.decode(), json.loads(body) if body else None


def test_more_photos_at_once_than_allowed_get_a_clear_503_and_the_others_their_answers(running, pictures):
    photo = a_photo(pictures)
    status, expected, _ = ask(running.port, photo)
    waiting = [begin_upload(running.port, photo) for _ in range(AT_ONCE)]
    wait_until(lambda: ask(running.port, photo)[0] == 503)
    status, answer, headers = ask(running.port, photo)
    assert status == 503 and is_one_sentence(answer) and headers["Retry-After"] == "1"
    assert ask(running.port, bytes(MEGABYTES * 1_000_000 - 1))[0] == 503  # who still sends gets to read it too
    assert ask(running.port, method="GET", path="/health")[0] == 200
    for connection in waiting:
        connection.sendall(photo[len(photo) // 2 :])
    for head, answer in map(rest_of, waiting):
        assert head.startswith("HTTP/1.1 200") and answer == expected


def test_clients_that_hang_up_leave_their_place_to_others(running, pictures):
    photo, before = a_photo(pictures), len(running.log())
    for _ in range(3 * AT_ONCE):
        begin_upload(running.port, photo).close()
    for _ in range(AT_ONCE):
        begin_upload(running.port, photo, len(photo)).close()  # after the whole photo
    wait_until(lambda: len(running.log()) == before + 4 * AT_ONCE)
    assert "hung up" in {entry["event"] for entry in running.log()}
    with contextlib.ExitStack() as stack:  # all places but one are taken, and that one is free
        others = [stack.enter_context(begin_upload(running.port, photo)) for _ in range(AT_ONCE - 1)]
        assert ask(running.port, photo)[0] == 200
        for connection in others:
            connection.sendall(photo[len(photo) // 2 :])
            assert rest_of(connection)[0].startswith("HTTP/1.1 200")


def test_a_stop_in_the_middle_answers_what_is_running(folder, pictures, tmp_path):
    photo = a_photo(pictures)
    one = Server(tmp_path, folder, "--at-once", "4")
    expected = ask(one.port, photo)[1]
    idle = socket.create_connection(("127.0.0.1", one.port), timeout=60)  # connected, and says nothing
    running = [begin_upload(one.port, photo) for _ in range(4)]
    wait_until(lambda: ask(one.port, photo)[0] == 503)  # so the four have arrived
    one.process.send_signal(signal.SIGTERM)

    def refuses():
        try:
            socket.create_connection(("127.0.0.1", one.port), timeout=60).close()
        except ConnectionRefusedError:
            return True

    wait_until(refuses)
    time.sleep(1)  # by then a server that does not wait for its clients is gone
    for connection in running:
        connection.sendall(photo[len(photo) // 2 :])
    for head, answer in map(rest_of, running):
        assert head.startswith("HTTP/1.1 200") and answer == expected
    idle.close()
    assert one.process.wait() == 0
    assert one.log()[-1]["event"] == "stopped" and one.errors.read_text() == ""


def test_memory_stays_level(running, pictures):
    large = [path.read_bytes() for path in pictures if path.name.startswith(("12-", "transparent"))]
    process = psutil.Process(running.process.pid)

    def a_round():
        with ThreadPoolExecutor(4) as clients:
            assert all(answer[0] == 200 for answer in clients.map(lambda photo: ask(running.port, photo), large * 3))
        return process.memory_info().rss

    first = max(a_round() for _ in range(2))
    last = min(a_round() for _ in range(3))
    assert last - first < 20e6  # one 12-megapixel photo that were kept takes 36


def test_no_name_of_a_client_gets_into_the_log_unescaped(running, pictures):
    before = len(running.log())
    name = "a\x1b[2Jb\x07\r\nevil: \u202e.jpg"
    ask(running.port, *form((name.encode().decode("latin-1").replace("\r\n", "%0a"), a_photo(pictures))))
    path = "/%0a%7b%22event%22:%22stopped%22%7d%1b[2J%e2%80%ae%7f"
    ask(running.port, method="GET", path=path + "x" * 5000)
    wait_until(lambda: len(running.log()) == before + 2)
    written = running.output.read_bytes()
    assert all(byte == 10 or 32 <= byte < 127 for byte in written) and max(map(len, written.splitlines())) < 2000
    entry = running.log()[-1]
    assert entry["event"] == "answered" and entry["status"] == 404 and entry["path"].startswith('/\n{"event"')


def test_the_pages_ask_no_other_host(running):
    for path in ("/", "/docs"):
        status, page, headers = ask(running.port, method="GET", path=path)
        page = page.decode()
        assert status == 200 and not re.search(r"//|<script|@import|url\(", page)
        assert set(re.findall(r'(?:src|href|action)="([^"]*)"', page)) == {"/classify", "/openapi.json"}
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "POST /classify" in page and "413" in page
    schema = ask(running.port, method="GET", path="/openapi.json")[1]
    assert set(schema["paths"]) == {"/classify", "/health"}
    assert set(schema["paths"]["/classify"]["post"]["responses"]) == {"200", "400", "408", "413", "415", "503"}


def test_after_all_of_that_nothing_is_left_behind(running):
    """The last of those that ask the server of this module."""
    process = psutil.Process(running.process.pid)
    wait_until(lambda: not [one for one in process.net_connections() if one.status == psutil.CONN_ESTABLISHED])
    assert not process.children() and not [*running.temporary.iterdir()]
    assert not [
        file for file in process.open_files() if file.path != str(running.output) and str(running.errors) != file.path
    ]
    assert not [*running.course.rglob("__pycache__")]
    assert running.errors.read_text() == ""
    assert {entry["event"] for entry in running.log()} <= {
        "ready",
        "answered",
        "hung up",
        "Invalid HTTP request received.",
    }
    assert running.stop() == 0


def ask_app(answer, **limits):
    """Return what the application says to a photo that the function `answer` works on: (status,
    answer).
    """
    stand_in = SimpleNamespace(answer=answer, format="onnx", names=NAMES)
    app = server.logged(server.make_app(stand_in, server.Limits(**limits), workers=1))
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/classify",
        "headers": [],
        "query_string": b"",
        "http_version": "1.1",
    }
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"photo"}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], json.loads(b"".join(message.get("body", b"") for message in sent))


def test_work_that_takes_too_long_is_given_up():
    done = threading.Event()
    status, answer = ask_app(lambda content: done.wait(60), answer_seconds=0.05)
    done.set()
    assert status == 503 and "took longer than 0.05 seconds" in answer["error"]


def test_where_the_server_itself_errs_the_log_says_why_and_the_client_hears_nothing_of_it(caplog):
    def fails(content):
        raise RuntimeError("no such file: /home/somebody/secret.py")

    with caplog.at_level("INFO", logger="scripts.serve"):
        status, answer = ask_app(fails)
    assert status == 500 and is_one_sentence(answer)
    facts = caplog.records[-1].facts
    assert "secret.py" in facts["traceback"] and facts["id"] in answer["error"]


def spoil_file(place, facts):
    with (place / "model.onnx").open("ab") as file:
        file.write(b"x")


def spoil_facts(**changes):
    return lambda place, facts: facts.update(changes)


SPOILED = {
    "a damaged file": (spoil_file, "model.onnx is damaged or missing"),
    "a missing file": (lambda place, facts: (place / "classes.json").unlink(), "classes.json is damaged or missing"),
    "other pixels": (spoil_facts(fit="squash"), "does not hold: its pixels are"),
    "other probabilities": (
        lambda place, facts: facts["vectors"][0]["probabilities"].reverse(),
        "does not hold: its probabilities are",
    ),
    "no facts": (lambda place, facts: facts.clear(), "cannot be used: KeyError: 'files'"),
    "no vectors": (spoil_facts(vectors=[]), "has no test vectors"),
    "an impossible threshold": (spoil_facts(not_sure_below=2), "not_sure_below is 2"),
    "only formats that need TensorFlow": (
        lambda place, facts: facts.update(formats={"keras": {"file": "model.keras"}}),
        "no format that runs without TensorFlow",
    ),
}


@pytest.mark.parametrize("what", SPOILED)
def test_a_folder_that_does_not_hold_is_refused_in_one_line(folder, tmp_path, what):
    spoil, words = SPOILED[what]
    place = tmp_path / "copy"
    shutil.copytree(folder, place)
    facts = json.loads((place / "export.json").read_text())
    spoil(place, facts)
    (place / "export.json").write_text(json.dumps(facts))
    with pytest.raises(shipped.FolderError) as refused:
        shipped.Shipped(place)
    assert words in str(refused.value) and "\n" not in str(refused.value)


def test_a_folder_of_something_else_and_an_unknown_format_are_refused(folder, tmp_path):
    with pytest.raises(shipped.FolderError, match="is no export"):
        shipped.Shipped(tmp_path)
    with pytest.raises(shipped.FolderError, match="no format 'keras' that runs.* onnx, litert"):
        shipped.Shipped(folder, "keras")


def test_the_command_says_in_one_line_why_it_does_not_start(folder, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "scripts.serve", folder, "--port", str(port)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 1 and ended.stdout == ""
    assert ended.stderr.count("\n") == 1 and f"127.0.0.1:{port} cannot be listened at" in ended.stderr


def test_the_container_gets_out_of_the_lock_what_the_server_needs_and_no_more():
    lock = (ROOT / "requirements.txt").read_text()
    wanted = re.search(r"locked\.py (.*) \$\{RUNTIME\}", CONTAINERFILE.read_text())[1].split() + ["onnxruntime"]
    part = locked(wanted, lock)
    names = set(re.findall(r"^[a-z0-9-]+", part, flags=re.MULTILINE))
    assert {*wanted, "starlette", "pydantic-core", "h11", "protobuf"} <= names and not names & {
        "tensorflow",
        "keras",
        "scipy",
    }
    entries = part.count("==")
    assert all(line in lock for line in part.splitlines()) and part.count("--hash=sha256:") > entries
    with pytest.raises(ValueError, match="has no nonsense"):
        locked(["nonsense"], lock)


def test_the_body_of_an_answer_does_not_wait_for_the_head_to_be_acknowledged():
    with server.listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
