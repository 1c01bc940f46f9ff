"""Small changes to the solution: what is generated, how it is judged, and that the list of survivors is true."""

import dataclasses
import subprocess
import sys

import pytest

from cs231n.checks.rubric import load_rubric
from staff.mutation import __main__ as mutation
from staff.mutation.__main__ import ROOT
from staff.mutation.judge import judge
from staff.mutation.mutants import generate
from staff.mutation.survivors import explained, split
from staff.release.modules import named_blocks


@pytest.fixture(scope="module")
def relu():
    """Return the mutants of relu_backward."""
    mutation.import_torch()
    return generate(ROOT, ["relu_backward"])


def changed(mutant, source):
    return dataclasses.replace(mutant, source=source)


def test_every_mutant_changes_a_line_of_its_block_and_nothing_else(relu):
    solved = (ROOT / "cs231n" / "layers.py").read_text(encoding="utf-8")
    assert {mutant.before for mutant in relu} == {"dx = dout * (x > 0)"}
    assert {"dx = dout / (x > 0)", "dx = dout * (x >= 0)", "dx = dout * (x < 0)", "dx = dout", "pass"} <= {
        mutant.after for mutant in relu
    }
    for mutant in relu:
        assert (mutant.block, mutant.exercises) == ("cs231n/layers.py:relu_backward", ("relu_backward",))
        pairs = zip(solved.splitlines(), mutant.source.splitlines(), strict=True)
        assert [k for k, (old, new) in enumerate(pairs, start=1) if old != new] == [mutant.line]


def test_the_command_has_the_checks_without_help_from_other_modules():
    code = "import staff.mutation.judge; from cs231n.checks import registry; assert registry.checks_of('adam')"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_change_is_noticed_and_no_change_survives(relu):
    assert all(judge(mutant, ROOT, 1).outcome == "killed" for mutant in relu)
    solved = (ROOT / "cs231n" / "layers.py").read_text(encoding="utf-8")
    assert judge(changed(relu[0], solved), ROOT, 1).outcome == "survived"


@pytest.mark.parametrize(
    "line, outcome, limit",
    [("while True: pass", "timeout", 1), ("__import__('os')._exit(1)", "crashed", 60), (")", "killed", 60)],
)
def test_a_mutant_that_hangs_or_crashes_is_an_outcome_of_its_own(relu, line, outcome, limit):
    solved = (ROOT / "cs231n" / "layers.py").read_text(encoding="utf-8")
    wrong = changed(relu[0], solved.replace("dx = dout * (x > 0)\n", f"{line}\n"))
    assert judge(wrong, ROOT, 1, limit).outcome == outcome


def test_every_explained_line_is_still_in_its_block():
    for block, before, _ in explained():
        path, source = block.split(":")[0], (ROOT / block.split(":")[0]).read_text(encoding="utf-8")
        lines = [line.strip() for line in named_blocks(path, source)[block].text.splitlines()]
        assert before in lines, (block, before)
    assert all(len(reason) > 20 for reason in explained().values())


def test_survivors_without_a_reason_and_reasons_without_a_survivor_are_told_apart(relu):
    known, new = relu[:2]
    gone = ("cs231n/layers.py:relu_backward", "a", "b")
    assert split([known, new], [known.key, gone]) == ([new], [gone])


def test_the_command_counts_and_its_status_says_whether_all_is_explained(capsys, monkeypatch):
    monkeypatch.setattr(mutation, "generate", lambda root, names: generate(root, names)[:3])
    assert mutation.main(["relu_backward", "--seeds", "1"]) == 0
    assert "layers.py:relu_backward" in capsys.readouterr().out
    solved = (ROOT / "cs231n" / "layers.py").read_text(encoding="utf-8")
    monkeypatch.setattr(
        mutation, "generate", lambda root, names: [changed(one, solved) for one in generate(root, names)[:1]]
    )
    assert mutation.main(["relu_backward", "--seeds", "1"]) == 1
    assert "no check notices" in capsys.readouterr().out
    monkeypatch.setattr(mutation, "try_solution", lambda root, names: f"killed {names[0]}.values")
    assert mutation.main(["relu_backward"]) == 1
    assert capsys.readouterr().out == "the solution itself does not pass: killed relu_backward.values\n"
    with pytest.raises(SystemExit):
        mutation.main(["no_such_exercise"])


@pytest.mark.slow
def test_the_checks_notice_every_change_that_is_not_explained(capsys):
    names = [name for name, exercise in load_rubric().exercises.items() if not exercise.in_notebook]
    assert mutation.main(names) == 0, capsys.readouterr().out
