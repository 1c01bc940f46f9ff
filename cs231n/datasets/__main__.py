"""`python -m cs231n.datasets`: get CIFAR-10, or draw the stand-in data set."""

import sys

from cs231n.datasets.command import main

if __name__ == "__main__":
    sys.exit(main())
