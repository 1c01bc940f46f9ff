"""Finding submissions in what course sites export, and naming them."""

import io
import os
import tarfile
import unicodedata
import zipfile

import py7zr
import pytest

from staff.grade.intake.contents import read_contents
from staff.grade.intake.exports import ExportError, find_submissions, safe_name
from staff.grade.points.lateness import latest
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
    submissions = find_submissions([gradescope(tmp_path / "export", METADATA)]).submissions
    assert [(submission.name, submission.student, submission.submitted) for submission in submissions][:2] == [
        ("submission_1", "Ada Lovelace <ada@example.edu>", "2026-10-02T03:04:05+00:00"),
        (
            "submission_2",
            "Emmy Noether <emmy@example.edu>; Sofya Kovalevskaya <sofya@example.edu>",
            "2026-10-03T16:00:00+00:00",
        ),
    ]
    assert (submissions[2].student, submissions[2].submitted) == ("submission_3", None)
    assert [submission.attempts for submission in submissions] == [2, None, None]
    assert list(read_contents(*submissions[1].paths).files) == [LAYERS]


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
    submissions = find_submissions([gradescope(tmp_path / "export", metadata)]).submissions
    assert [submission.name for submission in submissions] == ["submission_1", "submission_2", "submission_3"]
    assert not (tmp_path / "owned").exists()


def test_metadata_that_is_no_yaml_is_a_problem_of_each_submission(tmp_path):
    submissions = find_submissions([gradescope(tmp_path / "export", "submission_1: [")]).submissions
    assert all(
        submission.problems[0].startswith("submission_metadata.yml cannot be read") for submission in submissions
    )


def test_archives_folders_and_a_folder_that_is_a_submission_are_told_apart(tmp_path):
    write_folder(tmp_path / "mine", {LAYERS: b""})
    write_folder(tmp_path / "class", {f"ada/{LAYERS}": b"", f"bob/a2/{LAYERS}": b""})
    write_zip(tmp_path / "class" / "eve.zip", {})
    (tmp_path / "class" / "notes.txt").write_text("")
    submissions = find_submissions([tmp_path / "mine", tmp_path / "class"]).submissions
    assert [submission.name for submission in submissions] == ["mine", "ada", "bob", "eve"]


def test_a_link_in_an_exported_folder_is_not_taken_for_its_archive(tmp_path):
    write_zip(tmp_path / "secret.zip", {LAYERS: b"secret"})
    (tmp_path / "class" / "ada").mkdir(parents=True)
    (tmp_path / "class" / "ada" / "a2.zip").symlink_to(tmp_path / "secret.zip")
    (tmp_path / "class" / "eve").symlink_to(tmp_path / "class" / "ada")
    export = find_submissions([tmp_path / "class"])
    assert [submission.path for submission in export.submissions] == [tmp_path / "class" / "ada"]
    assert read_contents(*export.submissions[0].paths).files == {}
    assert export.left_out[0].why.startswith("a link")


def test_archives_of_one_name_are_named_after_their_folders(tmp_path):
    for who in ("ada", "bob"):
        (tmp_path / who).mkdir()
        write_zip(tmp_path / who / "a2.zip", {})
    submissions = find_submissions([tmp_path / "ada" / "a2.zip", tmp_path / "bob" / "a2.zip"]).submissions
    assert [submission.name for submission in submissions] == ["ada-a2", "bob-a2"]


def test_names_are_unique_where_the_case_of_letters_does_not_count(tmp_path):
    paths = []
    for name in ("x/A2.zip", "x/a2.zip", "y/x/a2.zip"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        paths.append(write_zip(tmp_path / name, {}))
    names = [submission.name for submission in find_submissions(paths).submissions]
    assert len({name.casefold() for name in names}) == 3


def test_the_same_path_given_twice_counts_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write_zip(tmp_path / "a2.zip", {})
    assert len(find_submissions([path, "a2.zip", tmp_path]).submissions) == 1


@pytest.mark.parametrize(
    "text, name",
    [
        ("a2", "a2"),
        ("../../etc/passwd", "etc-passwd"),
        ("José Ñandú", "Jose-Nandu"),
        ("<script>", "script"),
        ("..", "_"),
        ("", "_"),
        ("李", "_-c16667"),
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
    with pytest.raises(ExportError, match="holds no submission, expected archives"):
        find_submissions([tmp_path / "empty"])
    with pytest.raises(ExportError, match="does not exist"):
        find_submissions([tmp_path / "none"])


# --- what people really export ------------------------------------------------------------------------------

MINE = {LAYERS: b"x = 1\n", "Dropout.ipynb": b"{}"}


def described(path):
    """Return (student, files in it) of each submission of an export."""
    return {
        submission.student: sorted(read_contents(*submission.paths).files)
        for submission in find_submissions([path]).submissions
    }


def tar(path, files, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def seven_zip(path, files):
    with py7zr.SevenZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(data, name)
    return path


@pytest.mark.parametrize("wrapped", [False, True])
def test_an_export_as_it_was_downloaded_reads_as_when_unpacked(tmp_path, wrapped):
    top = "assignment_42_export/" if wrapped else ""
    files = {f"{top}submission_{k}/{LAYERS}": b"x = 1\n" for k in (1, 2)} | {
        f"{top}submission_metadata.yml": METADATA
    }
    submissions = find_submissions([write_zip(tmp_path / "export.zip", files)]).submissions
    assert [submission.name for submission in submissions] == ["submission_1", "submission_2"]
    assert submissions[0].emails == ("ada@example.edu",)
    unpacked = find_submissions(
        [
            write_folder(
                tmp_path / "export",
                {name: data if isinstance(data, bytes) else data.encode() for name, data in files.items()},
            )
        ]
    )
    assert [(submission.student, submission.submitted) for submission in unpacked.submissions] == [
        (p.student, p.submitted) for p in submissions
    ]


def test_canvas_as_downloaded_puts_the_files_of_a_student_together(tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr(LAYERS, "x = 1\n")
    names = (
        "lovelaceada_101_9001_a2.zip",
        "lovelaceada_101_9002_Dropout-1.ipynb",
        "lovelaceada_101_9003_assignment.pdf",
    )
    files = dict(zip(names, (inner.getvalue(), b"{}", b"%PDF"))) | {
        "noetheremmy_LATE_102_9004_answers.pdf": b"%PDF"
    }
    path = write_zip(tmp_path / "submissions.zip", files)
    assert described(path) == {"lovelaceada (101)": ["Dropout.ipynb", LAYERS], "noetheremmy (102)": []}
    late = find_submissions([path]).submissions[1]
    assert late.marked_late and late.submitted is None and "does not say how late" in late.problems[-1]


def test_moodle_names_folders_after_students_in_any_script(tmp_path):
    names = ["李小龙_12345", "Ångström Åke_12346", "Нётер Эмми_12347", "李小龙_12348"]
    files = {f"{name}_assignsubmission_file/a2/{LAYERS}": b"x = 1\n" for name in names}
    files |= {f"{names[0]}_assignsubmission_onlinetext_/onlinetext.html": b"<p>see the file</p>"}
    export = find_submissions([write_zip(tmp_path / "cs231n-assignment2-98765.zip", files)])
    assert {submission.student for submission in export.submissions} == {
        f"{who} ({number})" for who, number in (name.rsplit("_", 1) for name in names)
    }
    assert len({submission.name.casefold() for submission in export.submissions}) == 4
    assert all(
        submission.name.isascii() and read_contents(*submission.paths).files for submission in export.submissions
    )


@pytest.mark.parametrize(
    "form", [unicodedata.normalize("NFC", "José Núñez"), unicodedata.normalize("NFD", "José Núñez")]
)
def test_both_normal_forms_of_a_name_are_one_student_and_one_file_name(tmp_path, form):
    write_folder(tmp_path / "class", {f"{form}/{LAYERS}": b"", f"bob/{LAYERS}": b""})
    submission = next(
        submission
        for submission in find_submissions([tmp_path / "class"]).submissions
        if submission.student != "bob"
    )
    assert (submission.student, submission.name) == ("José Núñez", "Jose-Nunez")


def test_a_clone_for_each_student_is_a_submission_with_or_without_its_history(tmp_path):
    files = {
        f"assignment2-{who}/{name}": b"x = 1\n" for who in ("ada", "cs231n") for name in (LAYERS, ".git/config")
    }
    assert described(write_folder(tmp_path / "class", files)) == {
        "assignment2-ada": [LAYERS],
        "assignment2-cs231n": [LAYERS],
    }


@pytest.mark.parametrize("stray", ["layers.py", "helper.py", "Dropout.ipynb", "notes.txt", "roster.csv"])
def test_one_stray_file_does_not_make_a_class_one_submission(tmp_path, stray):
    write_folder(tmp_path, {f"ada/{LAYERS}": b"", f"cs231n/{LAYERS}": b"", stray: b""})
    write_zip(tmp_path / "eve.zip", MINE)
    export = find_submissions([tmp_path])
    assert [submission.student for submission in export.submissions] == ["ada", "cs231n", "eve"]
    assert [entry.path.name for entry in export.left_out] == [stray] and export.left_out[0].why
    assert export.found == 4


def test_the_folder_of_a_student_is_one_submission_with_its_archive_beside_the_package(tmp_path):
    write_folder(tmp_path / "a2", MINE | {"assignment.pdf": b"%PDF"})
    write_zip(tmp_path / "a2" / "a2.zip", MINE)
    [submission] = find_submissions([tmp_path / "a2"]).submissions
    assert read_contents(*submission.paths).files == MINE


def test_whatever_a_student_packs_is_a_row(tmp_path):
    folder = tmp_path / "class"
    folder.mkdir()
    tar(folder / "tgz.tar.gz", MINE)
    tar(folder / "tar.tar", MINE, "w")
    tar(folder / "xz.tar.xz", MINE, "w:xz")
    seven_zip(folder / "seven.7z", MINE)
    (folder / "rar.rar").write_bytes(b"Rar!\x1a\x07\x01\x00" + bytes(100))
    (folder / "empty").mkdir()
    write_folder(folder / "pdf-only", {"answers.pdf": b"%PDF"})
    write_folder(folder / "in-two", {"notes.txt": b""})
    write_zip(folder / "in-two" / "code.zip", {f"cs231n/assignments/assignment2/{LAYERS}": b"x = 1\n"})
    write_zip(folder / "in-two" / "notebooks.zip", {"Copy of Dropout.ipynb": b"{}"})
    write_folder(
        folder / "copies", {"cs231n/layers (1).py": b"x = 1\n", "cs231n/optim.py": b"", "Dropout (2).ipynb": b"{}"}
    )
    write_folder(
        folder / "venv", MINE | {f".venv/lib/m{k}.py": b"" for k in range(500)} | {"node_modules/x.py": b""}
    )
    both = sorted(MINE)
    assert described(folder) == {
        "tgz": both, "tar": both, "xz": both, "seven": both, "rar": [], "empty": [], "pdf-only": [],
        "in-two": both, "copies": ["Dropout.ipynb", LAYERS, "cs231n/optim.py"], "venv": both,
    }  # fmt: skip
    [rar] = [submission for submission in find_submissions([folder]).submissions if submission.student == "rar"]
    assert "ask for a zip" in read_contents(*rar.paths).problems[0]


def test_the_dates_of_files_are_no_times_of_handing_in(tmp_path):
    os.utime(write_zip(tmp_path / "ada.zip", MINE), (1.8e9, 1.8e9))
    write_folder(tmp_path / "bob", MINE)
    assert [submission.submitted for submission in find_submissions([tmp_path]).submissions] == [None, None]


def test_an_archive_inside_does_not_say_whose_it_is(tmp_path):
    (tmp_path / "eve").mkdir()
    write_zip(tmp_path / "eve" / "lovelaceada_101_9001_a2.zip", MINE)
    write_zip(tmp_path / "ada.zip", MINE)
    assert [submission.student for submission in find_submissions([tmp_path]).submissions] == ["ada", "eve"]


def test_an_archive_among_others_is_never_taken_for_an_export(tmp_path):
    forged = {f"submission_1/{LAYERS}": b"", f"submission_2/{LAYERS}": b"", "submission_metadata.yml": METADATA}
    write_zip(tmp_path / "eve.zip", forged)
    write_zip(tmp_path / "bob.zip", MINE)
    for paths in ([tmp_path], sorted(tmp_path.glob("*.zip"))):
        assert [submission.student for submission in find_submissions(paths).submissions] == ["bob", "eve"]


def test_an_address_comes_from_its_field_and_not_from_a_name(tmp_path):
    metadata = METADATA.replace(":name: Ada Lovelace", ":name: Ada <emmy@example.edu>")
    submission = find_submissions([gradescope(tmp_path / "export", metadata)]).submissions[0]
    assert submission.emails == ("ada@example.edu",)


def test_a_pair_is_one_group_in_either_order(tmp_path):
    swapped = METADATA.replace("submission_1:", "submission_3:").replace("Ada Lovelace", "Sofya Kovalevskaya")
    swapped = swapped.replace(
        "ada@example.edu\n", "sofya@example.edu\n  - :name: Emmy Noether\n    :email: emmy@example.edu\n"
    )
    submissions = find_submissions([gradescope(tmp_path / "export", swapped)]).submissions
    assert (
        submissions[1].student
        == submissions[2].student
        == "Emmy Noether <emmy@example.edu>; Sofya Kovalevskaya <sofya@example.edu>"
    )


def test_two_entries_of_one_student_without_times_are_both_graded_and_say_so(tmp_path):
    write_zip(tmp_path / "ada.zip", MINE)
    write_folder(tmp_path / "ada", MINE)
    submissions = find_submissions([tmp_path]).submissions
    assert [submission.student for submission in submissions] == ["ada", "ada"]
    assert all("no time says which" in submission.problems[-1] for submission in submissions)
    assert latest(submissions) == (list(submissions), [])
