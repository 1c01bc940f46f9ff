"""What a human reads and the points that come back."""

import pytest

from cs231n.checks.rubric import load_rubric
from staff.grade.intake.cells import Notebooks
from staff.grade.points.manual import codes, items, with_points
from staff.grade.points.readings import Points
from staff.grade.record import ExerciseRecord, ManualRecord, PartRecord, Record
from tests.staff.grade.intake.test_cells import cell, notebook

Q1 = "Q1 inline questions"


def text(item):
    """Return what there is to read for an item."""
    return "\n".join(part.text for part in item.parts)


# --- what there is to read ------------------------------------------------------------------------------------


def test_every_item_of_the_rubric_is_listed_and_pending(solved, release):
    found = items(Notebooks(solved), Notebooks(release))
    assert [item.name for item in found] == list(load_rubric().manual)
    assert {item.earned for item in found} == {None}
    assert sum(item.points for item in found) == 14
    texts = {item.name: text(item) for item in found}
    assert "**Answer.**" in texts[Q1]
    assert "Solver(" in texts["Q1 training"]
    assert not any("[no " in text for text in texts.values())


def test_notebooks_that_are_missing_or_broken_are_named_in_the_text(solved, release):
    files = {name: data for name, data in solved.items() if name != "FullyConnectedNets.ipynb"}
    notebooks = Notebooks(files | {"Dropout.ipynb": b"{"})
    found = {item.name: text(item) for item in items(notebooks, Notebooks(release))}
    assert set(found[Q1].splitlines()) == {"[no FullyConnectedNets.ipynb]"}
    assert set(found["Q3 inline questions"].splitlines()) == {"[no Dropout.ipynb]"}
    assert "**Answer.**" in found["Q2 inline questions"]
    assert len(notebooks.problems) == 1


def test_deleted_cells_are_named_and_doubled_ones_shown(release):
    answers = [cell("answer-1", "First."), cell("answer-1", "Again."), cell("answer-3", "x = '```'", kind="code")]
    found = items(Notebooks({"Dropout.ipynb": notebook(*answers)}), Notebooks(release))
    parts = next(item.parts for item in found if item.name == "Q3 inline questions")
    assert parts == (
        PartRecord("Dropout.ipynb:answer-1", "First.\n\nAgain."),
        PartRecord("Dropout.ipynb:answer-2", "[no cell answer-2 in Dropout.ipynb]"),
        PartRecord("Dropout.ipynb:answer-3", "````python\nx = '```'\n````"),
    )


def test_of_the_two_notebooks_of_q5_the_chosen_one_is_read(solved, release):
    files = {name: data for name, data in solved.items() if name != "PyTorch.ipynb"}
    found = {item.name: text(item) for item in items(Notebooks(files), Notebooks(release))}
    assert "keras" in found["Q5 open-ended net"]


@pytest.mark.parametrize("name", ["PyTorch.ipynb", "TensorFlow.ipynb"])
def test_of_two_written_notebooks_the_one_is_read_that_q5_was_graded_in(solved, release, name):
    exercises = [ExerciseRecord("barebones_convnet", "Q5", 1, 1, "passed", notebook=name)]
    found = {item.name: text(item) for item in items(Notebooks(solved), Notebooks(release), exercises)}
    assert ("keras" in found["Q5 open-ended net"]) == (name == "TensorFlow.ipynb")
    assert found["Q1 training"]


# --- codes and points -----------------------------------------------------------------------------------------


def test_codes_are_the_same_whoever_else_is_there_and_depend_on_the_secret():
    code = codes(["a", "b"], b"secret")["a"]
    assert codes(["a"], b"secret") == {"a": code}
    assert codes(["a"], b"another") != {"a": code}


def test_two_submissions_with_the_same_code_keep_their_names(monkeypatch):
    monkeypatch.setattr("staff.grade.points.manual._code", lambda digest: "bbbb-cccc")
    assert codes(["a", "b"], b"secret") == {"a": "a", "b": "b"}
    assert codes(["a"], b"secret") == {"a": "bbbb-cccc"}


def test_points_enter_a_record_and_stay_until_somebody_takes_them_back():
    record = Record("a2", "a2", "", "", "", "", "", None, "", manual=(ManualRecord(Q1, "Q1", 2),))
    assert record.pending
    judged = with_points(record, {("a2", Q1): Points(1.5, "good"), ("b", Q1): Points(2)})
    assert (judged.earned, judged.pending, judged.manual[0].comment) == (1.5, False, "good")
    assert with_points(record, {}, judged) == judged
    assert with_points(record, {("a2", Q1): Points(None)}, judged) == record
    assert with_points(judged, {}) == record


def test_readers_who_do_not_agree_leave_an_item_open():
    record = Record("a2", "a2", "", "", "", "", "", None, "", manual=(ManualRecord(Q1, "Q1", 2, 1),))
    [item] = with_points(record, {("a2", Q1): Points(None, "", "1 (x) or 2 (y)")}, record).manual
    assert (item.earned, item.conflict) == (None, "1 (x) or 2 (y)")
