"""Python, its environment, and the packages: there, new enough, the tested versions, and loadable."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from cs231n.doctor.finding import INSTALL, STOP, Finding, activation, good, install, note, on_colab, optional, stop
from cs231n.doctor.trial import try_loading

__all__ = ["extra", "findings", "numbers", "requirements"]

# Packages with compiled code, which cannot be loaded where a library is missing or made for another machine, and a
# module that has such code.
_COMPILED = {"numpy": "numpy", "scipy": "scipy.linalg", "matplotlib": "matplotlib.ft2font", "torch": "torch"}
_NEW_ENVIRONMENT = ("py -3" if os.name == "nt" else "python3") + " -m venv .venv"


def findings(root: Path) -> Iterator[Finding]:
    """Yield findings on Python and the packages that requirements.txt and pyproject.toml of a folder list."""
    python = _python((root / "pyproject.toml").read_text(encoding="utf-8"))
    yield python
    if python.kind == STOP:
        return  # what its packages are does not matter
    yield _environment(root)
    tested = requirements(root / "constraints.txt")
    required = requirements(root / "requirements.txt")
    installed = {name: _version(name) for name in required}
    yield from _compare(required, installed, tested, _is_closed(root))
    yield from _loading(root, [name for name in _COMPILED if installed.get(name)])
    yield _extra(root, "pdf", "assignment.pdf", "submit makes assignment.html instead")
    yield _extra(root, "tensorflow", "TensorFlow.ipynb", "PyTorch.ipynb does not need it")


def numbers(version: str) -> tuple[int, ...]:
    """Return a version as numbers to compare, "2.13.0+cpu" -> (2, 13, 0)."""
    leading = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, leading.group().split("."))) if leading else ()


def requirements(path: Path) -> dict[str, str]:
    """Return what a file of requirements lists, name -> version after >= or ==, "" without."""
    return _versions(path.read_text(encoding="utf-8").splitlines())


def extra(root: Path, name: str) -> dict[str, str]:
    """Return what an extra of pyproject.toml lists, name -> version after >=, "" without."""
    import tomllib  # not there where Python is too old, which findings() says

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return _versions(project.get("optional-dependencies", {}).get(name, ()))


def _versions(lines: Iterable[str]) -> dict[str, str]:
    found = {}
    for line in lines:
        match = re.match(r"([A-Za-z][\w.-]*)\s*(?:[>=]=\s*([\d.]+))?", line)
        if match:
            found[match[1].lower()] = match[2] or ""
    return found


def _version(name: str) -> str | None:
    """Return the installed version of a package, None if it is missing."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _python(project: str) -> Finding:
    """Return a finding on the version of Python, which pyproject.toml bounds from below and lists as tested."""
    version, name = sys.version_info[:2], f"Python {platform.python_version()}"
    least = numbers(re.findall(r'requires-python = ">=([\d.]+)"', project)[0])
    tested = [numbers(found) for found in re.findall(r"Python :: (3\.\d+)", project)]
    if version < least:
        wanted = ".".join(map(str, least))
        return stop(
            f"{name} is too old, expected {wanted} or later",
            f"install Python {wanted} or later, delete the folder .venv if there is one, and start again at "
            "Install in README.md",
        )
    if sys.maxsize < 2**32:
        return stop(f"{name} is a 32-bit build, for which PyTorch does not exist", "install the 64-bit build")
    if tested and version > max(tested):
        newest = ".".join(map(str, max(tested)))
        return note(
            f"{name} was not tested, {newest} is the newest that was", f"if packages are missing: use {newest}"
        )
    return good(f"{name}, {sys.executable}")


def _is_closed(root: Path) -> bool:
    """Return whether a folder has an environment .venv, and this Python is not the one in it."""
    own = root / ".venv"
    return own.is_dir() and Path(sys.prefix).resolve() != own.resolve()


def _environment(root: Path) -> Finding:
    """Return a finding on the virtual environment that this Python belongs to."""
    if on_colab():
        return good("Colab's own Python, which needs no environment")
    if _is_closed(root):
        return note("this is not the Python of the environment .venv in this folder", activation())
    if (root / ".venv").is_dir():
        return good("the environment .venv of this folder")
    if sys.prefix != sys.base_prefix or os.environ.get("CONDA_PREFIX"):
        return good(f"the environment {sys.prefix}")
    return note(
        "no environment: packages that you install are for every program that uses this Python",
        _NEW_ENVIRONMENT,
        activation(),
    )


def _compare(
    required: dict[str, str], installed: dict[str, str | None], tested: dict[str, str], is_closed: bool = False
) -> Iterator[Finding]:
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
    for what, names in (("missing", missing), ("too old", old)):
        if names:
            command = install([f'"{name.split()[0]}>={required[name.split()[0]]}"' for name in names])
            how = [f"where they are installed: {activation()}", f"else: {command}"] if is_closed else [command]
            yield stop(f"{what}: {', '.join(names)}", *how)
    if other and on_colab():
        yield good(f"Colab's versions, not the tested ones: {', '.join(other)}")
    elif other:
        yield note(f"not the tested versions: {', '.join(other)}", f"if something fails: {INSTALL}")
    if same:
        yield good(f"the tested versions: {', '.join(same)}")


def _loading(root: Path, names: Iterable[str]) -> Iterator[Finding]:
    """Yield findings on packages that are there and cannot be loaded."""
    for name, problem in try_loading(root, {name: _COMPILED[name] for name in names}).items():
        # What Windows says where a library is missing that torch is built with.
        library = ["or install the Microsoft Visual C++ Redistributable"] if "DLL" in problem else []
        again = f"python -m pip install --force-reinstall --no-deps -c constraints.txt {name}"
        yield stop(f"{name} is installed, but cannot be loaded: {problem}", again, *library)


def _extra(root: Path, extra_name: str, purpose: str, without: str) -> Finding:
    """Return a finding on packages that not everybody needs."""
    names = list(extra(root, extra_name))
    # Of tensorflow and tensorflow-cpu one is enough: which of them depends on the platform.
    found = {name: _version(name) for name in names}
    missing = [name for name in names if not found[name]]
    if {"tensorflow", "tensorflow-cpu"} & {name for name in names if found[name]}:
        missing = [name for name in missing if not name.startswith("tensorflow")]
    if missing:
        names = list(dict.fromkeys(name.replace("-cpu", "") for name in missing))
        wanted = f"not installed, for {purpose}: {' and '.join(names)}; {without}"
        return optional(wanted, f"to install it: {install(names, extra_name)}")
    return good(f"for {purpose}: {', '.join(f'{name} {version}' for name, version in found.items() if version)}")
