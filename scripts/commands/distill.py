"""Train the stand-in: a small network that learns to reproduce the features of the real Xception"""

import sys

from scripts.standin.distillation import main

if __name__ == "__main__":
    sys.exit(main())
