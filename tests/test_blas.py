"""The numeric tests on the kernels that BLAS has for other processors than this one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Kernels of OpenBLAS -> what Linux calls the instructions that they need.
KERNELS = {"Sandybridge": "avx", "Haswell": "avx2", "SkylakeX": "avx512vl"}
NUMERIC = [
    "test_layers.py",
    "test_layer_utils.py",
    "test_fast_layers.py",
    "test_gradient_check.py",
    "test_solver.py",
    "classifiers",
]


def _instructions():
    """Return the instruction sets of this processor, an empty set where Linux does not tell."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())


def _taken(environment):
    """Return what threadpoolctl says of NumPy's BLAS in such an environment."""
    command = [sys.executable, "-m", "threadpoolctl", "-i", "numpy"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
@pytest.mark.parametrize("kernels", KERNELS)
def test_the_numeric_tests_hold_on_other_kernels_of_blas(kernels):
    if KERNELS[kernels] not in _instructions():
        pytest.skip(f"this processor does not have the instructions of {kernels}")
    if kernels in _taken(os.environ):
        pytest.skip(f"the tests run on {kernels} anyway")
    environment = {**os.environ, "OPENBLAS_CORETYPE": kernels}
    if kernels not in _taken(environment):
        pytest.skip("NumPy's BLAS does not take its kernels from OPENBLAS_CORETYPE")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "not slow", "-p", "no:cacheprovider"]
    result = subprocess.run(
        [*command, *(f"tests/{name}" for name in NUMERIC)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-2000:]
