"""cs231n.doctor: broken machines, simulated, and what it says about them."""

import ast
import hashlib
import json
import os
import shutil
import subprocess
import sys
import types
import urllib.error
from importlib import machinery
from pathlib import Path
from unittest import mock

import pytest

from cs231n import data_utils
from cs231n.datasets import stand_in
from cs231n.doctor import __main__ as doctor
from cs231n.doctor import data, extension, jupyter, machine, packages, trial
from cs231n.doctor.finding import GOOD, INSTALL, NOTE, OPTIONAL, STOP, good, note, on_colab, stop

ROOT = Path(__file__).parents[1]
MODULES = [ROOT / "cs231n/__init__.py", ROOT / "cs231n/shadows.py", *sorted((ROOT / "cs231n/doctor").glob("*.py"))]
SUFFIX = machinery.EXTENSION_SUFFIXES[0]
TORCH = packages.requirements(ROOT / "requirements.txt")["torch"]


@pytest.fixture
def folder(tmp_path):
    """A copy of the package, without its data and without a compiled extension."""
    left_out = shutil.ignore_patterns("*.so", "*.pyd", "im2col_cython.c", "__pycache__", "cifar-10-batches-py")
    shutil.copytree(ROOT / "cs231n", tmp_path / "cs231n", ignore=left_out)
    for path in (ROOT / "requirements.txt", ROOT / "constraints.txt", ROOT / "pyproject.toml"):
        shutil.copy(path, tmp_path)
    return tmp_path


def only(findings, kind):
    """Return the one finding of a kind."""
    found = [finding for finding in findings if finding.kind == kind]
    assert len(found) == 1, findings
    return found[0]


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Tests ask no server, and are not run on Colab."""
    monkeypatch.setattr(data, "_unreachable", lambda: "")
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)


@pytest.fixture
def colab(monkeypatch):
    """Take this machine for one of Colab."""
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release-colab")


def run_doctor(folder, prepare=""):
    """Run the doctor in a folder, after some lines of Python; returns the finished process."""
    code = f"import runpy, sys\n{prepare}\nrunpy.run_module('cs231n.doctor', run_name='__main__', alter_sys=True)"
    environment = {**os.environ, "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, encoding="utf-8", env=environment
    )


# --- it starts anywhere -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_it_is_written_so_that_an_old_python_without_packages_can_start_it(path):
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
    for node in (node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))):
        names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        for name in names:
            own = name in ("cs231n", "cs231n.shadows") or name.startswith("cs231n.doctor")
            assert own or name.split(".")[0] in sys.stdlib_module_names, name


def test_without_any_package_it_says_what_is_missing_and_ends_with_status_1(folder):
    command = [sys.executable, "-S", "-m", "cs231n.doctor"]  # -S: without site-packages
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", env={"PYTHONUTF8": "1"})
    assert done.returncode == 1
    assert "✗ missing: numpy, scipy, matplotlib, jupyter, torch" in done.stdout
    assert "→ python -m pip install -c constraints.txt -e ." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "cannot load NumPy" in done.stderr and "python -m cs231n.doctor" in done.stderr


def test_here_nothing_but_the_data_is_missing(monkeypatch):
    found = doctor.look_over(ROOT)
    del found["Data"]
    assert list(found) == ["Python and packages", "Fast layers", "Notebooks", "Machine"]
    assert not [finding for topic in found.values() for finding in topic if finding.kind == STOP]


def test_the_exit_status_tells_whether_something_stops_work(monkeypatch, capsys):
    for found, status in ((good("fine"), 0), (note("odd", "look"), 0), (stop("broken", "fix it"), 1)):
        monkeypatch.setattr(doctor, "TOPICS", {"Topic": lambda root, found=found: [found]})
        assert doctor.main([]) == status
    assert "✗ broken\n      → fix it" in capsys.readouterr().out


def test_a_topic_that_breaks_is_a_line_and_the_others_go_on(monkeypatch):
    def breaks(root):
        yield good("so far")
        raise OSError("no such device")

    monkeypatch.setattr(doctor, "TOPICS", {"One": breaks, "Two": lambda root: [good("fine")]})
    found = doctor.look_over(ROOT)
    assert found["One"][0] == good("so far")
    assert found["One"][1].kind == NOTE and "OSError: no such device" in found["One"][1].text
    assert found["Two"] == [good("fine")]


def test_a_terminal_without_the_signs_gets_plain_ones():
    page = doctor._page({"Topic": [stop("broken: /tmp/é", "fix it")]}, "ascii")
    assert page.encode("ascii")
    assert "  x broken: /tmp/?\n      > fix it" in page


# --- Python and packages ------------------------------------------------------------------------------------

PROJECT = 'requires-python = ">=3.11"\n"Programming Language :: Python :: 3.14",\n'


@pytest.mark.parametrize(
    "version, kind, said",
    [((3, 10, 4), STOP, "too old, expected 3.11"), ((3, 11, 0), GOOD, ""), ((3, 15, 1), NOTE, "tested, 3.14")],
)
def test_a_python_out_of_range_is_named(monkeypatch, version, kind, said):
    monkeypatch.setattr(packages.sys, "version_info", version)
    finding = packages._python(PROJECT)
    assert finding.kind == kind and said in finding.text


def test_with_a_python_that_is_too_old_its_packages_are_not_looked_at(monkeypatch, folder):
    monkeypatch.setattr(packages.sys, "version_info", (3, 9, 1))
    assert [finding.kind for finding in packages.findings(folder)] == [STOP]


def test_packages_are_missing_too_old_other_than_tested_or_fine():
    required = {"numpy": "2.0", "scipy": "1.13", "torch": "2.6", "tqdm": "4.66"}
    installed = {"numpy": None, "scipy": "1.9.3", "torch": "2.6.1+cpu", "tqdm": "4.70.1"}
    tested = {"torch": "2.13.0", "tqdm": "4.70.1"}
    missing, old, other, same = packages._compare(required, installed, tested)
    assert (missing.kind, missing.text, missing.advice) == (STOP, "missing: numpy", (INSTALL,))
    assert (old.kind, old.text) == (STOP, "too old: scipy 1.9.3 (expected 1.13 or later)")
    assert (other.kind, other.text) == (NOTE, "not the tested versions: torch 2.6.1+cpu (tested: 2.13.0)")
    assert (same.kind, same.text) == (GOOD, "the tested versions: tqdm 4.70.1")


def test_every_requirement_is_looked_at():
    assert packages.requirements(ROOT / "requirements.txt").keys() >= {"numpy", "torch", "jupyter", "tqdm"}
    assert packages.extra(ROOT, "tensorflow").keys() == {
        "tensorflow-cpu",
        "tensorflow",
        "keras",
    }
    assert packages.requirements(ROOT / "constraints.txt")["numpy"].count(".") == 2


def test_an_environment_in_the_folder_that_is_not_active_is_named_with_its_activation(monkeypatch, folder):
    (folder / ".venv").mkdir()
    monkeypatch.setattr(packages, "_version", lambda name: None)
    found = list(packages.findings(folder))
    assert only(found, NOTE).advice == ("source .venv/bin/activate",)
    assert "source .venv/bin/activate" in only(found, STOP).advice[0]
    monkeypatch.setattr(packages.sys, "prefix", str(folder / ".venv"))
    assert packages._environment(folder).kind == GOOD


def test_without_any_environment_it_says_how_to_make_one(monkeypatch, folder):
    monkeypatch.setattr(packages.sys, "prefix", sys.base_prefix)
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    finding = packages._environment(folder)
    assert finding.kind == NOTE and finding.advice[0] == "python3 -m venv .venv"


def test_on_windows_the_commands_are_those_of_windows(monkeypatch, folder):
    (folder / ".venv").mkdir()
    monkeypatch.setattr(packages.os, "name", "nt")
    assert packages.activation() == r".venv\Scripts\activate"


def test_a_package_that_is_there_and_does_not_load_is_named_with_what_it_says(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "torch.py").write_text("raise OSError('[WinError 126] Error loading c10.dll: DLL not found')")
    finding = only(packages._loading(ROOT, ["numpy", "torch"]), STOP)
    assert finding.text.startswith("torch is installed, but cannot be loaded: OSError: [WinError 126]")
    assert "Visual C++ Redistributable" in finding.advice[-1]


def test_a_package_that_ends_python_is_named_too(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "torch.py").write_text("import os\nos.abort()")
    problems = trial.try_loading(ROOT, {"numpy": "numpy", "torch": "torch", "scipy": "scipy"})
    assert list(problems) == ["torch"] and "Python ended" in problems["torch"]


def test_a_package_that_hangs_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "LIMIT", 1)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "torch.py").write_text("import time\ntime.sleep(600)")
    assert "no answer after 1 seconds" in trial.try_loading(ROOT, {"torch": "torch"})["torch"]


@pytest.mark.parametrize(
    "installed, kind", [([], OPTIONAL), (["keras"], OPTIONAL), (["keras", "tensorflow-cpu"], GOOD)]
)
def test_one_of_the_two_tensorflow_packages_is_enough(monkeypatch, installed, kind):
    monkeypatch.setattr(packages, "_version", lambda name: "3.1" if name in installed else None)
    finding = packages._extra(ROOT, "tensorflow", "TensorFlow.ipynb", "no matter")
    assert finding.kind == kind
    assert finding.text.count("tensorflow") == 1


# --- the extension ------------------------------------------------------------------------------------------

needs_extension = pytest.mark.skipif(
    not (ROOT / "cs231n" / f"im2col_cython{SUFFIX}").is_file(), reason="the extension is not built"
)


@pytest.fixture
def built(folder):
    """The same copy with the extension of this checkout, newer than its sources."""
    path = folder / "cs231n" / f"im2col_cython{SUFFIX}"
    shutil.copyfile(ROOT / "cs231n" / path.name, path)
    return path


@pytest.fixture
def compiler(monkeypatch):
    """Take a compiler for granted."""
    monkeypatch.setattr(extension, "missing_for_building", lambda: None)


def test_an_extension_that_is_not_built_is_a_note_with_the_command(folder, compiler):
    finding = only(extension.findings(folder), NOTE)
    assert "not built" in finding.text and finding.advice == ("python -m pip install --no-deps -e .",)


def test_without_a_compiler_the_compiler_comes_first(folder, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler -O2")
    monkeypatch.setattr(extension.shutil, "which", lambda name: None)
    missing, not_built = extension.findings(folder)
    assert "no C compiler (no-such-compiler was not found)" in missing.text and missing.advice
    assert not_built.advice[0].startswith("first the compiler")


def test_where_only_clang_is_here_it_is_named(monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setattr(extension.sys, "platform", "linux")
    monkeypatch.setattr(extension.shutil, "which", lambda name: "/usr/bin/clang" if name == "clang" else None)
    assert extension.missing_for_building() == (
        "the compiler no-such-compiler was not found, but clang is here",
        "export CC=clang",
    )


@needs_extension
def test_without_a_compiler_an_extension_that_works_is_fine(folder, built, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    assert [finding.kind for finding in extension.findings(folder)] == [OPTIONAL, GOOD]


def test_without_the_headers_of_python_nothing_compiles(monkeypatch, tmp_path):
    monkeypatch.setattr(extension.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(extension.sysconfig, "get_path", lambda name: str(tmp_path))
    what, how = extension.missing_for_building()
    assert "Python.h" in what and how.startswith("sudo apt-get install python3.")


def test_an_extension_for_another_python_is_named(folder, compiler):
    (folder / "cs231n/im2col_cython.cpython-309-x86_64-linux-gnu.so").touch()
    finding = only(extension.findings(folder), NOTE)
    assert "built for another Python (im2col_cython.cpython-309-x86_64-linux-gnu.so)" in finding.text


@needs_extension
def test_an_extension_that_is_fresh_and_right_is_good(folder, built, compiler):
    assert [finding.kind for finding in extension.findings(folder)] == [GOOD, GOOD]


@needs_extension
def test_an_extension_older_than_its_source_is_named_with_the_source(folder, built, compiler):
    later = built.stat().st_mtime + 10
    os.utime(folder / "cs231n/kernels/tiles.h", (later, later))
    finding = only(extension.findings(folder), NOTE)
    assert finding.text == "the extension is older than tiles.h"


def test_an_extension_that_is_no_library_is_named(folder, compiler):
    (folder / f"cs231n/im2col_cython{SUFFIX}").write_bytes(b"not a library")
    finding = only(extension.findings(folder), NOTE)
    assert "not right" in finding.text and "cannot be loaded" in finding.text
    assert finding.advice == ("python -m pip install --no-deps -e .",)


@needs_extension
def test_an_extension_with_wrong_numbers_is_named(folder, built, compiler):
    path = folder / "cs231n/numpy_kernels.py"
    path.write_text(path.read_text().replace("+ b[:, np.newaxis]", "- b[:, np.newaxis]"))
    os.utime(built)
    assert "conv_forward in float32 is off by" in only(extension.findings(folder), NOTE).text


def test_an_extension_that_crashes_is_taken_for_one_of_another_processor(folder, compiler):
    (folder / f"cs231n/im2col_cython{SUFFIX}").touch()
    path = folder / "cs231n/doctor/trial.py"
    path.write_text(path.read_text().replace("print(_compare())", "os.abort()"))
    finding = only(extension.findings(folder), NOTE)
    assert "crashes" in finding.text and "another processor" in finding.text


# --- the data -----------------------------------------------------------------------------------------------


@pytest.fixture
def default_root(tmp_path, monkeypatch):
    """An empty folder in place of cs231n/datasets."""
    monkeypatch.setattr(data_utils, "DEFAULT_ROOT", tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A stand-in data set of few pictures, drawn once; read it, do not change it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stand_in, "PER_CLASS", stand_in.CHUNK)
        return stand_in.write_stand_in(tmp_path_factory.mktemp("drawn"))


@pytest.fixture
def linked(drawn, tmp_path, monkeypatch):
    """The same as links, of which some may be replaced."""
    monkeypatch.setattr(data, "IMAGES", 10 * stand_in.CHUNK)
    root = tmp_path / "cifar-10-batches-py"
    root.mkdir()
    for path in drawn.iterdir():
        (root / path.name).symlink_to(path)
    return root


def test_no_data_stops_work_and_both_ways_to_get_some_are_named(default_root):
    finding = only(data.findings(ROOT), STOP)
    assert finding.advice[0] == "python -m cs231n.datasets"
    assert "--stand-in" in finding.advice[1]


def test_without_a_network_the_drawn_data_comes_first(default_root, monkeypatch):
    monkeypatch.setattr(data, "_unreachable", lambda: "www.example.org")
    finding = only(data.findings(ROOT), STOP)
    assert finding.text == "no data set, and no network: www.example.org does not answer"
    assert finding.advice[0].endswith("python -m cs231n.datasets --stand-in")


def test_a_server_that_refuses_is_no_answer_and_one_with_an_error_is_one(monkeypatch):
    monkeypatch.undo()
    refused = urllib.error.HTTPError("http://x", 405, "no", None, None)
    for error, host in ((urllib.error.URLError("no route"), "www.cs.toronto.edu"), (refused, "")):
        monkeypatch.setattr(data.urllib.request, "urlopen", mock.Mock(side_effect=error))
        assert data._unreachable() == host


def test_a_download_that_broke_off_is_remembered(default_root):
    (default_root / "cifar-10-python.tar.gz.part").touch()
    assert "continues the broken download" in only(data.findings(ROOT), STOP).advice[0]


def test_a_wrong_CIFAR10_DIR_is_named_and_the_data_that_it_hides(default_root, monkeypatch, linked):
    monkeypatch.setenv("CIFAR10_DIR", "/no/such/folder")
    finding = only(data.findings(ROOT), STOP)
    assert "CIFAR10_DIR names /no/such/folder" in finding.text
    assert f"unset CIFAR10_DIR (there is a data set in {default_root})" in finding.advice


def test_stand_in_data_is_called_that_and_its_place_is_explained(monkeypatch, linked):
    monkeypatch.setenv("CIFAR10_DIR", str(linked))
    finding = only(data.findings(ROOT), NOTE)
    assert "stand-in data" in finding.text and "as the environment variable CIFAR10_DIR says" in finding.text


def test_the_official_files_are_known_by_their_checksums(monkeypatch, default_root, linked):
    (linked / "batches.meta").unlink()
    (linked / "batches.meta").write_bytes(b"}.")  # an empty dict: not the stand-in's
    assert "not the official files" in only(data.findings(ROOT), NOTE).text
    sums = {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in linked.iterdir()}
    monkeypatch.setattr(data, "OFFICIAL", sums)
    assert only(data.findings(ROOT), GOOD).text.startswith("CIFAR-10, the official files")


@pytest.mark.parametrize("keep", [1000, 0])
def test_a_damaged_batch_is_named(default_root, linked, keep):
    batch = linked / "data_batch_3"
    content = batch.read_bytes()[:keep]
    batch.unlink()
    batch.write_bytes(content)
    finding = only(data.findings(ROOT), STOP)
    assert "damaged" in finding.text and "data_batch_3" in finding.text
    assert finding.advice == ("python -m cs231n.datasets --force",)


# --- notebooks ----------------------------------------------------------------------------------------------


def test_a_kernel_of_another_environment_is_named(monkeypatch, tmp_path):
    spec = {
        "argv": ["/opt/other/bin/python", "-m", "ipykernel_launcher"],
        "display_name": "x",
        "language": "python",
    }
    (tmp_path / "kernels/python3").mkdir(parents=True)
    (tmp_path / "kernels/python3/kernel.json").write_text(json.dumps(spec))
    assert only(jupyter._kernel(), GOOD)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    finding = only(jupyter._kernel(), NOTE)
    assert "/opt/other/bin/python" in finding.text and finding.advice


def test_a_jupyter_of_another_environment_is_named(monkeypatch):
    monkeypatch.setattr(jupyter.shutil, "which", lambda name: f"/opt/other/bin/{name}")
    assert "/opt/other/bin/jupyter-lab" in only(jupyter._jupyter(), NOTE).text


class Installed:
    """What importlib.metadata knows of an installed package."""

    def __init__(self, folder, editable=True):
        self.origin = {"url": Path(folder).as_uri(), "dir_info": {"editable": True} if editable else {}}

    def read_text(self, name):
        return json.dumps(self.origin)


@pytest.mark.parametrize(
    "installed, kind, said",
    [
        ([Installed(ROOT)], GOOD, "this folder's"),
        ([Installed("/opt/a copy/of it")], NOTE, "from another folder, /opt/a copy/of it"),
        ([Installed(ROOT, editable=False)], NOTE, "does not follow your changes"),
        ([], NOTE, "not installed"),
    ],
)
def test_it_says_which_copy_of_the_package_is_installed(monkeypatch, installed, kind, said):
    monkeypatch.setattr(jupyter.metadata, "distributions", lambda name: installed)
    assert said in only(jupyter._copies(ROOT), kind).text


def test_being_in_the_folder_of_another_copy_is_named(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert any("another cs231n" in finding.text for finding in jupyter._copies(ROOT))


def test_files_that_hide_modules_are_named_and_nothing_dies(folder):
    (folder / "my_notes.py").touch()
    for name in ("random", "numpy", "torch", "queue"):
        (folder / f"{name}.py").write_text("raise SystemExit('this file runs')")
    done = run_doctor(folder)
    for name in ("random", "numpy", "torch", "queue"):
        assert f"✗ {name}.py in this folder hides the module {name}" in done.stdout
    assert done.returncode == 1
    assert "my_notes" not in done.stdout and "this file runs" not in done.stdout + done.stderr
    assert "cannot be loaded" not in done.stdout and "Traceback" not in done.stderr
    assert "numpy.py, queue.py, random.py, torch.py in this folder" in done.stderr


# --- Colab --------------------------------------------------------------------------------------------------


def test_colab_is_known_by_its_module_and_otherwise_not_suspected(monkeypatch):
    assert not on_colab()
    google = types.ModuleType("google")
    google.__path__ = []
    module = types.ModuleType("google.colab")
    module.__spec__ = machinery.ModuleSpec("google.colab", None)
    monkeypatch.setitem(sys.modules, "google", google)
    monkeypatch.setitem(sys.modules, "google.colab", module)
    assert on_colab()


def test_on_colab_only_what_is_missing_is_installed_and_no_environment_is_asked_for(colab, folder, monkeypatch):
    versions = {"numpy": "2.0.2", "torch": None}
    monkeypatch.setattr(packages, "_version", lambda name: versions.get(name, "99"))
    monkeypatch.setattr(packages, "_loading", lambda root, names: [])
    found = list(packages.findings(folder))
    assert only(found, STOP).advice == (f'python -m pip install "torch>={TORCH}"',)
    assert not [finding for finding in found if finding.kind == NOTE]
    assert any("Colab's own Python" in finding.text for finding in found)
    versions["typst"] = None
    extra = packages._extra(folder, "pdf", "assignment.pdf", "no matter")
    assert extra.advice == ("to install it: python -m pip install typst",)


def test_on_colab_the_folder_belongs_on_drive_and_the_data_does_not(colab, monkeypatch):
    here, lost = jupyter._colab(Path("/content/a2"))
    assert "type the commands of this page in a cell, with ! in front" in here.text
    assert lost.kind == NOTE and "drive.mount('/content/drive')" in lost.advice[0]
    _, slow = jupyter._colab(Path("/content/drive/MyDrive/a 2"))
    assert "Drive, which is slow" in slow.text and "--dest /content/data" in slow.advice[0]
    assert slow.advice[1] == "%env CIFAR10_DIR=/content/data"
    monkeypatch.setenv("CIFAR10_DIR", "/content/data")
    assert len(list(jupyter._colab(Path("/content/drive/MyDrive/a 2")))) == 1


def test_on_colab_kernels_and_environments_are_not_looked_at(colab, monkeypatch, folder):
    monkeypatch.setattr(jupyter, "_kernel", None)
    assert {finding.kind for finding in jupyter.findings(folder)} == {GOOD, NOTE}


# --- what other systems lack --------------------------------------------------------------------------------


def test_without_the_modules_of_unix_everything_but_the_grader_is_said_to_work(monkeypatch, folder):
    for name in ("fcntl", "resource"):
        monkeypatch.setitem(sys.modules, name, None)
    assert list(machine._grading(folder)) == []  # a student's folder
    (folder / "staff").mkdir()
    finding = only(machine._grading(folder), OPTIONAL)
    assert "no fcntl and no resource" in finding.text and "in WSL" in finding.advice[0]


def test_without_the_modules_of_unix_the_doctor_runs_to_its_end(folder):
    lacks = "sys.modules.update(dict.fromkeys(('fcntl', 'resource', 'pwd', 'grp', 'termios')))"
    done = run_doctor(
        folder, f"{lacks}\nfrom cs231n.doctor import packages\npackages._COMPILED.clear()  # it is slow"
    )
    assert "could not be checked" not in done.stdout and "Traceback" not in done.stderr
    assert done.stdout.splitlines()[-1].startswith("First fix the lines marked ✗")


# --- the machine --------------------------------------------------------------------------------------------


def test_memory_is_found_out_and_little_of_it_is_named(monkeypatch):
    total, free = machine.memory()
    assert 1e8 < free <= total
    monkeypatch.setattr(machine, "memory", lambda: (4e9, 0.9e9))
    assert "0.9 GB of it free" in machine._memory().text and machine._memory().kind == NOTE
    monkeypatch.setattr(machine, "memory", lambda: (8e9, None))  # macOS
    assert machine._memory() == good("memory: 8.0 GB")


@pytest.mark.parametrize("threads", ["0", "many", "4096"])
def test_a_number_of_threads_that_makes_no_sense_is_named(monkeypatch, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    finding = machine._threads()
    assert finding.kind == NOTE and threads in finding.text and "OMP_NUM_THREADS=1" in finding.advice[0]


def test_a_busy_machine_should_use_one_thread(monkeypatch):
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda process: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (3.9, 4, 4))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert "busy" in machine._threads().text
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert machine._threads().kind == GOOD


def test_a_full_disk_and_a_folder_that_is_not_yours_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 3e8))
    assert machine._disk(tmp_path).kind == NOTE and "0.3 GB free" in machine._disk(tmp_path).text
    monkeypatch.setattr(machine.os, "access", lambda path, mode: False)
    assert machine._disk(tmp_path).kind == STOP


def test_a_terminal_that_is_not_utf8_is_named(monkeypatch):
    monkeypatch.setattr(machine.locale, "getpreferredencoding", lambda setlocale: "cp1252")
    finding = machine._characters()
    assert finding.kind == NOTE and "of the files cp1252" in finding.text and "PYTHONUTF8=1" in finding.advice[0]


def test_paths_that_make_trouble_are_named(monkeypatch):
    assert "synchronised (onedrive)" in only(machine._path(Path("/home/a/OneDrive/a2")), NOTE).text
    assert list(machine._path(Path("/home/a b/é"))) == []
    monkeypatch.setattr(machine.sys, "platform", "win32")
    assert "letters" in only(machine._path(Path("/users/é/a2")), NOTE).text
    assert "characters" in only(machine._path(Path("/users/" + 120 * "a")), NOTE).text
