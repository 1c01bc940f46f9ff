"""What a human reads and the points that come back."""

import pytest

from cs231n.checks.rubric import load_rubric
from staff.grade.intake.cells import Notebooks
from staff.grade.intake.exports import Submission
from staff.grade.points.manual import ManualError, Points, codes, items, read_points, with_points
from staff.grade.record import ExerciseRecord, ManualRecord, PartRecord, Record
from tests.staff.grade.intake.test_cells import cell, notebook

SUBMISSIONS = [
    Submission("1", "submission_1", "Ada Lovelace <ada@example.edu>", emails=("ada@example.edu",)),
    Submission(
        "2",
        "submission_2",
        "Emmy Noether <emmy@example.edu>; Sofya K <sofya@example.edu>",
        emails=("emmy@example.edu", "sofya@example.edu"),
    ),
    Submission("3", "a2", "a2"),
]
Q1 = "Q1 inline questions"


def text(item):
    """Return what there is to read for an item."""
    return "\n".join(part.text for part in item.parts)


def points(tmp_path, text, encoding="utf-8"):
    """Return what a CSV file says."""
    path = tmp_path / "points.csv"
    path.write_bytes(text.encode(encoding))
    return read_points(path, SUBMISSIONS)


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
    answers = [cell("answer-1", "First."), cell("answer-1", "Again."), cell("answer-3", "Third.", kind="code")]
    found = items(Notebooks({"Dropout.ipynb": notebook(*answers)}), Notebooks(release))
    parts = next(item.parts for item in found if item.name == "Q3 inline questions")
    assert parts == (
        PartRecord("Dropout.ipynb:answer-1", "First.\n\nAgain."),
        PartRecord("Dropout.ipynb:answer-2", "[no cell answer-2 in Dropout.ipynb]"),
        PartRecord("Dropout.ipynb:answer-3", "Third."),
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


# --- points ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("student", ["submission_1", "Ada Lovelace <ada@example.edu>", "ada@example.edu"])
def test_a_student_is_known_by_submission_name_or_address(tmp_path, student):
    found = points(tmp_path, f"student,item,points,comment\n{student},{Q1},1.5,well done\n")
    assert found == {("submission_1", Q1): Points(1.5, "well done")}


def test_points_given_to_a_submission_that_a_later_one_replaces_are_not_carried_over(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text(f"student,item,points\nsubmission_0,{Q1},2\n")
    old = Submission("0", "submission_0", "Ada Lovelace <ada@example.edu>")
    with pytest.raises(ManualError, match="line 2: submission_0 is replaced by submission_1 of the same student"):
        read_points(path, SUBMISSIONS, [old])


def test_a_submission_is_known_by_its_code_which_is_the_same_whoever_else_is_there(tmp_path):
    path = tmp_path / "points.csv"
    code = codes(["submission_1", "other"], b"secret")["submission_1"]
    path.write_text(f"student,item,points\n{code},{Q1},2\n")
    assert read_points(path, SUBMISSIONS, secret=b"secret") == {("submission_1", Q1): Points(2.0)}
    with pytest.raises(ManualError, match=f"there is no submission of '{code}'"):
        read_points(path, SUBMISSIONS, secret=b"another")
    old = Submission("0", "submission_0", SUBMISSIONS[0].student)
    path.write_text(f"student,item,points\n{codes(['submission_0'], b'secret')['submission_0']},{Q1},2\n")
    with pytest.raises(ManualError, match="is replaced by submission_1"):
        read_points(path, SUBMISSIONS, [old], b"secret")


def test_two_submissions_with_the_same_code_keep_their_names(monkeypatch):
    monkeypatch.setattr("staff.grade.points.manual._code", lambda digest: "bbbb-cccc")
    assert codes(["a", "b"], b"secret") == {"a": "a", "b": "b"}
    assert codes(["a"], b"secret") == {"a": "bbbb-cccc"}


def test_both_of_a_pair_stand_for_their_submission(tmp_path):
    found = points(tmp_path, f"student,item,points\nsofya@example.edu,{Q1},2\n")
    assert found == {("submission_2", Q1): Points(2.0)}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_files_of_any_spreadsheet_are_read(tmp_path, separator, encoding, end):
    lines = [["student", "item", "points", "comment"], ["a2", Q1, "1", '"two\nlines, é"']]
    lines += [["a2", "Q1 training", "", ""]]
    text = end.join(separator.join(line) for line in lines)
    assert points(tmp_path, text, encoding) == {("a2", Q1): Points(1.0, "two lines, é")}


@pytest.mark.parametrize(
    "line, said",
    [
        (f"nobody,{Q1},1,", "line 2: there is no submission of 'nobody'"),
        ("a2,Q9,1,", "line 2: there is no item 'Q9', expected one of Q1 inline questions"),
        ("a2,affine_forward,1,", "there is no item 'affine_forward'"),
        (f"a2,{Q1},3,", "points are '3', expected 0 to 2"),
        (f"a2,{Q1},-1,", "points are '-1', expected 0 to 2"),
        (f"a2,{Q1},nan,", "points are 'nan', expected 0 to 2"),
        (f"a2,{Q1},inf,", "points are 'inf', expected 0 to 2"),
        (f"a2,{Q1},two,", "points are 'two', expected 0 to 2"),
        (f"a2,{Q1},1,\na2,{Q1},1,", "line 3: Q1 inline questions of a2 has points already"),
        (f"a2,{Q1}", None),
        ("a2", "there is no item ''"),
    ],
)
def test_a_mistake_in_the_file_is_an_error_with_its_line(tmp_path, line, said):
    text = f"student,item,points,comment\n{line}\n"
    if said is None:
        assert points(tmp_path, text) == {}
        return
    with pytest.raises(ManualError) as error:
        points(tmp_path, text)
    assert said in str(error.value)


def test_all_mistakes_are_told_at_once(tmp_path):
    with pytest.raises(ManualError) as error:
        points(tmp_path, f"student,item,points\nx,{Q1},1\ny,{Q1},1\na2,z,1\n")
    assert len(str(error.value).splitlines()) == 3


@pytest.mark.parametrize("text", ["", "name,score\n", "\0", "student,item\n"])
def test_a_file_without_the_columns_says_which_are_missing(tmp_path, text):
    with pytest.raises(ManualError, match="has no column .*points, expected student, item, points, comment"):
        points(tmp_path, text)


def test_a_file_that_cannot_be_read_says_so(tmp_path):
    with pytest.raises(ManualError, match="cannot be read"):
        read_points(tmp_path / "none.csv", SUBMISSIONS)
    with pytest.raises(ManualError, match="cannot be read"):
        points(tmp_path, "student,item,points\né", "latin-1")


def test_points_enter_a_record_and_leave_it_when_the_file_no_longer_has_them():
    record = Record("a2", "a2", "", "", "", "", "", None, "", manual=(ManualRecord(Q1, "Q1", 2),))
    assert record.pending
    judged = with_points(record, {("a2", Q1): Points(1.5, "good"), ("b", Q1): Points(2)})
    assert (judged.earned, judged.pending, judged.manual[0].comment) == (1.5, False, "good")
    assert with_points(judged, {}) == record
