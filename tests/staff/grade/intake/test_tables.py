"""CSV tables as spreadsheets of any country save them."""

import math

import pytest

from staff.grade import limits
from staff.grade.intake.tables import TableError, each_line, number_of, read_table

COLUMNS = {"student": ("id",), "points": (), "comment": ()}
ROWS = [["Student", "POINTS", "Comment"], ["é", "1,5", "two\nlines"], ["b", "2", ""]]


def write(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode(encoding))
    return path


def cells(path):
    return [
        (line["student"], number_of(line["points"]), line["comment"])
        for line in read_table(path, COLUMNS, ["student"])
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_whatever_a_spreadsheet_saves_is_read_alike(tmp_path, encoding, separator, end):
    text = end.join(separator.join(f'"{cell}"' for cell in row) for row in ROWS) + end
    assert cells(write(tmp_path, text, encoding)) == [("é", 1.5, "two\nlines"), ("b", 2.0, "")]


def test_empty_rows_before_between_and_after_are_passed_over_and_lines_are_still_counted(tmp_path):
    path = write(tmp_path, ";;\n\nstudent;points;comment\n;;\na;1;x\n\n;;\nb;2;\n;;\n")
    assert [(line["student"], line.number) for line in read_table(path, COLUMNS, COLUMNS)] == [("a", 5), ("b", 8)]


def test_a_line_is_that_where_its_row_begins(tmp_path):
    path = write(tmp_path, 'student,points,comment\na,1,"x\ny\nz"\nb,2,\n')
    assert [line.number for line in read_table(path, COLUMNS, COLUMNS)] == [2, 5]


def test_the_separator_may_be_said_in_the_first_line(tmp_path):
    assert cells(write(tmp_path, 'sep=;\nstudent;points;comment\na;1;"x, y, z"\n')) == [("a", 1.0, "x, y, z")]


def test_headers_may_be_written_in_other_ways_and_further_columns_are_passed_over(tmp_path):
    assert cells(write(tmp_path, "Section,ID , Points\n1,a,2\n")) == [("a", 2.0, "")]


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "has no column student, expected student, points, comment; its first row is empty"),
        ("name,score\n", "has no column student, .*; its first row is name, score"),
        ("student,id,points\n", "has two columns that mean student: student and id"),
        ("student,points,comment\na,1,5,good\n", 'line 2: 4 cells, expected 3 .*"1,5"'),
        ('student,points,comment\na,1,"open\nb,2,\n', "look for a quote .* that is not closed"),
    ],
)
def test_what_cannot_be_a_table_is_refused_with_what_was_expected(tmp_path, text, said):
    with pytest.raises(TableError, match=said):
        read_table(write(tmp_path, text), COLUMNS, ["student"])


def test_a_workbook_or_nothing_at_all_is_refused(tmp_path):
    (tmp_path / "t.xlsx").write_bytes(b"PK\x03\x04rest")
    with pytest.raises(TableError, match="it is not a CSV file; save it as CSV"):
        read_table(tmp_path / "t.xlsx", COLUMNS, ["student"])
    with pytest.raises(TableError, match="none.csv cannot be read: No such file"):
        read_table(tmp_path / "none.csv", COLUMNS, ["student"])
    (tmp_path / "odd.csv").write_bytes(b"student\n\x81\xff\n")
    with pytest.raises(TableError, match="not text in UTF-8, UTF-16 or ANSI"):
        read_table(tmp_path / "odd.csv", COLUMNS, ["student"])


@pytest.mark.parametrize(
    "text, value", [("1,5", 1.5), ("1.5", 1.5), (",5", 0.5), ("2.", 2.0), ("-1", -1.0), ("03", 3)]
)
def test_numbers_have_a_decimal_point_or_comma(text, value):
    assert number_of(text) == value


@pytest.mark.parametrize("text", ["", "nan", "inf", "1e3", "1.000,5", "two", "1 5", "0x1"])
def test_all_other_texts_are_no_number(text):
    assert math.isnan(number_of(text))


def test_all_mistakes_of_a_file_are_told_at_once_but_not_hundreds(tmp_path):
    path = write(tmp_path, "student,points\n" + "a,x\n" * 100)

    def refuse(line):
        raise line.wrong("points", "a number")

    with pytest.raises(TableError) as error:
        each_line(read_table(path, COLUMNS, ["student"]), refuse)
    told = str(error.value).splitlines()
    assert told[0] == f"{path}, line 2: points is 'x', expected a number"
    assert told[-1] == f"... and {100 - limits.TABLE_PROBLEMS} more" and len(told) == limits.TABLE_PROBLEMS + 1
