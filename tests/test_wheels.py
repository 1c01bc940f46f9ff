"""wheels: what a wheel of the kernels is made from, and that the package takes it."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from importlib import machinery

import pytest

import wheels.__main__ as wheels
from staff import ROOT


def test_a_wheel_is_made_from_the_compiled_part_alone(tmp_path):
    wheels.stage(tmp_path / "source")
    files = {path.relative_to(tmp_path / "source").as_posix() for path in (tmp_path / "source").rglob("*.*")}
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "cs231n/kernels").iterdir()}
    assert files == {"pyproject.toml", "setup.py", "cs231n/im2col_cython.pyx", *sources}


USE = """
import warnings
warnings.simplefilter("error")
import numpy as np
from cs231n import fast_layers, im2col
assert im2col.compiled.__name__ == "cs231n_kernels", im2col.compiled
x, w = np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3))
print(fast_layers.conv_forward_fast(x, w, np.zeros(1), {"stride": 1, "pad": 0})[0].item())
"""


def _without_extension(folder):
    """Lay the package out in a folder without its extension, by links."""
    (folder / "cs231n").mkdir(parents=True)
    for path in (ROOT / "cs231n").iterdir():
        if not path.name.endswith(tuple(machinery.EXTENSION_SUFFIXES)):
            (folder / "cs231n" / path.name).symlink_to(path)


def _use(folder, *others):
    """Run USE in a folder, where the others are to be found too."""
    path = os.pathsep.join([str(folder), *map(str, others), sysconfig.get_path("purelib")])
    return subprocess.run(
        [sys.executable, "-S", "-c", USE],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="links need a right that few have")
def test_the_package_takes_the_module_of_a_wheel_where_it_has_no_extension(tmp_path):
    wheels.stage(tmp_path / "source")
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path)]
    subprocess.run([*pip, str(tmp_path / "source")], check=True, env=os.environ | {"CS231N_FLAGS": "-O0"})
    with zipfile.ZipFile(next(tmp_path.glob("cs231n_kernels-*.whl"))) as wheel:
        modules = [name for name in wheel.namelist() if ".dist-info/" not in name]
        wheel.extractall(tmp_path / "installed")
    assert len(modules) == 1 and modules[0].startswith("cs231n_kernels.")
    _without_extension(tmp_path / "folder")
    done = _use(tmp_path / "folder", tmp_path / "installed")
    assert (done.stdout, done.stderr) == ("9.0\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right that few have")
def test_a_module_of_another_version_is_not_taken_and_named(tmp_path):
    _without_extension(tmp_path / "folder")
    (tmp_path / "cs231n_kernels.py").write_text("INTERFACE = 999")
    said = _use(tmp_path / "folder", tmp_path).stderr
    assert "cs231n_kernels.py is version 999, expected 1" in said
