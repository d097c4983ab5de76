"""Build a web page of an exported model: one file, no server; photos never leave the device."""

import argparse
import sys
from pathlib import Path

from scripts.course import CourseError


def main():
    from scripts.export.webpage import PAGE, build

    parser = argparse.ArgumentParser(prog="python -m scripts.webpage", description=__doc__)
    parser.add_argument("export", type=Path, metavar="EXPORT", help="a folder that `python -m scripts.export` wrote")
    parser.add_argument(
        "page", type=Path, nargs="?", metavar="PAGE.html", default=PAGE, help="default: build/webpage/index.html"
    )
    options = parser.parse_args()
    page = build(options.export, options.page)
    print(f"{page}: written, {page.stat().st_size / 1e6:.1f} MB. Open it in a browser, or copy it to a phone.")


if __name__ == "__main__":
    try:
        main()
    except CourseError as error:
        sys.exit(str(error))
