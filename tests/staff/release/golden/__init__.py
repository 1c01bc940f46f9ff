"""Golden copies of what a release looks like; `python -m tests.staff.release.golden` writes them anew.

A difference is shown by the tests of the release, and by git once the copies are written: read it, then commit it.
"""

import json
from pathlib import Path

from cs231n.submit.blanks import ANSWER_TAG, blanks
from staff import ROOT
from staff.release.build import build
from staff.release.rubric import PATH, BlockOwners
from tests.staff.release.leaks import leaks

FOLDER = Path(__file__).parent


def expected():
    """Return name -> text of the golden copies of a new release."""
    release = build()
    modules = sorted(name for name in BlockOwners(ROOT / PATH).files() if name.endswith(".py"))
    golden = {f"{Path(name).name}.txt": release[name].decode() for name in modules}
    golden["listing.txt"] = "".join(f"{name}\n" for name in release)
    golden["notebooks.txt"] = "".join(_blank_cells(release))
    golden["excused.txt"] = "".join(f"{line}   <- {', '.join(names)}\n" for line, names in leaks(release).items())
    return golden


def _blank_cells(release):
    """The cells of the released notebooks that a student writes in."""
    for name in (name for name in release if name.endswith(".ipynb")):
        for cell in json.loads(release[name])["cells"]:
            source = "".join(cell["source"])
            if blanks(source) or ANSWER_TAG in cell["metadata"].get("tags", []):
                yield f"--- {name}, {cell['cell_type']} cell {cell['id']}\n{source}\n\n"
