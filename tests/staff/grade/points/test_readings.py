"""Points that humans gave, from the tables of several readers."""

import csv
import io
from pathlib import Path

import pytest

from cs231n.checks.rubric import load_rubric
from staff.grade.intake.exports import Member, Submission
from staff.grade.intake.roster import Called, Roster, groups_of
from staff.grade.intake.tables import TableError
from staff.grade.points.readings import Points, read_readings, tables_to_fill

ADA = Member("Ada Lovelace", "ada@example.edu")
PAIR = (Member("Emmy Noether", "emmy@example.edu"), Member("Sofya K", "sofya@example.edu"))
PLACES = [
    Submission(Path("1"), "submission_1", "Ada Lovelace <ada@example.edu>", members=(ADA,)),
    Submission(Path("2"), "submission_2", "Emmy Noether; Sofya K", members=PAIR),
    Submission(Path("3"), "a2", "a2"),
]
Q1, TRAINING = "Q1 inline questions", "Q1 training"
HEAD = "student,item,question,points,codes,comment\n"


@pytest.fixture
def readings(tmp_path):
    """Read files, given as text by name."""

    def written(coded=(), gone=(), **files):
        for name, text in files.items():
            (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        paths = [tmp_path / f"{name}.csv" for name in files]
        return read_readings(paths, Called(PLACES, groups_of(PLACES, Roster()), Roster()), coded, gone)

    return written


def points(readings, *rows, **more):
    return readings(kim=HEAD + "".join(f"{row}\n" for row in rows), **more).points


def said(one):
    return one.points, one.comment, one.conflict


@pytest.mark.parametrize(
    "student", ["submission_1", "Ada Lovelace <ada@example.edu>", "ada@example.edu", "ada lovelace", "bcdf-ghjk"]
)
def test_a_student_is_known_by_submission_name_address_or_code(readings, student):
    found = points(readings, f"{student},{Q1},,1.5,,well done", coded={"bcdf-ghjk": "submission_1"})
    assert {key: said(one) for key, one in found.items()} == {("submission_1", Q1): (1.5, "well done", "")}


def test_both_of_a_pair_stand_for_their_submission(readings):
    assert points(readings, f"sofya@example.edu,{Q1},,2,,")["submission_2", Q1].points == 2


def test_a_german_spreadsheet_is_read(readings):
    found = readings(kim=f"Student;Item;Points;Comment\n;;;\na2;{Q1};1,5;gut\n").points
    assert said(found["a2", Q1]) == (1.5, "gut", "")


@pytest.mark.parametrize(
    "row, why",
    [
        (f"nobody,{Q1},,1,,", "line 2: there is no submission 'nobody', expected an id"),
        ("a2,Q9,,1,,", "line 2: there is no item 'Q9', expected one of Q1 inline questions"),
        ("a2,affine_forward,,1,,", "there is no item 'affine_forward'"),
        (f"a2,{Q1},,3,,", "points are '3', expected 0 to 2"),
        (f"a2,{Q1},,-1,,", "points are '-1', expected 0 to 2"),
        (f"a2,{Q1},,nan,,", "points are 'nan', expected 0 to 2"),
        (f"a2,{Q1},,two,,", "points are 'two', expected 0 to 2"),
        (f"a2,{Q1},4,1,,", "line 2: question is '4', expected 1 to 3"),
        (f"a2,{Q1},,,V,", "line 2: there is no code 'V', expected one of codes.csv: none"),
    ],
)
def test_a_mistake_is_an_error_with_its_file_and_line(readings, row, why):
    with pytest.raises(TableError) as error:
        points(readings, row)
    assert why in str(error.value) and "kim.csv" in str(error.value)


def test_mistakes_of_all_files_are_told_at_once(readings):
    with pytest.raises(TableError) as error:
        readings(kim=HEAD + f"x,{Q1},,1,,\n", lee=HEAD + f"y,{Q1},,1,,\nz,{Q1},,1,,\n")
    assert len(str(error.value).splitlines()) == 3


def test_several_readers_count_together_and_a_second_file_takes_nothing_away(readings):
    found = readings(kim=HEAD + f"a2,{Q1},,1,,\na2,{TRAINING},,,,\n", lee=HEAD + f"a2,{TRAINING},,2,,good\n")
    assert {key[1]: (one.points, one.readers) for key, one in found.points.items()} == {
        Q1: (1, ("kim",)),
        TRAINING: (2, ("lee",)),
    }
    assert found.marks == ((Q1, 0, "kim", 1), (TRAINING, 0, "lee", 2))


def test_two_who_say_the_same_agree_and_both_comments_are_read(readings):
    found = readings(kim=HEAD + f"a2,{Q1},,1,,short\n", lee=HEAD + f"a2,{Q1},,1.0,,clear\n").points
    assert said(found["a2", Q1]) == (1, "short clear", "")


def test_two_who_do_not_agree_are_both_shown_and_all_others_count(readings):
    lee = HEAD + f"a2,{Q1},,1,,\nsubmission_1,{Q1},,2,,\n"
    found = readings(kim=HEAD + f"a2,{Q1},,1.5,,\n", lee=lee)
    assert said(found.points["a2", Q1]) == (None, "", "1.5 (kim.csv, line 2) or 1 (lee.csv, line 2)")
    assert found.points["submission_1", Q1].points == 2
    assert found.conflicts == [f"a2, {Q1}: 1.5 (kim.csv, line 2) or 1 (lee.csv, line 2)"]


def test_questions_add_up_to_the_item_which_is_open_until_all_have_points(readings):
    rows = [f"a2,{Q1},{number},0.5,," for number in (1, 2, 3)]
    assert points(readings, *rows)["a2", Q1].points == 1.5
    assert points(readings, *rows[:2])["a2", Q1].points is None


def test_questions_that_add_up_to_too_much_or_not_to_the_whole_are_a_conflict(readings):
    rows = [f"a2,{Q1},{number},1,," for number in (1, 2, 3)]
    assert points(readings, *rows)["a2", Q1].conflict.startswith("3 of 2 points in all: 1 (kim.csv, line 2);")
    assert "2 (kim.csv, line 3)" in points(readings, f"a2,{Q1},1,0.5,,", f"a2,{Q1},,2,,")["a2", Q1].conflict


CODES = "code;points;comment\nV;-0,5;the variance is missing\nB;-1;no reason\nOK;2;right\n"


@pytest.mark.parametrize(
    "row, expected",
    [
        (f"a2,{Q1},,,V,", (1.5, "the variance is missing", "")),
        (f"a2,{Q1},,,v b,look again", (0.5, "the variance is missing no reason look again", "")),
        (f"a2,{Q1},,,OK,", (2, "right", "")),
        (f"a2,{Q1},,1,V,", (1, "the variance is missing", "")),
    ],
)
def test_codes_stand_for_points_and_saved_comments(readings, row, expected):
    assert said(points(readings, row, codes=CODES)["a2", Q1]) == expected


def test_a_code_cannot_take_points_off_a_question_without_a_maximum(readings):
    with pytest.raises(TableError, match="codes that take points off need the points of the question"):
        points(readings, f"a2,{Q1},1,,V,", codes=CODES)


def test_points_can_be_taken_back(readings):
    assert points(readings, f"a2,{Q1},,pending,,")["a2", Q1] == Points(None)


def test_points_of_a_submission_that_a_later_one_replaces_are_noted_and_do_not_count(readings):
    found = readings(kim=HEAD + f"submission_0,{Q1},,2,,\nsubmission_0,{TRAINING},,,,\n", gone={"submission_0"})
    [note] = found.notes
    assert "kim.csv, line 2: submission_0 does not count any more; read the later one" in note
    assert not found.points


def test_tables_to_fill_have_a_row_for_each_answer_that_no_table_has(readings):
    tables = tables_to_fill({"code": "a2", "other": "submission_1"}, {("a2", Q1)})
    assert list(tables) == list(load_rubric().manual)
    lines = list(csv.DictReader(io.StringIO(tables[Q1])))
    assert [(line["student"], line["question"]) for line in lines] == [("other", n) for n in "123"]
    assert [line["question"] for line in csv.DictReader(io.StringIO(tables[TRAINING]))] == ["", ""]
    found = readings(one=tables[Q1], coded={"other": "submission_1"})
    assert (found.points, found.rows) == ({}, {("submission_1", Q1)})
    everything = {(name, item) for name in ("a2", "submission_1") for item in load_rubric().manual}
    assert tables_to_fill({"code": "a2", "other": "submission_1"}, everything) == {}
