"""Requests per second of `python -m scripts.serve`, as a ratio to the runtime without a server.

The stand-in with a head, exported as ONNX, one thread a photo, as many photos at a time as there
are cores. Compared: pixels that are ready, through the bare runtime; files, decoded and run, in one
process; the same files over HTTP from 8 clients, which share the cores with the server. And batches
of pixels with all cores: what a server would gain by collecting photos. Speed does not depend on
the weights' values. The processor's time for a photo says the same on a busy machine.
"""

import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter, process_time

import psutil

from scripts.course import ROOT
from scripts.resources import cores

SIZE = 150
CLIENTS, BATCH, ROUNDS = 8, 16, 5
PHOTOS = 192  # a round


def serve():
    """Return one dictionary for each way, and the bill, with the ratios."""
    with tempfile.TemporaryDirectory() as place:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            names = pool.apply(make_export, (place,))
        command = [sys.executable, "-m", "scripts.serve", str(Path(place) / "out"), "--port", "0"]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            ready = json.loads(process.stdout.readline())
            threading.Thread(target=process.stdout.read, daemon=True).start()  # its log, so that the pipe does not fill
            port = int(ready["address"].rpartition(":")[2])
            speeds, costs = measure(Path(place) / "out", names, port, psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait()
    median = statistics.median
    rows = [{"way": way, "photos/s": median(speeds[way]), "CPU ms a photo": median(costs[way])} for way in speeds]

    def ratio(one, other):
        return median(a / b for a, b in zip(speeds[one], speeds[other], strict=True))

    bill = {
        "HTTP / files without a server": ratio("HTTP", "files"),
        "HTTP / ready pixels": ratio("HTTP", "pixels"),
        "CPU: files / HTTP with its clients": median(costs["files"]) / median(costs["HTTP"]),
        f"batches of {BATCH} / one photo a core": ratio(f"batches of {BATCH}", "pixels"),
        "seconds until ready": float(ready["seconds"]),
    }
    return rows, bill


def make_export(place):
    """Export a model into place/out; return the paths of some photos."""
    os.environ["COURSE_WEIGHTS"] = "standin"
    from scripts.course import import_tensorflow

    import_tensorflow()
    import keras

    from scripts.datasets import class_names, list_images
    from scripts.export.folder import export
    from scripts.standin.network import build_standin

    keras.utils.set_random_seed(0)
    base = build_standin(image=keras.Input((SIZE, SIZE, 3)), pooling="avg")
    scaling = keras.layers.Rescaling(1 / 127.5, offset=-1)
    last = keras.layers.Dense(len(class_names()), activation="softmax")
    keras.Sequential([keras.Input((SIZE, SIZE, 3)), scaling, base, last]).save(Path(place) / "model.keras")
    export(Path(place) / "model.keras", Path(place) / "out", ["onnx"], tell=lambda line: None)
    return [str(path) for path in list_images("validation")[0][:64]]


def measure(folder, names, port, server):
    """Return photos per second and the processor's milliseconds for one, of each way: two
    dictionaries of lists, a value each round. `server`: its process.
    """
    import numpy as np
    import onnxruntime

    from scripts.export.shipped import Shipped, read_photo

    photos = [Path(name).read_bytes() for name in names]
    work = [photos[number % len(photos)] for number in range(PHOTOS)]
    one = Shipped(folder, "onnx", workers=cores())
    pixels = [read_photo(photo, one.size, one.fit) for photo in photos]
    ready = [pixels[number % len(pixels)] for number in range(PHOTOS)]
    batches = [np.stack(ready[start : start + BATCH]).astype("float32") for start in range(0, PHOTOS, BATCH)]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores()
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    with ThreadPoolExecutor(cores()) as threads, multiprocessing.get_context("spawn").Pool(1) as client:
        ways = {
            "pixels": lambda: list(threads.map(one.probabilities, ready)),
            f"batches of {BATCH}": lambda: [session.run(None, {"image": batch}) for batch in batches],
            "files": lambda: list(threads.map(one.answer, work)),
            "HTTP": lambda: client.apply(ask_all, (port, work)),
        }
        speeds, costs = ({way: [] for way in ways} for _ in range(2))
        for number in range(1 + ROUNDS):  # in turn, so that a change of the machine's speed meets all alike
            for way, run in ways.items():
                start = perf_counter(), process_time() + sum(server.cpu_times()[:2])
                spent_by_clients = run()
                seconds, spent = perf_counter() - start[0], process_time() + sum(server.cpu_times()[:2]) - start[1]
                if way == "HTTP":
                    spent += spent_by_clients
                if number:  # the first round warms up
                    speeds[way].append(PHOTOS / seconds)
                    costs[way].append(1000 * spent / PHOTOS)
    return speeds, costs


def ask_all(port, photos):
    """Send photos from 8 clients, each on a connection that it keeps; return the seconds of the
    processor that they spent.

    Plain sockets: Python's own HTTP client costs as much as the server, on the same cores.
    """
    head = "POST /classify HTTP/1.1\r\nHost: benchmark\r\nContent-Length: {}\r\n\r\n"
    requests = [head.format(len(photo)).encode() + photo for photo in photos]

    def client(number):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            for request in requests[number::CLIENTS]:
                connection.sendall(request)
                answer = b""
                while not answer.endswith(b'"not_sure":null}'):
                    part = connection.recv(65536)
                    if not part:
                        raise ConnectionError("the server closed the connection")
                    answer += part
                if not answer.startswith(b"HTTP/1.1 200"):
                    raise ConnectionError(answer.decode())

    start = process_time()
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(client, range(CLIENTS)))
    return process_time() - start
