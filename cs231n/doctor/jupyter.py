"""Whether notebooks run in this environment and see this copy of the package."""

import json
import os
import shutil
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from cs231n.doctor.finding import INSTALL, activation, good, note, optional, stop
from cs231n.doctor.packages import requirements

__all__ = ["findings"]

KERNEL = "python3"  # the kernel that the notebooks name


def findings(root):
    """Yield findings on Jupyter, its kernel, and copies of the package."""
    yield from _kernel()
    yield from _jupyter()
    yield from _copies(root)
    yield from _shadows(root)


def _kernel():
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    except ImportError as error:
        yield optional(f"the kernel of the notebooks: not looked at, since {error}")
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


def _same_folder(one, other):
    """Return whether two programs lie in the same folder; links stay links, as an environment's Python is one."""
    one, other = (os.path.normcase(os.path.dirname(os.path.abspath(path))) for path in (one, other))
    return one == other


def _jupyter():
    first = shutil.which("jupyter-lab")
    if first and not _same_folder(first, os.path.join(sysconfig.get_path("scripts"), "jupyter-lab")):
        advice = (
            activation() if sys.prefix != sys.base_prefix else "activate the environment that you installed into"
        )
        yield note(f"`jupyter lab` would start {first}, of another environment", advice)


def _copies(root):
    """Yield a finding on which copy of cs231n is installed: this folder, another, or none."""
    places = {}
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
                f"the environment has cs231n from another folder, {place}; in here this copy counts", INSTALL
            )
        elif not editable:
            yield note(
                "the environment has a copy of cs231n that does not follow your changes; in here your files count",
                INSTALL,
            )
        else:
            yield good(f"cs231n is this folder's, {root}")
    if not places:
        yield note("cs231n is not installed in this environment: it is found in this folder alone", INSTALL)
    if Path("cs231n").is_dir() and not Path("cs231n").samefile(root / "cs231n"):
        yield note(
            f"the folder you are in has a cs231n of its own, and Python took {root / 'cs231n'}", f"cd {root}"
        )


def _shadows(root):
    """Yield findings on files that hide a module or package which others import."""
    known = {*getattr(sys, "stdlib_module_names", ()), *requirements(root / "requirements.txt")}
    for path in sorted(root.glob("*.py")):
        if path.stem in known:
            yield stop(f"{path.name} in this folder hides the module {path.stem}", "give the file another name")
