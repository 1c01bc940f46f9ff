"""Right solutions that look different, in the grader's sandbox: all points, as in this process."""

import pytest

from cs231n.checks.session import Session
from staff.grade.sandbox.sandbox import Sandbox
from tests.checks.alternatives import ALTERNATIVES
from tests.checks.subjects import ROOT
from tests.staff.grade.sandboxes import need_bubblewrap, solved

pytestmark = pytest.mark.slow

# The alternatives as a submission's own module, with our solution beside it under another name. In there, a module
# that is replaced is its functions, and one with rewritten lines is those lines.
HELPER = (
    (ROOT / "tests/checks/alternatives.py")
    .read_text(encoding="utf-8")
    .replace("from cs231n import layers, optim", "from cs231n import our_layers as layers, our_optim as optim")
    .replace(
        "from tests.checks.subjects import replaced, rewritten",
        "replaced = lambda module, **functions: functions\nrewritten = lambda module, *edits: edits",
    )
)
FILES = {"layers": "layers", "optim": "optim", "fc_net": "classifiers/fc_net", "cnn": "classifiers/cnn"}


def submission(name):
    """Return the files of the solved package with an alternative in it."""
    files = solved()
    for module in ("layers", "optim"):
        files[f"cs231n/our_{module}.py"] = files[f"cs231n/{module}.py"]
    files["cs231n/alternatives.py"] = HELPER.encode()
    namespace = {"__name__": "alternatives"}
    exec(HELPER.replace("our_layers as ", "").replace("our_optim as ", ""), namespace)
    for module, change in namespace["ALTERNATIVES"][name][1]().items():
        path = f"cs231n/{FILES[module]}.py"
        if isinstance(change, tuple):
            for old, new in change:
                assert files[path].count(old.encode()) == 1
                files[path] = files[path].replace(old.encode(), new.encode())
        else:
            files[path] += f"""
from cs231n.alternatives import ALTERNATIVES as _OTHERS
globals().update(_OTHERS[{name!r}][1]()[{module!r}])
""".encode()
    return files


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_another_right_solution_earns_its_points_in_the_sandbox(name):
    need_bubblewrap()
    with Sandbox(submission(name)) as sandbox:
        session = Session(sandbox.transport())
        for exercise in ALTERNATIVES[name][0]:
            outcome = session.outcome(exercise)
            assert outcome.verdict == "passed", outcome.missed[0]
