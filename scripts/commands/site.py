"""Build the course as a site of web pages, offline: build/site/index.html."""

import sys

from scripts.lessons.site import main

if __name__ == "__main__":
    sys.exit(main())
