"""Whether notebooks run in this environment and see this copy of the package."""

from __future__ import annotations

import json
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from cs231n.doctor.finding import INSTALL, Finding, activation, good, note, on_colab, optional, set_variable, stop
from cs231n.shadows import shadows

__all__ = ["findings"]

KERNEL = "python3"  # the kernel that the notebooks name


def findings(root: Path) -> Iterator[Finding]:
    """Yield findings on Jupyter, its kernel, and copies of the package; on Colab, on what Colab needs."""
    if on_colab():
        yield from _colab(root)
    else:
        yield from _kernel()
        yield from _jupyter()
        yield from _copies(root)
    yield from _shadows(root)


def _colab(root: Path) -> Iterator[Finding]:
    yield good("Google Colab: type the commands of this page in a cell, with ! in front where there is no %")
    if not str(root).startswith("/content/drive/"):
        yield note(
            f"Colab deletes {root} when it stops this machine, and your work with it",
            "in a cell: from google.colab import drive; drive.mount('/content/drive')",
            "then move the folder into /content/drive/MyDrive, and go there with %cd",
        )
    data = os.environ.get("CIFAR10_DIR") or str(root / "cs231n" / "datasets")
    if data.startswith("/content/drive/"):
        yield note(
            "the data set would lie on Drive, which is slow to read",
            "python -m cs231n.datasets --dest /content/data",
            set_variable("CIFAR10_DIR", "/content/data"),
        )


def _kernel() -> Iterator[Finding]:
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    except ImportError as error:
        yield optional(f"the kernel of the notebooks: not checked: {error}")
        return
    try:
        spec = KernelSpecManager().get_kernel_spec(KERNEL)
    except NoSuchKernel:
        yield stop(f"Jupyter has no kernel {KERNEL}, which the notebooks name", INSTALL)
        return
    program = spec.argv[0]
    # Jupyter takes its own Python for these names.
    if program in ("python", "python3", f"python3.{sys.version_info[1]}") or _same_folder(program, sys.executable):
        yield good("notebooks run in this environment")
        return
    yield note(
        f"notebooks run with another Python: the kernel {KERNEL} in {spec.resource_dir} starts {program}",
        "in Jupyter choose the kernel of this environment, after",
        "python -m ipykernel install --sys-prefix",
    )


def _same_folder(one: str, other: str) -> bool:
    """Return whether two programs lie in the same folder; links stay links, as an environment's Python is one."""
    one, other = (os.path.normcase(os.path.dirname(os.path.abspath(path))) for path in (one, other))
    return one == other


def _jupyter() -> Iterator[Finding]:
    first = shutil.which("jupyter-lab")
    if first and not _same_folder(first, os.path.join(sysconfig.get_path("scripts"), "jupyter-lab")):
        advice = (
            activation() if sys.prefix != sys.base_prefix else "activate the environment that you installed into"
        )
        yield note(f"`jupyter lab` would start {first}, of another environment", advice)


def _copies(root: Path) -> Iterator[Finding]:
    """Yield a finding on which copy of cs231n is installed: this folder, another, or none."""
    places: dict[Path, bool] = {}
    for distribution in metadata.distributions(name="cs231n"):
        said = distribution.read_text("direct_url.json")
        if said is None:
            continue  # the traces of a build in the folder itself
        origin = json.loads(said)
        place = Path(url2pathname(unquote(urlsplit(origin["url"]).path)))
        places[place] = origin.get("dir_info", {}).get("editable", False)
    here = {place for place in places if place.is_dir() and place.samefile(root)}
    for place, editable in places.items():
        if place not in here:
            yield note(
                f"the environment has cs231n from another folder, {place}; in this folder this copy counts",
                INSTALL,
            )
        elif not editable:
            yield note(
                "the environment has a copy of cs231n that does not follow your changes; here yours counts",
                INSTALL,
            )
        else:
            yield good(f"cs231n is this folder's, {root}")
    if not places:
        yield note("cs231n is not installed in this environment: Python finds it only in this folder", INSTALL)
    if Path("cs231n").is_dir() and not Path("cs231n").samefile(root / "cs231n"):
        yield note(
            f"the folder you are in has another cs231n, and Python imported {root / 'cs231n'}", f"cd {root}"
        )


def _shadows(root: Path) -> Iterator[Finding]:
    """Yield findings on files that hide a module which others import."""
    for name in shadows(str(root)):
        hidden = name.split("/")[0].split(".")[0]
        yield stop(f"{name} in this folder hides the module {hidden}", "give it another name")
