"""Reading archives and folders: what counts, wherever the student put it."""

import pytest

from cs231n.submit.archive import MODULES
from staff.grade import limits
from staff.grade.intake.contents import read_contents
from tests.staff.grade.conftest import write_folder, write_zip

LAYERS = "cs231n/layers.py"
FILES = {LAYERS: b"x = 1\n", "cs231n/classifiers/cnn.py": b"y = 2\n", "Dropout.ipynb": b"{}"}


def test_modules_and_notebooks_of_an_archive_are_read(tmp_path):
    submission = read_contents(write_zip(tmp_path / "a2.zip", FILES))
    assert submission.files == FILES
    assert submission.problems == ()


def test_a_folder_reads_as_an_archive_does(tmp_path):
    submission = read_contents(write_folder(tmp_path / "a2", FILES))
    assert submission.files == FILES
    assert submission.problems == ()


@pytest.mark.parametrize("top", ["a2/", "home/me/a2/", "./", "a2\\"])
def test_folders_above_the_package_do_not_matter(tmp_path, top):
    moved = {(top + name).replace("/", "\\") if "\\" in top else top + name: data for name, data in FILES.items()}
    submission = read_contents(write_zip(tmp_path / "a2.zip", moved))
    assert submission.files == FILES
    assert submission.problems == ()


def test_what_is_not_graded_is_not_read_and_no_problem(tmp_path):
    others = {"README.md": b"", "cs231n/datasets/data_batch_1": b"0" * 1000, "cs231n/im2col_cython.c": b""}
    others |= {"__MACOSX/cs231n/._layers.py": b"", "cs231n/__pycache__/layers.py": b"", ".DS_Store": b""}
    others |= {"cs231n/.ipynb_checkpoints/layers.py": b"", "Notes.ipynb": b"{}"}
    pictures = {"images/loss.png": b"1", "__MACOSX/._loss.png": b"2", "large.jpg": bytes(limits.FIGURE_BYTES + 1)}
    submission = read_contents(write_zip(tmp_path / "a2.zip", FILES | others | pictures))
    assert submission.files == FILES
    assert submission.problems == ()
    assert submission.pictures == {"images/loss.png": b"1"}


def test_a_pdf_beside_an_archive_is_no_problem_and_alone_it_is(tmp_path):
    (tmp_path / "assignment.pdf").write_bytes(b"%PDF-1.7")
    both = read_contents(write_zip(tmp_path / "a2.zip", FILES), tmp_path / "assignment.pdf")
    assert (both.files, both.problems) == (FILES, ())
    [problem] = read_contents(tmp_path / "assignment.pdf").problems
    assert problem == "a PDF, not a zip archive, so no code to grade: ask for a2.zip"


def test_modules_without_their_folders_are_taken_by_their_names(tmp_path):
    flat = {name.rsplit("/", 1)[-1]: name.encode() for name in MODULES}
    submission = read_contents(write_zip(tmp_path / "a2.zip", flat | {"Dropout.ipynb": b"{}"}))
    assert submission.files == {name: name.encode() for name in MODULES} | {"Dropout.ipynb": b"{}"}
    [problem] = submission.problems
    assert problem.startswith("no folder cs231n/ in it: known by name alone: cnn.py, fc_net.py, layers.py")


def test_of_two_packages_the_one_nearer_to_the_top_counts(tmp_path):
    submission = read_contents(write_zip(tmp_path / "a2.zip", {f"old/{LAYERS}": b"old", LAYERS: b"new"}))
    assert submission.files == {LAYERS: b"new"}
    assert submission.problems == ("old/cs231n/: left out, since cs231n/ counts",)


def test_a_notebook_counts_in_any_folder_and_the_one_nearest_to_the_top_first(tmp_path):
    notebooks = {"Dropout.ipynb": b"1", "copy/Dropout.ipynb": b"2", "nb/PyTorch.ipynb": b"3"}
    submission = read_contents(write_zip(tmp_path / "a2.zip", {LAYERS: b""} | notebooks))
    assert submission.files == {LAYERS: b"", "Dropout.ipynb": b"1", "PyTorch.ipynb": b"3"}


def test_the_digest_is_that_of_all_that_came(tmp_path):
    one = read_contents(write_zip(tmp_path / "1.zip", FILES))
    assert one.digest == read_contents(write_zip(tmp_path / "1.zip", FILES)).digest
    others = [FILES | {LAYERS: b"x = 2\n"}, FILES | {"notes.txt": b""}]
    assert (
        len({one.digest, *(read_contents(write_zip(tmp_path / "2.zip", files)).digest for files in others)}) == 3
    )
    folder = read_contents(write_folder(tmp_path / "folder", FILES)).digest
    assert folder == read_contents(tmp_path / "folder").digest
    assert folder != read_contents(write_folder(tmp_path / "folder", {"cs231n/new.py": b""})).digest


def test_a_path_that_cannot_be_read_is_a_problem(tmp_path):
    submission = read_contents(tmp_path / "none.zip")
    assert submission.problems == ("none.zip: cannot be read: No such file or directory",)
