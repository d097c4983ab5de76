"""Set the address of this repository in every file that holds it, launch links included."""

import argparse
import sys

from scripts.course import REPOSITORY, ROOT, CourseError
from scripts.lessons.launching import set_address

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m scripts.address", description=__doc__)
    parser.add_argument(
        "address",
        nargs="?",
        default=REPOSITORY,
        help="https://github.com/OWNER/NAME; without it, the links are renewed",
    )
    try:
        changed = set_address(parser.parse_args().address)
    except CourseError as error:
        sys.exit(f"{error}")
    print("\n".join(str(path.relative_to(ROOT)) for path in changed) or "Every file holds it already.")
