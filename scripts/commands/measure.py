"""Measure the real photos: the features, answers and results in data/measured/."""

import sys

from scripts.course import CourseError
from scripts.measuring.command import main

if __name__ == "__main__":
    try:
        sys.exit(main())
    except CourseError as error:
        sys.exit(str(error))
