"""Measure the speed and accuracy of the methods: backbone, cluster, heads, recipe or serve.

Speeds are ratios taken in one run.
"""

import argparse
import json
import platform
import sys
from pathlib import Path

from scripts.benchmark.backbone import backbone
from scripts.benchmark.cluster import cluster
from scripts.benchmark.heads import heads
from scripts.benchmark.recipe import recipe
from scripts.benchmark.serve import serve
from scripts.course import CourseError
from scripts.files import write_whole
from scripts.resources import cores

PARTS = {"backbone": backbone, "cluster": cluster, "heads": heads, "recipe": recipe, "serve": serve}


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
    parser.add_argument(
        "--photos", type=int, default=20_000, metavar="N", help="of cluster: on which workers are killed"
    )
    parser.add_argument("--rounds", type=int, default=10, metavar="N", help="of cluster: of kills, 0 for none")
    arguments = parser.parse_args()
    print(f"{platform.machine()}, {cores()} cores")
    options = {"photos": arguments.photos, "rounds": arguments.rounds} if arguments.part == "cluster" else {}
    rows, bill = PARTS[arguments.part](**options)
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
