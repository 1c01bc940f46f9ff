"""cs231n.colab: the first and the last cell of the notebooks on Google Colab, simulated, and elsewhere."""

import os
import subprocess
import sys
import types
from pathlib import Path

import nbformat
import pytest

from cs231n import colab
from staff import ROOT
from staff.run import NOTEBOOKS


def cell(name, position):
    return nbformat.read(ROOT / f"{name}.ipynb", as_version=4).cells[position]


@pytest.fixture
def machine(monkeypatch):
    """Take this machine for one of Colab; returns the folder that was mounted, as a list."""
    mounted = []
    package, module, drive = (types.ModuleType(name) for name in ("google", "google.colab", "google.colab.drive"))
    drive.mount = mounted.append
    module.drive = drive
    for fake in (package, module, drive):
        monkeypatch.setitem(sys.modules, fake.__name__, fake)
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release-colab")
    return mounted


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder of an assignment whose path has spaces, as Drive has them."""
    folder = tmp_path / "MyDrive" / "my course" / "a 2"
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text("numpy>=2.0\njupyter>=1.1\n")
    monkeypatch.delenv("CIFAR10_DIR", raising=False)
    return folder


@pytest.fixture
def commands(monkeypatch):
    """Replace the starting of processes; returns the commands, and a dict: part of a command -> exit status."""
    made, statuses = [], {}

    def run(command, *, cwd, **options):
        made.append((command[1:], cwd))
        status = next((code for part, code in statuses.items() if part in command), 0)
        return subprocess.CompletedProcess(command, status, "what it said")

    monkeypatch.setattr(colab.subprocess, "run", run)
    monkeypatch.setattr(colab.importlib.util, "find_spec", lambda name: None)
    return made, statuses


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_notebook_has_the_same_two_cells(name):
    for position, cell_id in ((1, "colab"), (-1, "hand-in")):
        assert cell(name, position).id == cell_id
        assert cell(name, position).source == cell("Dropout", position).source


def test_elsewhere_the_first_cell_does_nothing_and_the_last_names_the_command(monkeypatch, capsys):
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)
    monkeypatch.setattr(os, "chdir", lambda path: pytest.fail("left the folder"))
    before = list(sys.path)
    exec(cell("Dropout", 1).source, {})
    exec(cell("Dropout", -1).source, {})
    assert sys.path == before
    [line] = capsys.readouterr().out.splitlines()
    assert line.endswith("-m cs231n.submit")


def test_on_colab_the_first_cell_mounts_drive_goes_to_the_folder_and_prepares(machine, folder, monkeypatch):
    prepared = []
    monkeypatch.setattr(colab, "prepare", lambda: prepared.append(os.getcwd()))
    monkeypatch.setattr(sys, "path", list(sys.path))
    chdir, drive = os.chdir, str(folder.parents[2])
    monkeypatch.setattr(os, "chdir", lambda path: chdir(path.replace("/content/drive", drive)))
    home = os.getcwd()
    try:
        exec(cell("Dropout", 1).source.replace("MyDrive/a2-student", "MyDrive/my course/a 2"), {})
    finally:
        chdir(home)
    assert machine == ["/content/drive"]
    assert prepared == [str(folder)] and sys.path[0] == str(folder)


def test_prepare_downloads_to_the_local_disk_and_says_that_the_fast_layers_use_numpy(
    machine, folder, commands, monkeypatch, capsys
):
    made, statuses = commands
    statuses["--editable"] = 1
    monkeypatch.setattr(os, "environ", dict(os.environ))
    colab.prepare(folder, folder.parent / "data")
    assert [command for command, _ in made] == [
        ["-m", "cs231n.datasets", "--dest", str(folder.parent / "data")],
        ["-m", "pip", "install", "--quiet", "--no-deps", "--editable", "."],
    ]
    assert {cwd for _, cwd in made} == {folder}
    assert os.environ["CIFAR10_DIR"] == str(folder.parent / "data")
    packages, data, layers = capsys.readouterr().out.splitlines()
    assert packages == "Packages: all there." and data.startswith("Data: ") and "use NumPy" in layers


def test_prepare_installs_what_is_missing_and_keeps_every_installed_version(folder, commands, monkeypatch):
    made, _ = commands
    (folder / "requirements.txt").write_text("numpy>=2.0\nno-such-package>=1.5\n")
    kept = []

    def python(root, *arguments):
        kept.append(Path(arguments[arguments.index("--constraint") + 1]).read_text())
        made.append(arguments)
        return subprocess.CompletedProcess(arguments, 0, "")

    monkeypatch.setattr(colab, "_python", python)
    assert colab._install(folder) == "Packages: installed no-such-package."
    assert made[0][-1] == "no-such-package>=1.5"
    assert any(line.startswith("numpy==") for line in kept[0].splitlines())


def test_a_download_that_fails_is_told_and_leaves_the_setting_alone(folder, commands, monkeypatch):
    commands[1]["cs231n.datasets"] = 1
    monkeypatch.setattr(os, "environ", dict(os.environ))
    assert "could not be downloaded" in colab._fetch(folder, folder / "data")
    assert "CIFAR10_DIR" not in os.environ


def test_data_that_is_named_already_is_not_fetched_again(folder, commands, monkeypatch):
    monkeypatch.setenv("CIFAR10_DIR", "/content/data")
    assert colab._fetch(folder, folder / "data") == "Data: /content/data."
    assert commands[0] == []


def test_on_colab_the_last_cell_hands_in(machine, folder, commands, capsys):
    colab.hand_in(folder)
    assert commands[0] == [(["-m", "cs231n.submit"], folder)]
    assert capsys.readouterr().out == "what it said\n"
