"""Fetch the real photos and Xception's ImageNet weights; check and repair every file."""

import sys

from scripts.machine.download import main

if __name__ == "__main__":
    sys.exit(main())
