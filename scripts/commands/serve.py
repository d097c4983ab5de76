"""Answer photos over HTTP with an exported classifier, without TensorFlow."""

import argparse
import sys
import time
from pathlib import Path

from scripts.course import CourseError
from scripts.resources import cores

STARTED = time.monotonic()


def main():
    parser = argparse.ArgumentParser(
        prog="python -m scripts.serve",
        description=__doc__ + " Open the address that it logs for a page to try it.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="what `python -m scripts.export` wrote")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets other machines in")
    parser.add_argument("--port", type=int, default=8000, help="0 takes one that is free")
    parser.add_argument("--format", default="", metavar="NAME", help="such as litert-int8; default: onnx, else litert")
    parser.add_argument("--workers", type=int, default=cores(), metavar="N", help="photos that are worked on at a time")
    parser.add_argument(
        "--at-once", type=int, default=32, metavar="N", help="photos that are sent, wait or are worked on"
    )
    parser.add_argument("--megabytes", type=float, default=20, metavar="N", help="the largest request")
    parser.add_argument("--megapixels", type=float, default=50, metavar="N", help="the largest photo")
    parser.add_argument("--upload-seconds", type=float, default=20, metavar="N", help="to send a request")
    parser.add_argument("--answer-seconds", type=float, default=20, metavar="N", help="to wait and be worked on")
    options = parser.parse_args()
    for name in ("workers", "at_once", "megabytes", "megapixels", "upload_seconds", "answer_seconds"):
        if not getattr(options, name) > 0:
            parser.error(f"--{name.replace('_', '-')} is {getattr(options, name)}; it must be more than 0")
    from scripts.export.server import Limits, serve
    from scripts.export.shipped import Shipped

    shipped = Shipped(options.folder, options.format, options.workers, int(options.megapixels * 1e6))
    limits = Limits(options.megabytes, options.upload_seconds, options.answer_seconds, options.at_once)
    serve(shipped, options.host, options.port, limits, options.workers, STARTED)


if __name__ == "__main__":
    try:
        main()
    except CourseError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
