"""Execute the lessons, and say which cell broke where one did."""

import sys

from scripts.lessons.running import main

if __name__ == "__main__":
    sys.exit(main())
