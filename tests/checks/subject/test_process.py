"""The subject's process: what breaks, hangs or ends it costs the check at hand and nothing else."""

import os
import time
from pathlib import Path

import pytest

from cs231n.checks.session import Session
from cs231n.checks.subject.client import Subject, SubjectFailure
from cs231n.checks.subject.process import SubjectProcess, _Process

LIMIT = 2.0  # seconds for a check; the code under test needs a thousandth of it


def rewrite(student, file, old, new):
    """Replace the first occurrence of `old` in a file of the package."""
    path = student / "cs231n" / file
    source = path.read_text(encoding="utf-8")
    assert old in source
    path.write_text(source.replace(old, new, 1), encoding="utf-8")


def in_relu(student, line):
    """Put a line at the start of relu_forward."""
    rewrite(
        student,
        "layers.py",
        '    x = _valid.float_array("x", x)\n',
        f'    {line}\n    x = _valid.float_array("x", x)\n',
    )


def outcomes(student, *names, **limits):
    """Check exercises in processes of their own and return their outcomes by name."""
    with SubjectProcess(student, **limits) as transport:
        session = Session(transport, limit=LIMIT)
        return {name: session.outcome(name) for name in names}


def verdicts(student, *names):
    return {name: outcome.verdict for name, outcome in outcomes(student, *names).items()}


def test_the_solution_passes_in_a_process_of_its_own(student):
    assert verdicts(student, "affine_forward", "two_layer_net") == {
        "affine_forward": "passed",
        "two_layer_net": "passed",
    }


BREAKS = {
    "while True: pass": "timeout",
    "import time; time.sleep(60)": "timeout",
    "import sys; sys.setrecursionlimit(2000); relu_forward(x)": "error",
    "import os; os._exit(0)": "crashed",
    "import ctypes; ctypes.string_at(0)": "crashed",
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)": "crashed",
    "import sys; sys.exit(0)": "error",
    "raise KeyboardInterrupt": "error",
    "import no_such_package": "error",
    "input()": "error",
    "raise NotImplementedError": "not_implemented",
    "return": "failed",
    "return np.empty((2, 2), object), x": "failed",
    "return [[[[[[[[[[[x]]]]]]]]]]], x": "failed",
}


@pytest.mark.parametrize("line", BREAKS)
def test_an_exercise_that_breaks_leaves_the_others_their_points(student, line):
    if os.name == "nt" and "SIGKILL" in line:
        pytest.skip("Windows has no SIGKILL")
    in_relu(student, line)
    found = outcomes(student, "relu_forward", "relu_backward", "affine_forward", "two_layer_net")
    assert {name: outcome.verdict for name, outcome in found.items()} == {
        "relu_forward": BREAKS[line],
        "relu_backward": "passed",
        "affine_forward": "passed",
        "two_layer_net": "blocked",
    }
    assert found["two_layer_net"].needs == ("relu_forward",)


@pytest.mark.parametrize(
    "line",
    [
        "print('x' * 10_000_000)",
        "import os; os.write(1, b'x' * 10_000_000)",
        "import sys; sys.stderr.write('x' * 10_000_000)",
        "import warnings; warnings.warn('look here')",
        "import sys; sys.stdin.read()",
        "np.seterr(all='raise')",
    ],
)
def test_what_the_code_prints_or_reads_does_not_matter(student, line):
    in_relu(student, line)
    assert verdicts(student, "relu_forward") == {"relu_forward": "passed"}


def test_a_loop_costs_one_check_its_time_and_says_where_it_is(student):
    in_relu(student, "while True: pass")
    outcome = outcomes(student, "relu_forward")["relu_forward"]
    assert len(outcome.results) == 1
    line = 1 + next(
        n
        for n, text in enumerate((student / "cs231n/layers.py").read_text().splitlines())
        if text.strip() == "while True: pass"
    )
    assert outcome.results[0].frames[-1][:3] == ("cs231n/layers.py", line, "relu_forward")
    assert f"cs231n/layers.py, line {line}" in outcome.results[0].message.summary


def test_a_crash_says_how_and_where(student):
    in_relu(student, "import ctypes; ctypes.string_at(0)")
    result = outcomes(student, "relu_forward")["relu_forward"].results[0]
    assert result.frames[-1][0] == "cs231n/layers.py"
    if os.name == "posix":
        assert "SIGSEGV" in result.message.summary


def test_what_the_code_started_ends_with_it(student, tmp_path):
    if os.name != "posix":
        pytest.skip("needs process groups")
    note = tmp_path / "pid"
    in_relu(
        student,
        "import subprocess; p = subprocess.Popen(['sleep', '60']); "
        f"open({str(note)!r}, 'w').write(str(p.pid)); p.wait()",
    )
    assert verdicts(student, "relu_forward") == {"relu_forward": "timeout"}
    pid = int(note.read_text())
    for _ in range(50):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the child is still running")


# --- files that cannot be imported ----------------------------------------------------------------------------


def test_a_syntax_error_takes_what_needs_the_file_and_shows_the_line(student):
    rewrite(student, "layers.py", "def relu_forward(x):", "def relu_forward(x:")
    found = outcomes(student, "relu_forward", "two_layer_net", "adam")
    assert {name: outcome.verdict for name, outcome in found.items()} == {
        "relu_forward": "import_error",
        "two_layer_net": "import_error",
        "adam": "passed",
    }
    message = found["two_layer_net"].results[0].message
    assert message.summary.startswith("SyntaxError: ")
    assert message.where[0].startswith("cs231n/layers.py, line ")
    assert message.where[1].strip() == "def relu_forward(x:"


def test_a_broken_net_leaves_the_layers(student):
    (student / "cs231n/classifiers/fc_net.py").write_text("no_such_name\n")
    found = outcomes(student, "affine_forward", "two_layer_net", "three_layer_conv_net")
    assert [outcome.verdict for outcome in found.values()] == ["passed", "import_error", "passed"]
    message = found["two_layer_net"].results[0].message
    assert message.summary.startswith("NameError: name 'no_such_name'")
    assert message.where == ("cs231n/classifiers/fc_net.py, line 1, in <module>", "    no_such_name")


def test_an_import_that_nothing_uses_costs_nothing_and_one_that_is_used_its_function(student):
    path = student / "cs231n/layers.py"
    text = path.read_text(encoding="utf-8").replace(
        "import numpy as np\n", "import numpy as np\nimport sympy\n", 1
    )
    path.write_text(text, encoding="utf-8")
    in_relu(student, "sympy.Symbol")
    found = outcomes(student, "affine_forward", "relu_forward")
    assert [outcome.verdict for outcome in found.values()] == ["passed", "error"]
    message = found["relu_forward"].results[0].message
    assert message.summary == "ModuleNotFoundError: relu_forward uses sympy, which is not available"


@pytest.mark.parametrize(
    "line, verdict",
    [("import time; time.sleep(60)", "timeout"), ("import os; os._exit(3)", "crashed"), ("1 / 0", "import_error")],
)
def test_a_file_that_hangs_or_crashes_on_import_is_imported_once(student, monkeypatch, line, verdict):
    path = student / "cs231n/optim.py"
    path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    starts, start = [], _Process._start
    monkeypatch.setattr(_Process, "_start", lambda self: (starts.append(self), start(self)))
    found = outcomes(student, "sgd_momentum", "rmsprop", "adam", "relu_forward", import_limit=LIMIT)
    assert [outcome.verdict for outcome in found.values()] == [verdict, verdict, verdict, "passed"]
    assert len(starts) == (1 if verdict == "import_error" else 2)


@pytest.mark.parametrize("module", ["torch", "scipy.special", "cs231n.fast_layers", "matplotlib.pyplot"])
def test_what_is_not_there_where_layers_are_graded_is_not_there_here(student, module):
    in_relu(student, f"import {module}")
    found = outcomes(student, "two_layer_net", "relu_forward", "affine_forward", "three_layer_conv_net")
    assert found["relu_forward"].verdict == "error"
    message = found["relu_forward"].results[0].message.summary
    assert message.startswith("ModuleNotFoundError") and "when layers.py and optim.py are graded" in message
    assert found["affine_forward"].verdict == "passed"


def test_the_nets_have_the_given_modules_and_no_framework(student):
    path = student / "cs231n/classifiers/fc_net.py"
    text = (
        path.read_text(encoding="utf-8")
        + "\nfrom cs231n import solver  # needs tqdm\nimport torch\ntorch.tensor\n"
    )
    path.write_text(text, encoding="utf-8")
    found = outcomes(student, "two_layer_net", "three_layer_conv_net")
    assert [outcome.verdict for outcome in found.values()] == ["passed", "passed"]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"x = '\xe9'", b"\x00", b""])
def test_a_file_that_is_no_text_is_an_import_error_or_lacks_the_function(student, content):
    (student / "cs231n/optim.py").write_bytes(content)
    found = outcomes(student, "adam", "relu_forward")
    assert found["adam"].verdict in ("import_error", "error")
    assert found["relu_forward"].verdict == "passed"


# --- the transport itself -------------------------------------------------------------------------------------


def test_a_check_has_its_time_again_after_another_used_it_up(student):
    in_relu(student, "import time; time.sleep(60)")
    with SubjectProcess(student) as transport:
        subject = Subject(transport)
        for _ in range(2):
            subject.reset(0, 0.2)
            with pytest.raises(SubjectFailure, match="no answer after 0.2 seconds"):
                subject.call("layers.relu_forward", 1.0)
        subject.reset(0, LIMIT)
        assert len(subject.stream()) == 2


def test_closing_ends_the_process(student):
    with SubjectProcess(student) as transport:
        Subject(transport).reset(0, LIMIT)
        process = transport._current._process
    assert process.poll() is not None
