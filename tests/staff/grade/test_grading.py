"""One submission, from the archive to its record."""

import dataclasses
import json
import pickle
import sys

import pytest

from cs231n.checks import registry, verdicts
from cs231n.checks.registry import Check
from cs231n.checks.rubric import load_rubric
from cs231n.checks.verdicts import Verdict
from staff import ROOT
from staff.grade import grading, hidden
from staff.grade.grading import Setup, broken, checks_digest, grade
from staff.grade.intake.exports import Submission
from staff.grade.points.course import Course
from staff.grade.points.gradebook import row
from staff.grade.record import CheckRecord, ExerciseRecord, Record, dump
from staff.grade.sandbox.users import SandboxError
from tests.staff.grade.conftest import SECRET, write_folder, write_zip

EXERCISES = load_rubric().exercises
AUTOMATIC = sum(one.points for one in EXERCISES.values())
# Of each module and kind one, for what is the same with all of them.
FEW = ("affine_forward", "relu_forward", "adam", "fully_connected_net", "dropout_forward", "three_layer_conv_net")
LAYERS = "cs231n/layers.py"


@pytest.fixture(scope="module")
def setup(release):
    return Setup(SECRET, release, "checks")


@pytest.fixture(scope="module")
def few(setup):
    """A setup that grades a few exercises alone, none of them in a notebook."""
    return dataclasses.replace(setup, exercises=FEW)


def submission(path, **more):
    return Submission(path, path.stem, path.stem, **more)


def results(record):
    """Return what a record says of the exercises, without times."""
    return [dataclasses.replace(one, seconds=0) for one in record.exercises if one.question != "Q5"]


@pytest.fixture(scope="module")
def full(setup, solved, made_once):
    """The result of the solved source with one notebook of Q5, and the path of its archive."""

    def make(folder):
        files = {name: data for name, data in solved.items() if name != "TensorFlow.ipynb"}
        path = write_zip(folder / "solved.zip", files)
        path.with_suffix(".pickle").write_bytes(pickle.dumps(grade(submission(path), setup)))
        return path

    path = made_once("graded", make)
    return pickle.loads(path.with_suffix(".pickle").read_bytes()), path


def test_the_solved_source_earns_all_points(full):
    graded, _ = full
    assert graded.record.earned == AUTOMATIC
    assert graded.record.problems == () and graded.log == () and not graded.kept
    assert [one.name for one in graded.record.exercises] == list(EXERCISES)


def test_the_unmodified_release_earns_none(setup, blank, tmp_path):
    graded = grade(submission(write_folder(tmp_path / "blank", blank)), setup)
    assert graded.record.earned == 0
    local = [one for one in graded.record.exercises if not EXERCISES[one.name].in_notebook]
    assert {one.verdict for one in local} == {"not_implemented", "blocked"}
    assert graded.record.problems == ()


def test_the_same_code_scores_the_same_wherever_it_comes_from(few, solved, tmp_path):
    graded = grade(submission(write_zip(tmp_path / "solved.zip", solved)), few)
    windows = {name: data.replace(b"\n", b"\r\n") for name, data in solved.items() if name.endswith(".py")}
    moved = {f"a2/{name}": data for name, data in (solved | windows).items()}
    again = grade(submission(write_folder(tmp_path / "again", moved)), few)
    assert again.record.code == graded.record.code
    assert again.record.digest != graded.record.digest
    assert {one.name for one in results(again.record)} == set(FEW)
    assert results(again.record) == results(graded.record)


def test_what_is_no_archive_is_graded_as_nothing(few, tmp_path):
    (tmp_path / "a2.zip").write_bytes(b"nonsense")
    graded = grade(submission(tmp_path / "a2.zip", problems=("an export's problem",)), few)
    assert graded.record.earned == 0
    assert graded.record.problems[0] == "an export's problem"
    assert graded.record.problems[1].startswith("not a zip archive")


def test_one_broken_module_leaves_the_others_their_points(few, solved, tmp_path):
    rules = {name for name, one in EXERCISES.items() if one.module == "cs231n.optim"}
    few = dataclasses.replace(few, exercises=(*FEW, *sorted(rules - set(FEW))))
    broken_optim = solved | {"cs231n/optim.py": b"def adam(:\n"}
    record = grade(submission(write_folder(tmp_path / "a2", broken_optim)), few).record
    lost = {one.name: one for one in record.exercises if one.earned < one.points}
    assert set(lost) == rules
    assert {one.verdict for one in lost.values()} == {"import_error"}
    assert lost["adam"].message == Verdict.IMPORT_ERROR.meaning
    assert "SyntaxError" in lost["adam"].checks[0].message


def test_a_notebook_that_cannot_be_read_costs_no_automatic_points(few, solved, tmp_path):
    files = {name: data for name, data in solved.items() if name.endswith((".py", "PyTorch.ipynb"))}
    files["Dropout.ipynb"] = b"{"
    record = grade(submission(write_folder(tmp_path / "a2", files)), few).record
    assert record.earned == sum(EXERCISES[name].points for name in FEW)
    assert record.problems[0].startswith("Dropout.ipynb: cannot be read: not JSON")


# --- going on -------------------------------------------------------------------------------------------------


def test_an_earlier_record_of_the_same_is_kept(full, setup):
    graded, path = full
    again = grade(submission(path), setup, graded.record)
    assert again.kept and again.record == graded.record


def test_a_kept_record_gets_the_name_and_time_that_hold_now(full, setup):
    graded, path = full
    moved = Submission(path, "other", "Ada", "2026-10-02T00:00:00+00:00")
    again = grade(moved, setup, graded.record)
    assert again.kept
    assert (again.record.name, again.record.student, again.record.submitted) == ("other", "Ada", moved.submitted)


@pytest.mark.parametrize("change", ["secret", "checks", "scheme", "digest", "code", "isolation", "broken"])
def test_an_earlier_record_of_anything_else_is_not_kept(full, setup, monkeypatch, change):
    graded, path = full
    earlier = graded.record
    if change in ("secret", "checks"):
        setup = dataclasses.replace(setup, **{change: SECRET + b"2" if change == "secret" else "others"})
    elif change == "broken":
        first = dataclasses.replace(earlier.exercises[0], verdict="grader_error")
        earlier = dataclasses.replace(earlier, exercises=(first, *earlier.exercises[1:]))
    else:
        earlier = dataclasses.replace(earlier, **{change: "others"})
    monkeypatch.setattr(grading.Judge, "record", lambda self, one: graded.record.exercises[0])
    monkeypatch.setattr(grading, "grade_q5", lambda *args: ([], []))
    assert not grade(submission(path), setup, earlier).kept


def test_what_took_too_long_is_graded_again_where_there_is_more_time(full):
    record = full[0].record
    first = dataclasses.replace(record.exercises[0], verdict="timeout")
    late = dataclasses.replace(record, exercises=(first, *record.exercises[1:]))
    for earlier, limit, kept in ((record, 9.0, True), (late, record.limit, True), (late, 9.0, False)):
        setup = Setup(SECRET, {}, "checks")
        assert grading._still_holds(earlier, dataclasses.replace(record, limit=limit), setup) is kept


# --- what else decides ----------------------------------------------------------------------------------------


def test_hidden_checks_count_as_every_other(few, solved, tmp_path, monkeypatch):
    def impossible(subject, rng):
        raise verdicts.Failure(verdicts.Message("x has other values"))

    one = registry.Check("relu_forward", "impossible", "relu is not relu", "", impossible)

    def load_hidden():
        monkeypatch.setitem(registry._REGISTRY, "relu_forward", [*registry.checks_of("relu_forward"), one])

    monkeypatch.setattr(hidden, "load_hidden_checks", load_hidden)
    record = grade(submission(write_folder(tmp_path / "a2", solved)), few).record
    assert {one.name for one in record.exercises if one.earned < one.points} == {"relu_forward"}


def test_the_folder_of_hidden_checks_is_imported(tmp_path, monkeypatch):
    (tmp_path / "late.py").write_text("LOADED = True\n")
    monkeypatch.setattr(hidden, "__path__", [str(tmp_path)])
    hidden.load_hidden_checks()
    assert sys.modules.pop("staff.grade.hidden.late").LOADED


def test_the_digest_of_the_checks_follows_checks_rubric_solution_and_hidden_checks(tmp_path):
    files = {"cs231n/checks/rubric.toml": b"1", "cs231n/checks/engine.py": b"2", "cs231n/layers.py": b"3"}
    files |= {"staff/grade/hidden/mine.py": b"4"}
    root = write_folder(tmp_path, files)
    seen = {checks_digest(root)}
    (root / "cs231n/layers.py").write_bytes(b"3  # with a comment\n")
    seen.add(checks_digest(root))
    assert len(seen) == 1
    for name in files:
        (root / name).write_bytes(b"changed")
        seen.add(checks_digest(root))
    (root / "README.md").write_bytes(b"no check")
    seen.add(checks_digest(root))
    assert len(seen) == 1 + len(files)
    assert checks_digest(ROOT) == checks_digest(ROOT)


def test_some_exercises_can_be_graded_alone_and_records_of_others_are_not_kept(full, setup):
    graded, path = full
    some = dataclasses.replace(setup, exercises=("adam", "relu_forward"))
    again = grade(submission(path), some, graded.record)
    assert not again.kept
    assert [(one.name, one.verdict) for one in again.record.exercises] == [
        ("relu_forward", "passed"),
        ("adam", "passed"),
    ]


# --- what a record holds --------------------------------------------------------------------------------------


def test_a_record_holds_nothing_of_the_secret(full):
    graded, _ = full
    assert SECRET.decode() not in dump(graded.record)
    assert SECRET.hex() not in dump(graded.record)
    json.loads(dump(graded.record))


def test_where_the_grader_breaks_nothing_is_decided(setup, tmp_path):
    graded = broken(submission(tmp_path / "a2.zip"), setup, "Traceback")
    assert {one.verdict for one in graded.record.exercises} == {"grader_error"}
    assert graded.log == ("Traceback",)
    assert "Traceback" not in dump(graded.record)
    assert len(graded.record.manual) == len(load_rubric().manual)


def test_where_the_grader_breaks_at_a_notebook_only_its_exercises_are_undecided(
    setup, solved, tmp_path, monkeypatch
):
    def no_sandbox(*args, **kwargs):
        raise SandboxError("the sandbox does not start: out of descriptors")

    monkeypatch.setattr("staff.grade.judge.q5.Sandbox", no_sandbox)
    last = tuple(one.name for one in EXERCISES.values() if one.question in ("Q4", "Q5"))
    setup = dataclasses.replace(setup, exercises=last)
    graded = grade(submission(write_folder(tmp_path / "a2", solved)), setup)
    assert {one.verdict for one in results(graded.record)} == {"passed"}
    in_notebook = [one for one in graded.record.exercises if one.question == "Q5"]
    assert {(one.verdict, one.earned) for one in in_notebook} == {("grader_error", 0)}
    assert len(graded.log) == 1 and "SandboxError" in graded.log[0]
    line = row(Course().shared(graded.record))
    assert (line["total"], line["Q5"], line["Q4"]) == (None, None, 30)


# --- no cascade, through the sandbox --------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["batchnorm", "syntax"])
def test_a_broken_layer_costs_the_exercises_built_on_it_nothing(few, solved, tmp_path, module):
    source = solved[LAYERS]
    if module == "batchnorm":
        first = b"def batchnorm_forward(x, gamma, beta, bn_param):\n"
        assert source.count(first) == 1
        source = source.replace(
            first, first + b"    return 2 * x, None\n\n\ndef gone(x, gamma, beta, bn_param):\n"
        )
    else:
        source = b"def (\n" + source
    composites = [name for name in EXERCISES if name.endswith("net") or name.startswith("fully_connected_net")]
    composites = [name for name in composites if not EXERCISES[name].in_notebook]
    if module == "batchnorm":
        composites.append("spatial_batchnorm_forward")
    few = dataclasses.replace(few, exercises=tuple(composites))
    record = grade(submission(write_folder(tmp_path / "a2", solved | {LAYERS: source})), few).record
    composites = {one.name: one for one in record.exercises}
    assert {name: one.verdict for name, one in composites.items()} == dict.fromkeys(composites, "passed")
    assert "batchnorm_forward" in composites["fully_connected_net_batchnorm"].trusted


def test_other_versions_of_python_and_numpy_give_another_digest(tmp_path, monkeypatch):
    before = checks_digest(tmp_path)
    monkeypatch.setattr("numpy.__version__", "1.0")
    after = checks_digest(tmp_path)
    monkeypatch.setattr("platform.python_version", lambda: "2.7")
    assert len({before, after, checks_digest(tmp_path)}) == 3


def test_hidden_checks_show_their_line_and_nothing_else(monkeypatch):
    def secret(subject, rng):
        """large batches work"""

    secret.__module__ = "staff.grade.hidden.mine"
    check = Check("adam", "secret", "large batches work", "", secret)
    monkeypatch.setattr(hidden, "checks_of", lambda name: [check])
    checks = (CheckRecord("adam.secret", "large batches work", "failed", "expected 1234"),)
    one = ExerciseRecord("adam", "Q1", 1, 0, "failed", "large batches work: expected 1234", checks=checks)
    record = Record("a2", "a2", "", "", "", "", "", None, "", exercises=(one,))
    [shown] = hidden.without_details(record).exercises
    assert (shown.message, shown.checks[0].message, shown.checks[0].hidden) == ("large batches work", "", True)
