"""A release that was handed out before the given lines changed: what students write in it is judged as ever.

`handed_out.zip` holds the modules of such a release, blank and solved, with their blanks and given lines of then.
"""

import sys
import types
import zipfile
from pathlib import Path

import pytest

from cs231n.checks.rubric import load_rubric
from cs231n.checks.session import Session
from staff import ROOT
from staff.misconceptions.subject import source_of, transport

ARCHIVE = Path(__file__).with_name("handed_out.zip")
MODULES = ("layers", "optim", "classifiers.fc_net", "classifiers.cnn")
EXERCISES = [name for name, one in load_rubric().exercises.items() if not one.in_notebook]


def handed_out(kind):
    """Return name -> text of the modules, 'blank' or 'solved'."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        paths = {name: f"{kind}/cs231n/{name.replace('.', '/')}.py" for name in MODULES}
        return {name: archive.read(path).decode("utf-8") for name, path in paths.items()}


@pytest.fixture(scope="module", params=["blank", "solved"])
def submission(request):
    """Return a Session with the old modules, which import one another and today's given modules."""
    with pytest.MonkeyPatch.context() as patch:
        modules = {}
        old = handed_out(request.param)
        for name in ("layers", "optim", "layer_utils", "classifiers.fc_net", "classifiers.cnn"):
            text = old.get(name) or source_of(name)
            modules[name] = types.ModuleType(f"cs231n.{name}")
            modules[name].__file__ = str(ROOT / f"cs231n/{name.replace('.', '/')}.py")
            patch.setitem(sys.modules, f"cs231n.{name}", modules[name])
            exec(compile(text, modules[name].__file__, "exec"), modules[name].__dict__)
    return request.param, Session(transport(modules), diagnose=False)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_old_blanks_and_given_lines_are_judged_like_new_ones(submission, exercise):
    kind, session = submission
    expected = {"solved": {"passed"}, "blank": {"not_implemented", "blocked"}}[kind]
    assert session.outcome(exercise).verdict in expected


def test_the_archive_is_of_a_release_without_todays_given_lines():
    assert "_results" not in handed_out("solved")["layers"] and "dout @ w.T" in handed_out("blank")["layers"]
