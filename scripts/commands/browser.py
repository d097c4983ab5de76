"""Find or install the browser in which tests open pages: Chromium, from the system's packages."""

import sys

from scripts.machine.browser import main

if __name__ == "__main__":
    sys.exit(main())
