"""Right solutions as strangers write them, in the sandbox: the points and missed details that field.py says."""

import functools

import pytest

from cs231n.checks.rubric import load_rubric
from staff.grade.judge import seeds
from staff.grade.judge.budget import Budget
from staff.grade.judge.judge import Judge
from staff.grade.sandbox.reference import Reference
from staff.grade.sandbox.sandbox import Sandbox
from tests.checks import field_layers, field_nets, subjects  # noqa: F401 - the first two register what they hold
from tests.checks.field import FIELD
from tests.staff.grade.sandboxes import need_bubblewrap, solved

EXERCISES = load_rubric().exercises
generator = functools.partial(seeds.secret_generator, b"a secret of this test", "code")

STUB = """
class subjects:
    place = staticmethod(lambda exercise: ("", None))
    replaced = staticmethod(lambda module, **functions: functions)
"""


def helper(name, *edits):
    """Return a module of tests/checks as a module that a student hands in."""
    text = (subjects.ROOT / "tests" / "checks" / f"{name}.py").read_text(encoding="utf-8")
    for old, new in (
        ("from tests.checks import subjects\n", STUB),
        ("tests.checks.field", "cs231n.field"),
        *edits,
    ):
        text = text.replace(old, new)
    return text.encode()


def submission(names):
    """Return the files of the solved package with several solutions in it, of which no two are of one exercise."""
    ours = ("from cs231n import layers", "from cs231n import our_layers as layers")
    files = solved()
    files["cs231n/our_layers.py"] = files["cs231n/layers.py"]
    files |= {f"cs231n/{name}.py": helper(name, ours) for name in ("field", "field_layers")}
    files["cs231n/field_nets.py"] = helper("field_nets")
    for name in names:
        module, _ = subjects.place(FIELD[name].exercises[0])
        nets = "field_nets" if module.startswith("classifiers") else "field_layers"
        files[f"cs231n/{module.replace('.', '/')}.py"] += f"""
import cs231n.{nets}
from cs231n.field import FIELD as _FIELD
[_functions] = _FIELD[{name!r}].make().values()
globals().update(_functions)
""".encode()
    return files


def groups():
    """Return lists of names, as few as there can be where each exercise stands once in each."""
    found = []
    for name, one in FIELD.items():
        for group in found:
            if not {exercise for other in group for exercise in FIELD[other].exercises} & {*one.exercises}:
                group.append(name)
                break
        else:
            found.append([name])
    return found


QUICK = 2  # groups that every run of the tests looks at


@pytest.mark.parametrize(
    "names", [pytest.param(names, marks=[pytest.mark.slow] * (k >= QUICK)) for k, names in enumerate(groups())]
)
def test_right_solutions_earn_in_the_sandbox_what_they_earn_in_this_process(names):
    need_bubblewrap()
    with Reference() as reference, Sandbox(submission(names), reference=reference) as sandbox:
        judge = Judge(sandbox, generator, Budget(300), reference=reference)
        for name in names:
            for exercise in map(EXERCISES.get, FIELD[name].exercises):
                record = judge.record(exercise)
                missed = {check.id.split(".")[1] for check in record.checks if check.verdict != "passed"}
                assert missed <= {*FIELD[name].misses}, (name, record)
                assert record.earned >= FIELD[name].share * exercise.points - 0.05, (name, record)
