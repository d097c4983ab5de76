"""Say what this machine has for the course, what will be slow, what is missing."""

import sys

from scripts.machine.doctor import main

if __name__ == "__main__":
    sys.exit(main())
