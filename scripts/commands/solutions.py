"""Write the lessons' exercises and the notebooks with their solutions, from scripts/checks."""

import sys

from scripts.lessons.exercising import main

if __name__ == "__main__":
    sys.exit(main())
