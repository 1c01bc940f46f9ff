"""What the first and the last cell of each notebook do on Google Colab."""

import importlib.util
import os
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from cs231n.doctor.finding import on_colab
from cs231n.doctor.packages import requirements
from cs231n.terminal import python_command

__all__ = ["hand_in", "prepare"]

ROOT = Path(__file__).parents[1]
LOCAL_DATA = Path("/content/data")  # Drive is slow to read


def prepare(root: Path = ROOT, data: Path = LOCAL_DATA) -> None:
    """Install what is missing, fetch the data and build the extension; print a line about each.

    Args:
        root: folder of the assignment.
        data: folder on the local disk for the images.
    """
    print(_install(root), flush=True)
    print(_fetch(root, data), flush=True)
    print(_build(root), flush=True)


def hand_in(root: Path = ROOT) -> None:
    """On Colab, make the files to hand in; elsewhere, print the command that makes them.

    Args:
        root: folder of the assignment.
    """
    if not on_colab():
        print(f"To hand in, save your notebooks and type in a terminal: {python_command('-m', 'cs231n.submit')}")
        return
    done = _python(root, "-m", "cs231n.submit")
    print(done.stdout)


def _install(root: Path) -> str:
    """Install required packages that are missing, and leave every other package as it is."""
    installed = {dist.name.lower(): dist.version for dist in metadata.distributions() if dist.name}
    required = requirements(root / "requirements.txt")
    # Notebooks run without it here, and it would bring a second server.
    missing = sorted(set(required) - set(installed) - {"jupyter"})
    if not missing:
        return "Packages: all there."
    with tempfile.TemporaryDirectory() as folder:
        keep = Path(folder) / "installed.txt"
        keep.write_text("".join(f"{name}=={version}\n" for name, version in installed.items()), encoding="utf-8")
        wanted = [f"{name}>={required[name]}" if required[name] else name for name in missing]
        done = _python(root, "-m", "pip", "install", "--quiet", "--constraint", str(keep), *wanted)
    if done.returncode:
        return f"Packages: {', '.join(missing)} could not be installed:\n{done.stdout}"
    return f"Packages: installed {', '.join(missing)}."


def _fetch(root: Path, data: Path) -> str:
    """Download CIFAR-10 to the local disk, unless the environment names a folder."""
    if folder := os.environ.get("CIFAR10_DIR"):
        return f"Data: {folder}."
    done = _python(root, "-m", "cs231n.datasets", "--dest", str(data))
    if done.returncode:
        return f"Data: could not be downloaded. Run this cell again later.\n{done.stdout}"
    os.environ["CIFAR10_DIR"] = str(data)
    return f"Data: {data}."


def _build(root: Path) -> str:
    """Build the extension of the fast layers, unless there is one for this Python."""
    if importlib.util.find_spec("cs231n.im2col_cython"):
        return "Fast layers: compiled."
    done = _python(root, "-m", "pip", "install", "--quiet", "--no-deps", "--editable", ".")
    importlib.invalidate_caches()
    if done.returncode or not importlib.util.find_spec("cs231n.im2col_cython"):
        return "Fast layers: could not be compiled, so they use NumPy. Everything works, but takes longer."
    return "Fast layers: compiled."


def _python(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run this Python in the folder of the assignment; both streams are in `stdout`, which a cell can print."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )
