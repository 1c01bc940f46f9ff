"""`python setup.py build_ext --inplace` in this folder does what it does in the folder above."""

import os
import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    root = Path(__file__).resolve().parents[1]
    os.chdir(root)
    sys.path[0] = str(root)  # not this folder, whose modules have common names
    runpy.run_path("setup.py", run_name="__main__")
