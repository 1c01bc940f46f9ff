"""staff.release.build: the release of this source, and what it refuses."""

import ast
import json
import os
import re
import subprocess
import sys

import nbformat
import numpy as np
import pytest

import cs231n.checks.exercises  # noqa: F401 - registers the checks
from cs231n.checks.registry import checks_of
from cs231n.checks.run import run_check
from cs231n.checks.subject.client import Subject
from cs231n.submit.blanks import blanks
from staff import ROOT
from staff.misconceptions.subject import executed, transport
from staff.release import modules, notebooks
from staff.release.build import build
from staff.release.errors import ReleaseError
from staff.release.rubric import PATH, BlockOwners
from tests.staff.release.conftest import NOTEBOOK, cell, dump
from tests.staff.release.golden import FOLDER, expected
from tests.staff.release.leaks import leaks, searchable, solution_lines

RUBRIC = BlockOwners(ROOT / PATH)
NOTEBOOKS = sorted(path.name for path in ROOT.glob("*.ipynb"))


def edit(source, name, old, new):
    path = source / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


# --- golden copies ------------------------------------------------------------------------------------------


def test_the_release_is_as_its_golden_copies_or_they_are_to_be_written_anew():
    golden = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt")}
    assert golden == expected(), "look at the difference, then: python -m tests.staff.release.golden"


def test_building_twice_gives_the_same_bytes(release):
    assert build() == release


# --- leaks --------------------------------------------------------------------------------------------------


def test_no_solution_line_is_in_the_release_unless_the_source_has_it_outside_of_the_blocks(release):
    """With the blocks cut out, nothing else, of the solved source: what is found there is no leak."""
    outside = {}
    for name in release:
        if name in RUBRIC.files():
            kind = notebooks if name.endswith(".ipynb") else modules
            solved = (ROOT / name).read_text(encoding="utf-8")
            named = kind.named_blocks(name, solved)
            outside[name] = kind.blank(name, solved, dict.fromkeys(named, "")).encode()
        elif (ROOT / name).is_file() and name != "README.md":
            outside[name] = (ROOT / name).read_bytes()
    assert len(solution_lines()) > 200
    assert set(leaks(release)) <= set(leaks(outside))


@pytest.mark.parametrize("where", ["comment", "output", "metadata", "README"])
def test_the_hunt_finds_a_line_wherever_it_hides(release, where):
    line = "dx = gamma / std * (dout - dbeta / N - xhat * (dgamma / N))"
    assert line in solution_lines() and line not in leaks(release)
    notebook = json.loads(release["Dropout.ipynb"])
    if where == "output":
        notebook["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["a\n", line]}]
    elif where == "metadata":
        notebook["metadata"]["note"] = {line: 1}
    planted = {
        "Dropout.ipynb": json.dumps(notebook).encode(),
        "cs231n/solver.py": release["cs231n/solver.py"] + f"# was:   {line}\n".encode() * (where == "comment"),
        "README.md": release["README.md"] + f"`{line}`".encode() * (where == "README"),
    }
    assert leaks(planted)[line]


def test_nothing_of_the_staff_and_the_tests_is_in_the_release(release):
    assert not [name for name in release if name.startswith(("staff/", "tests/", "docs/", "."))]
    for name, data in release.items():
        if name.endswith((".py", ".pyx")):
            assert not re.search(r"^(from|import) (staff|tests)\b", searchable(name, data), re.MULTILINE), name


# --- it works -----------------------------------------------------------------------------------------------

USE = """
import importlib.util, pathlib, sys, warnings
sys.path.insert(0, ".")
warnings.simplefilter("ignore")  # the extension is not built
for path in sorted(pathlib.Path("cs231n").rglob("*.py")):
    if path.name != "__main__.py" and (path.name != "tensorflow.py" or importlib.util.find_spec("tensorflow")):
        importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
import numpy as np
from cs231n import layers
assert pathlib.Path(layers.__file__).parent.parent == pathlib.Path.cwd()
try:
    layers.affine_forward(np.ones((1, 2)), np.ones((2, 3)), np.ones(3))
except NotImplementedError as error:
    print(error)
"""


def test_every_module_of_the_release_imports_and_a_blank_says_what_to_write(release_folder):
    done = subprocess.run(
        [sys.executable, "-c", USE],
        cwd=release_folder.resolve(),
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "affine_forward (Q1): cs231n/layers.py\n"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_released_notebook_opens_and_keeps_its_cells(release, name):
    released = nbformat.reads(release[name].decode(), as_version=nbformat.NO_CONVERT)
    nbformat.validate(released)
    solved = nbformat.read(ROOT / name, as_version=nbformat.NO_CONVERT)
    assert [cell.id for cell in released.cells] == [cell.id for cell in solved.cells]
    assert all(cell.get("execution_count") is None and not cell.get("outputs") for cell in released.cells)


# --- blanks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [block for block in RUBRIC.blocks if block.split(":")[0].endswith(".py")])
def test_each_blank_alone_raises_the_message_that_names_exercise_and_file(release, block):
    path, _ = block.split(":")
    solved = (ROOT / path).read_text(encoding="utf-8")
    others = modules.named_blocks(path, solved).keys() - {block}
    source = modules.fill(path, release[path].decode(), solved, others)
    changed = path.removeprefix("cs231n/").removesuffix(".py").replace("/", ".")
    subject = Subject(transport({changed: executed(changed, source)}))
    exercise, question = RUBRIC.blocks[block]
    results = [run_check(one, subject, np.random.default_rng(0)) for one in checks_of(exercise)]
    said = {result.message.summary for result in results if result.verdict == "not_implemented"}
    assert said == {f"NotImplementedError: {exercise} ({question}): {path}"}, (
        f"no check of {exercise} calls what stands in {block}"
    )
    assert block in RUBRIC.exercises[exercise]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_blanks_of_a_notebook_are_code_that_raises_the_message_of_its_cell(release, name):
    for item in json.loads(release[name])["cells"]:
        source, block = "".join(item["source"]), f"{name}:{item['id']}"
        if item["cell_type"] == "code" and (messages := blanks(source)):
            ast.parse(source)
            ids = [block] if len(messages) == 1 else [f"{block}.{i + 1}" for i in range(len(messages))]
            assert messages == [RUBRIC.message(block_id) for block_id in ids]


# --- what is refused ----------------------------------------------------------------------------------------


def test_a_small_source_makes_a_release(source):
    release = build(source)
    assert b"doubling (Q1): cs231n/layers.py" in release["cs231n/layers.py"]
    assert b"Because" not in release["Play.ipynb"]


@pytest.mark.parametrize(
    "name, old, new, problem",
    [
        ("cs231n/layers.py", "    out = 2 * x\n", "    ### BEGIN SOLUTION\n", "cs231n/layers.py:7: .* inside the"),
        ("cs231n/layers.py", "    return out", "    ### END SOLUTION\n", "cs231n/layers.py:9: .* without a"),
        ("cs231n/__init__.py", "", "### BEGIN SOLUTION", "cs231n/__init__.py:1: .* no exercise is expected"),
        ("pyproject.toml", "[tool", "# BEGIN SOLUTION\n[tool", "pyproject.toml:4: .* no exercise is expected"),
        ("cs231n/layers.py", "def double", "def twice", "cs231n/layers.py:6: a block of no exercise"),
        (
            "cs231n/layers.py",
            "def double",
            "def twice",
            "rubric.toml: doubling lists cs231n/layers.py:double, but",
        ),
        ("Play.ipynb", "# Play", "### BEGIN SOLUTION", "Play.ipynb, cell title, line 1"),
        (
            "Play.ipynb",
            "### BEGIN SOLUTION\\n",
            "pass\\n",
            "Play.ipynb, cell play, line 4: .* without a",
        ),
        ("Play.ipynb", '"play"', '"game"', "Play.ipynb, cell game, line 2: a block of no exercise"),
        ("Play.ipynb", '"why-answer"', '"answer"', "Play.ipynb, cell answer: an answer of no manual item"),
        ("Play.ipynb", '"why-answer"', '"answer"', "rubric.toml: why-answer lists .* but there is no such cell"),
    ],
)
def test_source_and_rubric_that_do_not_fit_are_refused_with_file_and_line(source, name, old, new, problem):
    edit(source, name, old, new)
    with pytest.raises(ReleaseError, match=problem):
        build(source)


def test_an_exercise_whose_cell_holds_no_block_is_refused(source):
    cells = [item | {"source": ["f()"]} if item["id"] == "play" else item for item in NOTEBOOK["cells"]]
    (source / "Play.ipynb").write_text(dump(NOTEBOOK | {"cells": cells}), encoding="utf-8")
    with pytest.raises(ReleaseError, match="net lists Play.ipynb:play, but there is no such solution block"):
        build(source)


def test_problems_of_all_files_are_told_at_once(source):
    edit(source, "cs231n/__init__.py", "", "### END SOLUTION")
    edit(source, "cs231n/layers.py", "def double", "def twice")
    (source / "Play.ipynb").write_text(dump(NOTEBOOK | {"cells": [cell("raw", "x", "# END SOLUTION")]}))
    with pytest.raises(ReleaseError) as caught:
        build(source)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "Play.ipynb, cell x, line 1",
        "cs231n/__init__.py",
        "cs231n/layers.py",
        "cs231n/checks/rubric.toml",
    ]


def test_a_folder_without_a_rubric_is_refused(tmp_path):
    with pytest.raises(ReleaseError, match="rubric.toml: not in"):
        build(tmp_path)


USER = "from cs231n import new\nfrom cs231n.new import X\n"


def test_a_file_that_git_does_not_track_is_asked_for_where_the_release_needs_it(source):
    for name, text in {"cs231n/new.py": "X = 1\n", "cs231n/notes.py": "", "cs231n/user.py": USER}.items():
        (source / name).write_text(text, encoding="utf-8")
    for words in (["init", "-q"], ["add", "."], ["rm", "-q", "--cached", "cs231n/new.py", "cs231n/notes.py"]):
        subprocess.run(["git", *words], cwd=source, check=True)
    with pytest.raises(ReleaseError) as caught:
        build(source)
    how = "imports cs231n/new.py, which git does not track: git add it"
    assert caught.value.problems == (f"cs231n/user.py:1: {how}", f"cs231n/user.py:2: {how}")
    subprocess.run(["git", "add", "cs231n/new.py"], cwd=source, check=True)
    assert "cs231n/notes.py" not in build(source)
    subprocess.run(["git", "rm", "-q", "--cached", "cs231n/layers.py"], cwd=source, check=True)
    with pytest.raises(ReleaseError, match="rubric.toml: lists blocks of cs231n/layers.py, which git does not"):
        build(source)
