"""cs231n.submit.archive: what goes into a2.zip."""

import json
import zipfile

from cs231n.checks.rubric import load_rubric
from cs231n.submit.archive import MODULES, digest, modules_to_hand_in, write_zip
from tests.submit.conftest import write


def test_every_module_of_an_exercise_is_handed_in():
    written = {
        file for one in load_rubric().exercises.values() if not one.in_notebook for file, _ in one.functions
    }
    missing = sorted(written - set(MODULES))
    assert missing == [], f"add {missing} to MODULES in cs231n/submit/archive.py"


def test_the_digest_does_not_depend_on_the_line_ends():
    assert digest(b"a\nb\n") == digest(b"a\r\nb\r\n") != digest(b"a\nc\n")


def test_with_a_manifest_changed_and_new_files_join_the_modules_of_tradition(assignment):
    same, changed = write(assignment, "cs231n/verdict.py", "v = 1\n"), "cs231n/fast_layers.py"
    write(assignment, changed, "f = 2\n")
    write(assignment, "cs231n/mine/new.py", "n = 1\n")
    downloaded = {name: digest(b"x = 1\n") for name in MODULES}
    downloaded |= {"cs231n/verdict.py": digest(b"v = 1\n"), changed: digest(b"f = 1\n"), "cs231n/gone.py": "0"}
    write(assignment, "cs231n/submit/manifest.json", json.dumps(downloaded))
    same.write_bytes(b"v = 1\r\n")  # an editor on Windows
    assert modules_to_hand_in(assignment) == [*MODULES, changed, "cs231n/mine/new.py"]


def test_without_a_manifest_every_python_file_is_handed_in(assignment):
    write(assignment, "cs231n/verdict.py", "v = 1\n")
    (assignment / MODULES[0]).unlink()
    assert modules_to_hand_in(assignment) == [*MODULES[1:], "cs231n/verdict.py"]


def test_environments_caches_and_data_are_never_handed_in(assignment):
    for name in (
        "cs231n/venv/lib/numpy.py",
        "cs231n/__pycache__/layers.py",
        "cs231n/.ipynb_checkpoints/layers-checkpoint.py",
        "cs231n/datasets/cifar-10-batches-py/data_batch_1",
        "cs231n/im2col_cython.so",
        "staff/x.py",
        ".venv/lib/y.py",
    ):
        write(assignment, name, "")
    write(assignment, "cs231n/venv/pyvenv.cfg", "")
    assert modules_to_hand_in(assignment) == list(MODULES)


def test_the_zip_holds_the_files_under_their_paths(assignment):
    write_zip(assignment, ["cs231n/layers.py", "One.ipynb"], assignment / "a2.zip")
    with zipfile.ZipFile(assignment / "a2.zip") as opened:
        assert opened.namelist() == ["cs231n/layers.py", "One.ipynb"]
        assert opened.read("cs231n/layers.py") == (assignment / "cs231n/layers.py").read_bytes()
