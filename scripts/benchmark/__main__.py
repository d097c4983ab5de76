"""Measure the speed and accuracy of the course's methods: backbone, heads, recipe or serve.

Speeds are ratios taken in one run.
"""

import argparse
import json
import platform
import sys
from pathlib import Path

from scripts.benchmark.backbone import backbone
from scripts.benchmark.heads import heads
from scripts.benchmark.recipe import recipe
from scripts.benchmark.serve import serve
from scripts.course import CourseError
from scripts.files import write_whole
from scripts.resources import cores

PARTS = {"backbone": backbone, "heads": heads, "recipe": recipe, "serve": serve}


def show(rows):
    """Print rows, dictionaries, as a table."""
    import pandas

    def few_digits(number):
        return f"{number:.3f}" if number < 1 else f"{number:.2f}" if number < 10 else f"{number:,.0f}"

    print(pandas.DataFrame(rows).to_string(index=False, na_rep="", float_format=few_digits))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=sorted(PARTS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table there too")
    arguments = parser.parse_args()
    print(f"{platform.machine()}, {cores()} cores")
    rows, bill = PARTS[arguments.part]()
    show(rows)
    for name, value in bill.items():
        print(f"{name}: {value:,.3f}" if isinstance(value, float) else f"{name}: {value}")
    if arguments.json:
        write_whole(arguments.json, json.dumps({"rows": rows, "bill": bill}, indent=1) + "\n")


if __name__ == "__main__":
    try:
        main()
    except CourseError as error:
        sys.exit(str(error))
