"""Compute the features of any folder of photos on many processes or machines, to Parquet."""

import sys

from scripts.cluster.command import main
from scripts.course import CourseError

if __name__ == "__main__":
    try:
        sys.exit(main())
    except CourseError as error:
        sys.exit(str(error))
