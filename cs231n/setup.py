"""`python setup.py build_ext --inplace` in this folder does what it does in the folder above."""

import os
import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
os.chdir(ROOT)
sys.path[0] = str(ROOT)  # not this folder, whose modules have common names
runpy.run_path("setup.py", run_name="__main__")
