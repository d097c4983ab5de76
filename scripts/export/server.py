"""A server for an exported folder: a photo comes in over HTTP, the probabilities go out.

One process; as many threads as cores decode photos and run the model, one photo each. Nothing is
written to disk, nothing of a photo is kept or logged, nothing is fetched from elsewhere.
"""

import asyncio
import contextlib
import html
import json
import logging
import re
import signal
import socket
import sys
import threading
import time
import traceback
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect
from uvicorn.protocols.http.h11_impl import H11Protocol

from scripts.course import CourseError
from scripts.export.shipped import PhotoError, TooLarge

LOG = logging.getLogger("scripts.serve")


@dataclass(frozen=True)
class Limits:
    """What a client may ask for. `megabytes`: of a request. `upload_seconds`: to send it.
    `answer_seconds`: to wait and be worked on. `at_once`: photos in any of these states; more get a
    503.
    """

    megabytes: float = 20
    upload_seconds: float = 20
    answer_seconds: float = 20
    at_once: int = 32


class ServeError(CourseError):
    """The server cannot start. The message says why, and the remedy."""


class Refusal(Exception):
    """A request that gets no answer: the HTTP status and one sentence."""

    def __init__(self, status, sentence):
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class Class(BaseModel):
    name: str
    probability: float


class Answer(BaseModel):
    """All classes, the likeliest first. `not_sure` is null where the model has no threshold."""

    classes: list[Class]
    not_sure: bool | None


class Problem(BaseModel):
    error: str


class Health(BaseModel):
    status: str
    format: str
    classes: list[str]


WHY = {
    400: "The request holds no photo, or more than one",
    408: "The photo took too long to arrive",
    413: "Too many bytes, or too many pixels",
    415: "What was sent is no readable photo",
    503: "Busy; try again in a second (Retry-After)",
}
FILE = {"type": "string", "format": "binary"}
BODY = {  # what OpenAPI says of the request: the handler reads it by itself, within limits
    "required": True,
    "content": {
        "multipart/form-data": {"schema": {"type": "object", "required": ["photo"], "properties": {"photo": FILE}}},
        "image/*": {"schema": FILE},
    },
}


def make_app(shipped, limits, workers):
    """Return the application: `shipped` answers, in so many threads, within the limits."""
    places = threading.BoundedSemaphore(limits.at_once)  # given back by the thread that has done the work
    threads = ThreadPoolExecutor(workers, thread_name_prefix="photo")

    @contextlib.asynccontextmanager
    async def lifespan(app):
        yield
        threads.shutdown(wait=True, cancel_futures=True)

    # FastAPI's own pages load their program from another host; `page` needs none.
    app = FastAPI(title="Classifier", version="1", docs_url=None, redoc_url=None, lifespan=lifespan)

    @app.post(
        "/classify",
        summary="Classify a photo",
        description="Send the photo as the form field `photo`, or as the body itself: `curl --data-binary @photo.jpg`.",
        response_model=None,
        responses={200: {"model": Answer, "description": "The classes, the likeliest first"}}
        | {status: {"model": Problem, "description": text} for status, text in WHY.items()},
        openapi_extra={"requestBody": BODY},
    )
    async def classify(request: Request) -> JSONResponse:
        if not places.acquire(blocking=False):
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(drop(request, limits.megabytes * 1e6), limits.upload_seconds)
            raise Refusal(503, f"There are {limits.at_once} photos here already. Try again in a second.")
        try:
            content = await receive(request, limits)
            job = threads.submit(shipped.answer, content)
        except BaseException:
            places.release()
            raise
        job.add_done_callback(lambda _: places.release())  # also where nobody waits for it any more
        try:
            return JSONResponse(await asyncio.wait_for(asyncio.wrap_future(job), limits.answer_seconds))
        except asyncio.TimeoutError:
            raise Refusal(
                503, f"The answer took longer than {limits.answer_seconds:g} seconds. Try again later."
            ) from None
        except TooLarge as error:
            raise Refusal(413, str(error)) from None
        except PhotoError as error:
            raise Refusal(415, str(error)) from None

    @app.get("/health", summary="Whether the server answers", response_description="It does")
    async def health() -> Health:
        return Health(status="ok", format=shipped.format, classes=shipped.names)

    @app.get("/", include_in_schema=False)
    @app.get("/docs", include_in_schema=False)
    async def page():
        policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
        return HTMLResponse(describe(app.openapi()), headers={"Content-Security-Policy": policy})

    @app.exception_handler(Refusal)
    async def refuse(request, refusal):
        return problem(refusal.status, refusal.sentence)

    @app.exception_handler(Exception)
    async def apologize(request, error):
        return problem(500, f"Something went wrong here. The log knows it as {request.scope['identity']}.")

    @app.exception_handler(HTTPException)
    async def refuse_path(request, error):
        known = {
            404: "There is no such page. There are: /classify, /health, /docs.",
            405: "This page wants another method.",
        }
        return problem(error.status_code, known.get(error.status_code, str(error.detail)), error.headers)

    return app


def problem(status, sentence, headers=None):
    """Return an error as every client gets it: one sentence, in JSON."""
    headers = dict(headers or {})
    if status == 503:
        headers["Retry-After"] = "1"
    if status in (408, 413, 503):  # the rest of the request, should there be one, is not waited for
        headers["Connection"] = "close"
    return JSONResponse({"error": sentence}, status, headers)


class Parser(MultiPartParser):
    spool_max_size = 2**62  # never to disk: the length is limited already


async def receive(request, limits):
    """Return the photo's bytes out of a request, the body itself or the one file in a form. Raises
    `Refusal`.
    """
    most = int(limits.megabytes * 1e6)
    too_large = Refusal(413, f"The request is larger than {limits.megabytes:g} MB. Make the photo smaller first.")
    if "expect" in request.headers and int(request.headers.get("content-length", 0)) > most:
        raise too_large  # who asks first is not sending yet; that the length is a number, HTTP has checked
    try:
        content = await asyncio.wait_for(read(request, most), limits.upload_seconds)
    except asyncio.TimeoutError:
        raise Refusal(408, f"The photo took longer than {limits.upload_seconds:g} seconds to arrive.") from None
    except OverflowError:
        raise too_large from None
    if not content:
        raise Refusal(400, "The request holds no photo. Send it as the form field `photo`, or as the body itself.")
    return content


async def read(request, most):
    """Return the bytes of the photo, b"" where there is none. Raises `OverflowError` for more than
    `most` of them, and `Refusal`.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/"):
        return b"".join([chunk async for chunk in chunks(request, most)])
    try:
        form = await Parser(request.headers, chunks(request, most), max_files=1, max_fields=20).parse()
    except MultiPartException as error:
        few = "Too many" in error.message
        raise Refusal(400, "Send one photo at a time." if few else "The form cannot be read: it is damaged.") from None
    except (OverflowError, ClientDisconnect):
        raise
    except Exception:  # a form without its boundary, in an unknown alphabet …
        raise Refusal(400, "The form cannot be read: it is damaged.") from None
    file = form.get("photo")
    return b"" if file is None or isinstance(file, str) else file.file.read()


async def chunks(request, most):
    """Yield the parts of a request. Raises `OverflowError` for more than `most` bytes."""
    more, total = True, 0
    while more:
        part, more = await next_part(request)
        total += len(part)
        if total > most:
            if more:
                await drop(request, 10 * most)
            raise OverflowError
        yield part


async def drop(request, most):
    """Read at most so many bytes of the rest of a request, and forget them: who is still sending
    when the connection is closed never gets to read why.
    """
    more = True
    while more and most > 0:
        part, more = await next_part(request)
        most -= len(part)


async def next_part(request):
    """Return the next bytes of a request, and whether more come. Raises `ClientDisconnect`."""
    message = await request.receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message.get("body", b""), message.get("more_body", False)


def describe(schema):
    """Return a page, HTML, that says what OpenAPI's schema says, with a form to try it."""
    parts = []
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            answers = "".join(
                f"<li><b>{html.escape(status)}</b> {html.escape(answer['description'])}</li>"
                for status, answer in operation["responses"].items()
            )
            parts.append(
                f"<h2><code>{method.upper()} {html.escape(path)}</code></h2><p>{html.escape(operation['summary'])}. "
                f"{coded(operation.get('description', ''))}</p><ul>{answers}</ul>"
            )
    return PAGE.format(title=html.escape(schema["info"]["title"]), operations="".join(parts))


def coded(text):
    """Return a text as HTML; what stands between backticks becomes code."""
    return re.sub("`(.*?)`", r"<code>\1</code>", html.escape(text))


PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>:root {{color-scheme: light dark}} body {{font: 1rem/1.5 sans-serif; max-width: 45rem; margin: 2rem auto; padding: 0 1rem}}
form {{border: 1px solid; padding: 1rem}}</style></head>
<body><main><h1>{title}</h1>
<form action="/classify" method="post" enctype="multipart/form-data">
<label for="photo">A photo to classify:</label>
<input id="photo" type="file" name="photo" accept="image/*" required> <button>Classify</button></form>
{operations}
<p>For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI).</p></main></body></html>
"""


def logged(app):
    """Return the application with one line in the log for each request. Where the program errs, the
    log gets the traceback, the client one sentence.
    """

    async def answer(scope, receive, send):
        if scope["type"] != "http":
            return await app(scope, receive, send)
        begin, size, status = time.perf_counter(), 0, 0
        scope["identity"] = identity = uuid.uuid4().hex[:12]

        async def counted():
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            return message

        async def noted(message):
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", identity.encode())]
            await send(message)

        event, more = "answered", {}
        try:
            await app(scope, counted, noted)
        except ClientDisconnect:
            event, status = "hung up", None
        except Exception as error:
            event, more = "failed", {"error": type(error).__name__, "traceback": traceback.format_exc()}
        finally:
            facts = {"id": identity, "method": scope["method"], "path": scope["path"][:200], "status": status}
            facts |= {"bytes": size, "milliseconds": round(1000 * (time.perf_counter() - begin), 1)}
            LOG.info(event, extra={"facts": facts | more})

    return answer


class JsonLines(logging.Formatter):
    """Each entry as one line of JSON in ASCII: whatever a client sends, it can neither begin a new
    line nor move a terminal's cursor.
    """

    def format(self, record):
        moment = datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds")
        entry = {"time": moment, "level": record.levelname.lower(), "event": record.getMessage()}
        entry |= getattr(record, "facts", {})
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry).replace("\x7f", "\\u007f")


class Patient(H11Protocol):
    """HTTP as uvicorn speaks it. But who connects has so many seconds to say what is wanted:
    uvicorn itself would wait forever.
    """

    seconds = 20.0
    alarm = None

    def connection_made(self, transport):
        super().connection_made(transport)
        self.watch()

    def data_received(self, data):
        super().data_received(data)
        self.watch()

    def connection_lost(self, exc):
        self.rest()
        super().connection_lost(exc)

    def waits(self):
        return self.cycle is None or self.cycle.response_complete

    def watch(self):
        if not self.waits():
            self.rest()
        elif self.alarm is None and not self.transport.is_closing():
            self.alarm = self.loop.call_later(self.seconds, self.give_up)

    def rest(self):
        if self.alarm is not None:
            self.alarm.cancel()
            self.alarm = None

    def give_up(self):
        self.alarm = None
        if self.waits():
            self.transport.close()


def listen(host, port):
    """Return a socket that listens. Raises `ServeError` where the address is taken or no address of
    this machine.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=256)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ServeError(f"{host}:{port} cannot be listened at: {reason}. Give another --port or --host.") from None
    # Connections inherit this. Without it the body of an answer waits till the client has said that
    # the head is there, which a quiet machine says 40 ms later.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def serve(shipped, host, port, limits, workers, started):
    """Answer until SIGTERM or Ctrl-C comes; then answer what is running, and return.

    `started`: the `time.monotonic()` at which the program began.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level="WARNING", force=True)
    LOG.setLevel("INFO")
    logging.getLogger("python_multipart").setLevel("CRITICAL")  # each damaged form would be a line of its own
    protocol = type("Protocol", (Patient,), {"seconds": limits.upload_seconds})
    config = uvicorn.Config(
        logged(make_app(shipped, limits, workers)),
        http=protocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(limits.upload_seconds + limits.answer_seconds) + 5,
    )
    with listen(host, port) as listener:
        address = "http://{}:{}".format(*listener.getsockname()[:2])
        facts = {"address": address, "format": shipped.format, "workers": workers}
        facts["seconds"] = round(time.monotonic() - started, 2)
        LOG.info("ready", extra={"facts": facts})
        # uvicorn stops in order, and then raises the signal once more.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except (KeyboardInterrupt, SystemExit):
            pass
        finally:
            LOG.info("stopped")
