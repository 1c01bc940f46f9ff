"""Python, its environment, and the packages: there, new enough, the tested versions, and loadable."""

import os
import platform
import re
import sys
from importlib import metadata
from pathlib import Path

from cs231n.doctor.finding import INSTALL, STOP, activation, good, note, optional, stop
from cs231n.doctor.trial import try_loading

__all__ = ["extra", "findings", "numbers", "requirements"]

# Packages with compiled code, which cannot be loaded where a library is missing or made for another machine, and a
# module that has such code.
_COMPILED = {"numpy": "numpy", "scipy": "scipy.linalg", "matplotlib": "matplotlib.ft2font", "torch": "torch"}
_NEW_ENVIRONMENT = ("py -3" if os.name == "nt" else "python3") + " -m venv .venv"


def findings(root):
    """Yield findings on Python and the packages that requirements.txt and pyproject.toml of a folder list."""
    python = _python((root / "pyproject.toml").read_text(encoding="utf-8"))
    yield python
    if python.kind == STOP:
        return  # what its packages are does not matter
    yield _environment(root)
    tested = requirements(root / "constraints.txt")
    required = requirements(root / "requirements.txt")
    installed = {name: _version(name) for name in required}
    how = (f"where they are installed: {activation()}", f"else: {INSTALL}") if _is_closed(root) else (INSTALL,)
    yield from _compare(required, installed, tested, how)
    yield from _loading(root, [name for name in _COMPILED if installed.get(name)])
    yield _extra(root, "pdf", "assignment.pdf", "submit makes assignment.html in its place")
    yield _extra(root, "tensorflow", "TensorFlow.ipynb", "PyTorch.ipynb does without")


def numbers(version):
    """Return a version as numbers to compare, "2.13.0+cpu" -> (2, 13, 0)."""
    return tuple(map(int, re.match(r"[\d.]*\d|", version).group().split(".") if version[:1].isdigit() else ()))


def requirements(path):
    """Return what a file of requirements lists, name -> version after >= or ==, "" without."""
    return _versions(path.read_text(encoding="utf-8").splitlines())


def extra(root, name):
    """Return what an extra of pyproject.toml lists, name -> version after >=, "" without."""
    import tomllib  # not there where Python is too old, which findings() says

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return _versions(project.get("optional-dependencies", {}).get(name, ()))


def _versions(lines):
    found = {}
    for line in lines:
        match = re.match(r"([A-Za-z][\w.-]*)\s*(?:[>=]=\s*([\d.]+))?", line)
        if match:
            found[match[1].lower()] = match[2] or ""
    return found


def _version(name):
    """Return the installed version of a package, None if it is missing."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _python(project):
    """Return a finding on the version of Python, which pyproject.toml bounds from below and lists as tested."""
    version, name = sys.version_info[:2], f"Python {platform.python_version()}"
    least = numbers(re.search(r'requires-python = ">=([\d.]+)"', project)[1])
    tested = [numbers(found) for found in re.findall(r"Python :: (3\.\d+)", project)]
    if version < least:
        wanted = ".".join(map(str, least))
        return stop(
            f"{name} is too old, expected {wanted} or later",
            f"install Python {wanted} or later, remove the folder .venv if there is one, and begin at Install in "
            "README.md",
        )
    if sys.maxsize < 2**32:
        return stop(f"{name} is a 32-bit build, for which PyTorch does not exist", "install the 64-bit build")
    if tested and version > max(tested):
        newest = ".".join(map(str, max(tested)))
        return note(
            f"{name} is newer than the newest that was tested, {newest}", "if packages are missing, take that"
        )
    return good(f"{name}, {sys.executable}")


def _is_closed(root):
    """Return whether a folder has an environment .venv, and this Python is not the one in it."""
    own = root / ".venv"
    return own.is_dir() and Path(sys.prefix).resolve() != own.resolve()


def _environment(root):
    """Return a finding on the virtual environment that this Python belongs to."""
    if _is_closed(root):
        return note("this is not the Python of the environment .venv, which lies in this folder", activation())
    if (root / ".venv").is_dir():
        return good("the environment .venv of this folder")
    if sys.prefix != sys.base_prefix or os.environ.get("CONDA_PREFIX"):
        return good(f"the environment {sys.prefix}")
    return note(
        "no environment: what is installed goes to all that uses this Python", _NEW_ENVIRONMENT, activation()
    )


def _compare(required, installed, tested, how):
    """Yield findings on what is missing, too old, or of another version than the tests passed with."""
    missing = [name for name, version in installed.items() if version is None]
    old, other, same = [], [], []
    for name, version in installed.items():
        if version and numbers(version) < numbers(required[name]):
            old.append(f"{name} {version} (expected {required[name]} or later)")
        elif version and name in tested and numbers(version) != numbers(tested[name]):
            other.append(f"{name} {version} (tested: {tested[name]})")
        elif version:
            same.append(f"{name} {version}")
    if missing:
        yield stop(f"missing: {', '.join(missing)}", *how)
    if old:
        yield stop(f"too old: {', '.join(old)}", *how)
    if other:
        yield note(f"not the tested versions: {', '.join(other)}", f"if something fails: {INSTALL}")
    if same:
        yield good(f"the tested versions: {', '.join(same)}")


def _loading(root, names):
    """Yield findings on packages that are there and cannot be loaded."""
    for name, problem in try_loading(root, {name: _COMPILED[name] for name in names}).items():
        # What Windows says where a library is missing that torch is built with.
        library = ["or install the Microsoft Visual C++ Redistributable"] if "DLL" in problem else []
        again = f"python -m pip install --force-reinstall --no-deps -c constraints.txt {name}"
        yield stop(f"{name} is installed, but cannot be loaded: {problem}", again, *library)


def _extra(root, extra_name, purpose, without):
    """Return a finding on packages that not everybody needs."""
    names = list(extra(root, extra_name))
    # Of tensorflow and tensorflow-cpu one is enough: which of them depends on the platform.
    found = {name: _version(name) for name in names}
    missing = [name for name in names if not found[name]]
    if {"tensorflow", "tensorflow-cpu"} & {name for name in names if found[name]}:
        missing = [name for name in missing if not name.startswith("tensorflow")]
    if missing:
        wanted = f"for {purpose}: {' and '.join(dict.fromkeys(n.replace('-cpu', '') for n in missing))}"
        command = f'python -m pip install -c constraints.txt -e ".[{extra_name}]"'
        return optional(f"not installed, {wanted}; {without}", f"to have it: {command}")
    return good(f"for {purpose}: {', '.join(f'{name} {version}' for name, version in found.items() if version)}")
