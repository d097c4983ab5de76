"""Grade a folder of learners' notebooks: a table of what is right, wrong and missing."""

import sys

from scripts.grading import main

if __name__ == "__main__":
    sys.exit(main())
