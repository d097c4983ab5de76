"""Fetch the real photos and Xception's ImageNet weights, check every file, repair what is damaged.
"""

import sys

from scripts.machine.download import main

if __name__ == "__main__":
    sys.exit(main())
