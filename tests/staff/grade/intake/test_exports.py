"""Finding submissions in what Gradescope and Canvas export, and naming them."""

import os

import pytest

from staff.grade.intake.exports import ExportError, find, safe_name
from tests.staff.grade.conftest import write_folder, write_zip

LAYERS = "cs231n/layers.py"
# As Gradescope writes it, with Ruby's symbols as keys.
METADATA = """---
submission_1:
  :submitters:
  - :name: Ada Lovelace
    :sid: '0123'
    :email: ada@example.edu
  :created_at: 2026-10-02 03:04:05.678901000 Z
  :score: 10.0
  :history:
  - :id: 7
    :created_at: 2026-10-01 03:04:05.000000000 Z
submission_2:
  :submitters:
  - :name: Emmy Noether
    :email: emmy@example.edu
  - :name: Sofya Kovalevskaya
    :email: sofya@example.edu
  :created_at: 2026-10-03 09:00:00.000000000 -07:00
"""


def gradescope(folder, metadata):
    """Write an export of three submissions, one of them an archive in its folder and one without an entry."""
    write_folder(folder, {f"submission_{k}/{LAYERS}": b"" for k in (1, 3)})
    (folder / "submission_2").mkdir()
    write_zip(folder / "submission_2" / "a2.zip", {LAYERS: b""})
    (folder / "submission_metadata.yml").write_text(metadata, encoding="utf-8")
    return folder


def test_gradescopes_export_says_who_and_when(tmp_path):
    places = find([gradescope(tmp_path / "export", METADATA)])
    assert [(place.name, place.student, place.submitted) for place in places][:2] == [
        ("submission_1", "Ada Lovelace <ada@example.edu>", "2026-10-02T03:04:05+00:00"),
        (
            "submission_2",
            "Emmy Noether <emmy@example.edu>; Sofya Kovalevskaya <sofya@example.edu>",
            "2026-10-03T16:00:00+00:00",
        ),
    ]
    assert (places[2].student, places[2].submitted) == ("submission_3", None)
    assert places[1].path == tmp_path / "export" / "submission_2" / "a2.zip"


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "- a list",
        "submission_1: [",
        "!!python/object/apply:os.system ['touch owned']",
        "submission_1: {':submitters': 5, ':created_at': yesterday}",
        "submission_1: {':submitters': [5, null, {':name': [1]}]}",
        "\0",
    ],
)
def test_metadata_that_cannot_be_read_costs_nobody_the_grading(tmp_path, monkeypatch, metadata):
    monkeypatch.chdir(tmp_path)
    places = find([gradescope(tmp_path / "export", metadata)])
    assert [place.name for place in places] == ["submission_1", "submission_2", "submission_3"]
    assert not (tmp_path / "owned").exists()


def test_metadata_that_is_no_yaml_is_a_problem_of_each_submission(tmp_path):
    places = find([gradescope(tmp_path / "export", "submission_1: [")])
    assert all(place.problems[0].startswith("submission_metadata.yml cannot be read") for place in places)


def test_canvas_names_its_archives_after_students(tmp_path):
    for name in ("lovelaceada_101_9001_a2.zip", "noetheremmy_LATE_102_9002_a2-1.zip"):
        write_zip(tmp_path / name, {})
    os.utime(tmp_path / "lovelaceada_101_9001_a2.zip", (1.8e9, 1.8e9))
    places = find([tmp_path])
    assert [place.student for place in places] == ["lovelaceada (101)", "noetheremmy (102)"]
    assert places[0].submitted == "2027-01-15T08:00:00+00:00"


def test_archives_folders_and_a_folder_that_is_a_submission_are_told_apart(tmp_path):
    write_folder(tmp_path / "mine", {LAYERS: b""})
    write_folder(tmp_path / "class", {f"ada/{LAYERS}": b"", f"bob/a2/{LAYERS}": b""})
    write_zip(tmp_path / "class" / "eve.zip", {})
    (tmp_path / "class" / "notes.txt").write_text("")
    places = find([tmp_path / "mine", tmp_path / "class"])
    assert [place.name for place in places] == ["mine", "eve", "ada", "bob"]


def test_a_link_in_an_exported_folder_is_not_taken_for_its_archive(tmp_path):
    write_zip(tmp_path / "secret.zip", {})
    (tmp_path / "class" / "ada").mkdir(parents=True)
    (tmp_path / "class" / "ada" / "a2.zip").symlink_to(tmp_path / "secret.zip")
    [place] = find([tmp_path / "class"])
    assert place.path == tmp_path / "class" / "ada"


def test_archives_of_one_name_are_named_after_their_folders(tmp_path):
    for who in ("ada", "bob"):
        (tmp_path / who).mkdir()
        write_zip(tmp_path / who / "a2.zip", {})
    places = find([tmp_path / "ada" / "a2.zip", tmp_path / "bob" / "a2.zip"])
    assert [place.name for place in places] == ["ada-a2", "bob-a2"]


def test_names_are_unique_where_the_case_of_letters_does_not_count(tmp_path):
    paths = []
    for name in ("x/A2.zip", "x/a2.zip", "y/x/a2.zip"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        paths.append(write_zip(tmp_path / name, {}))
    names = [place.name for place in find(paths)]
    assert len({name.casefold() for name in names}) == 3


def test_the_same_path_given_twice_counts_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write_zip(tmp_path / "a2.zip", {})
    assert len(find([path, "a2.zip", tmp_path])) == 1


@pytest.mark.parametrize(
    "text, name",
    [
        ("a2", "a2"),
        ("../../etc/passwd", "etc-passwd"),
        ("José Ñandú", "Jose-Nandu"),
        ("<script>", "script"),
        ("..", "_"),
        ("", "_"),
        ("李", "_"),
        ("con", "_con"),
        ("NUL.tar", "_NUL.tar"),
        ("-rf", "rf"),
        ("a\nb\x1b[0m", "a-b-0m"),
        ("x" * 300, "x" * 80),
    ],
)
def test_a_name_is_safe_as_a_file_name(text, name):
    assert safe_name(text) == name


def test_a_path_without_submissions_says_what_was_expected(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ExportError, match="holds no submission, expected .zip files"):
        find([tmp_path / "empty"])
    with pytest.raises(ExportError, match="does not exist"):
        find([tmp_path / "none"])
