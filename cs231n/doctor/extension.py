"""The compiled extension: a compiler for it, whether it is built and fresh, and whether its numbers are right."""

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from importlib import machinery
from pathlib import Path

from cs231n.doctor.finding import BUILD, good, note, optional
from cs231n.doctor.trial import Ended, try_extension

__all__ = ["findings"]

MODULE = "im2col_cython"
_WITHOUT = "the fast layers still work, with NumPy, and take longer"


def findings(root):
    """Yield findings on the compiler and the extension of a folder; none of them stops work."""
    missing = missing_for_building()
    built = [root / "cs231n" / f"{MODULE}{suffix}" for suffix in machinery.EXTENSION_SUFFIXES]
    built = next((path for path in built if path.is_file()), None)
    if missing is None:
        yield good("a C compiler and the headers of Python")
    elif built:
        yield optional(f"{missing[0]}: not needed, since the extension is built")
    else:
        yield note(f"{missing[0]}: {_WITHOUT}", *missing[1:])
    how = (BUILD,) if missing is None else ("first the compiler, as above, then", BUILD)
    if built is None and not importlib.util.find_spec("cs231n_kernels"):
        yield _not_built(root, how)
        return
    if built and (newer := _newer_sources(root, built)):
        yield note(f"the extension is older than {', '.join(newer)}", *how)
    yield _tried(root, built, how)


def missing_for_building():
    """Return None where an extension can be compiled, else what is missing followed by how to get it."""
    if sys.platform == "win32":
        if _visual_studio() or os.environ.get("VSCMD_VER"):
            return None
        return (
            "no C compiler",
            "install the Build Tools for Visual Studio with their workload for C++ from Microsoft's site",
        )
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()
    if not shutil.which(compiler[0]):
        if sys.platform != "darwin" and shutil.which("clang"):
            return f"the compiler {compiler[0]} was not found, but clang is here", "export CC=clang"
        return f"no C compiler ({compiler[0]} was not found)", *_install("gcc", "xcode-select --install")
    # On macOS cc is there from the beginning, as a door to tools that are not.
    if sys.platform == "darwin" and subprocess.run(["xcode-select", "-p"], capture_output=True).returncode != 0:
        return "no C compiler", "xcode-select --install"
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        version = ".".join(map(str, sys.version_info[:2]))
        return f"the headers of Python {version} (Python.h) are missing", *_install(f"python{version}-dev", None)
    return None


def _install(package, macos):
    """Return how to install a package of Debian and Ubuntu, and of what is not one of these."""
    if sys.platform == "darwin":
        return (macos or "install Python again, from its own site or Homebrew",)
    if shutil.which("apt-get"):
        return (f"sudo apt-get install {package}",)
    if shutil.which("dnf"):
        return (f"sudo dnf install {'python3-devel' if package.endswith('-dev') else package}",)
    return (f"install {package}, as your system installs packages",)


def _visual_studio():
    """Return the folder of Microsoft's C compiler, "" without one."""
    programs = os.environ.get("ProgramFiles(x86)", r"C:\Program Files (x86)")
    vswhere = Path(programs, "Microsoft Visual Studio", "Installer", "vswhere.exe")
    if not vswhere.is_file():
        return ""
    tools = "Microsoft.VisualStudio.Component.VC.Tools.*"
    command = [str(vswhere), "-latest", "-products", "*", "-requires", tools, "-property", "installationPath"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def _not_built(root, how):
    """Return a finding that there is no extension for this Python, perhaps one for another."""
    others = sorted(path.name for path in (root / "cs231n").glob(f"{MODULE}.*") if path.suffix in (".so", ".pyd"))
    what = f"built for another Python ({', '.join(others)})" if others else "not built"
    return note(f"the extension is {what}: {_WITHOUT}", *how)


def _newer_sources(root, built):
    """Return the names of the sources that have changed since the extension was built."""
    package = root / "cs231n"
    sources = [package / f"{MODULE}.pyx", *sorted((package / "kernels").glob("*.[ch]"))]
    return [path.name for path in sources if path.is_file() and path.stat().st_mtime > built.stat().st_mtime]


def _tried(root, built, how):
    """Return a finding on what the extension computes."""
    name = built.name if built else "cs231n_kernels"
    try:
        problem, level = try_extension(root)
    except Ended as error:
        where = "it may have been built on another machine, for another processor"
        return note(f"the extension crashes ({error.args[0]}): {where}", f"build it here: {how[-1]}")
    if problem:
        return note(f"the extension is built, but not right: {problem}", *how)
    return good(f"the extension {name} is built, and its numbers are right; kernels for {level}")
