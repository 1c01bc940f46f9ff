"""What is graded: the release, and over it what the student changed."""

import pytest

from staff.grade.intake.assemble import assemble

LAYERS = "cs231n/layers.py"
RELEASE = {
    LAYERS: b"x = 1\ny = 2\n",
    "cs231n/classifiers/cnn.py": b"",
    "cs231n/checks/engine.py": b"checks",
    "README.md": b"",
}


def overlay(submitted):
    """Return what of the assembled files differs from the release."""
    assembly = assemble(RELEASE, submitted)
    return {name: data for name, data in assembly.files.items() if data != RELEASE.get(name)}, assembly.problems


def test_what_is_assembled_is_the_package_alone():
    assert assemble(RELEASE, {}).files == {name: data for name, data in RELEASE.items() if name != "README.md"}


def test_changed_and_new_modules_come_over_the_release():
    submitted = {LAYERS: b"x = 3\n", "cs231n/helpers/mine.py": b"z = 1\n", "Dropout.ipynb": b"{}"}
    assert overlay(submitted) == (
        {LAYERS: b"x = 3\n", "cs231n/helpers/mine.py": b"z = 1\n"},
        (),
    )


def test_a_module_that_differs_by_line_ends_alone_is_unchanged():
    assert overlay({LAYERS: b"x = 1\r\ny = 2\r\n"}) == ({}, ())


def test_the_same_code_with_other_line_ends_and_a_byte_order_mark_has_the_same_hash():
    unix = assemble(RELEASE, {LAYERS: b"x = 3\ny = 4\n"})
    windows = assemble(RELEASE, {LAYERS: b"\xef\xbb\xbfx = 3\r\ny = 4\r\n"})
    assert unix.code == windows.code != assemble(RELEASE, {}).code


def test_the_hash_is_that_of_the_code_and_not_of_notebooks_or_checks():
    code = assemble(RELEASE, {LAYERS: b"x = 3\n"}).code
    assert code == assemble(RELEASE, {LAYERS: b"x = 3\n", "Dropout.ipynb": b"{}"}).code
    assert code == assemble(RELEASE | {"cs231n/checks/engine.py": b"others"}, {LAYERS: b"x = 3\n"}).code
    assert code != assemble(RELEASE, {LAYERS: b"x = 4\n"}).code
    assert code != assemble(RELEASE, {LAYERS: b"x = 3\n", "cs231n/mine.py": b""}).code


@pytest.mark.parametrize(
    "name",
    [
        "cs231n/checks/engine.py",
        "cs231n/checks/exercises/affine.py",
        "cs231n/checks/new.py",
        "cs231n/Checks/engine.py",
        "cs231n/CHECKS/worker.py",
    ],
)
def test_checks_of_the_submission_are_never_used(name):
    changed, problems = overlay({name: b"passed = True\n", LAYERS: b"x = 3\n"})
    assert changed == {LAYERS: b"x = 3\n"}
    assert problems == (f"{name}: not used, since the grader brings its own checks",)


def test_checks_as_they_were_in_the_release_are_no_problem():
    assert overlay({"cs231n/checks/engine.py": b"checks"}) == ({}, ())


@pytest.mark.parametrize(
    "name", [f"{LAYERS}/new.py", "cs231n/classifiers/cnn.py/x.py", "cs231n/LAYERS.py", "cs231n/Layers.py/x.py"]
)
def test_a_file_in_the_place_of_a_folder_or_of_another_case_is_left_out(name):
    changed, problems = overlay({name: b"", "cs231n/good.py": b"z = 1\n"})
    assert changed == {"cs231n/good.py": b"z = 1\n"}
    assert problems == (f"{name}: not used, since there is another file or folder in its place",)


def test_of_two_new_files_that_collide_one_counts():
    changed, problems = overlay({"cs231n/a.py": b"1", "cs231n/a.py/b.py": b"2"})
    assert changed == {"cs231n/a.py": b"1"}
    assert len(problems) == 1
