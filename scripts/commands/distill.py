"""Train the stand-in: a small network that learns to reproduce Xception's features."""

import sys

from scripts.course import CourseError
from scripts.standin.distillation import main

if __name__ == "__main__":
    try:
        main()
    except CourseError as error:
        sys.exit(str(error))
