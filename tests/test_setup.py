"""setup.py: the extension builds in place, and nothing breaks where it cannot be built."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from staff.notebooks import ROOT

USE = """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from cs231n import fast_layers, im2col, layer_utils
    from cs231n.classifiers import cnn
    import numpy as np
    net = cnn.ThreeLayerConvNet(input_dim=(3, 8, 8), num_filters=2, filter_size=3)
    loss, grads = net.loss(np.ones((2, 3, 8, 8), np.float32), np.array([0, 1]))
assert np.isfinite(loss)
for warning in caught:
    print(warning.category.__name__, warning.message)
"""


@pytest.fixture
def checkout(tmp_path):
    """Return a copy of what the build needs, without anything built before."""
    built = shutil.ignore_patterns("*.so", "*.pyd", "*.c", "__pycache__", "cifar-10-batches-py")
    shutil.copytree(ROOT / "cs231n", tmp_path / "cs231n", ignore=built)
    for name in ("setup.py", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def python(checkout, *arguments, **environment):
    """Run Python in the checkout and return what it printed.

    Without `site` (-S), so that an editable install of the package elsewhere cannot step in.
    """
    path = os.pathsep.join([str(checkout), sysconfig.get_path("purelib")])
    done = subprocess.run(
        [sys.executable, "-S", *arguments],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": path} | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_build_ext_builds_the_extension_in_place_and_it_is_used_without_a_warning(checkout):
    python(checkout, "setup.py", "build_ext", "--inplace")
    assert python(checkout, "-c", USE) == ""
    assert str(checkout) in python(checkout, "-c", "import cs231n.im2col_cython as e; print(e.__file__)")


def test_without_a_compiler_the_build_goes_on_and_the_package_warns_once_how_to_build(checkout):
    python(checkout, "setup.py", "build_ext", "--inplace", CC="no-such-compiler")
    assert not list((checkout / "cs231n").glob("*.so"))
    printed = python(checkout, "-c", USE).splitlines()
    assert len(printed) == 1
    assert "python setup.py build_ext --inplace" in printed[0]


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["cc", "no-such-compiler"])
def test_an_editable_install_works_with_and_without_a_compiler(checkout, compiler):
    environment = checkout / "environment"
    venv.create(environment)
    inner = sysconfig.get_path("purelib", "venv", {"base": str(environment)})
    # The new environment borrows what is installed in this one, so that nothing needs downloading.
    Path(inner, "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    pip = ["-m", "pip", "--python", str(environment), "install", "--no-deps", "--no-build-isolation", "-e", "."]
    python(checkout, *pip, CC=compiler)
    assert bool(list((checkout / "cs231n").glob("im2col_cython*.so"))) == (compiler == "cc")
    assert list(Path(inner).glob("__editable__*cs231n*"))
