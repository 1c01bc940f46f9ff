"""Sandboxes: the solution passes in them, with and without bubblewrap, nobody forges, and nothing stays behind."""

import os
import shutil
import tempfile
import time

import numpy as np
import pytest

from cs231n.checks import registry
from cs231n.checks.rubric import load_rubric
from cs231n.checks.run import run_check
from cs231n.checks.session import Session
from cs231n.checks.subject.client import Subject
from staff.grade.sandbox import bubblewrap, users, without_bubblewrap
from staff.grade.sandbox.isolation import isolation
from staff.grade.sandbox.sandbox import Sandbox
from tests.staff.grade.attacks.runtime import SOCKETS
from tests.staff.grade.sandboxes import LIMIT, SMALL, need_bubblewrap, processes, solved, verdicts

AUTOMATIC = [name for name, exercise in load_rubric().exercises.items() if not exercise.in_notebook]


def test_the_solution_passes_every_check():
    need_bubblewrap()
    with Sandbox(solved()) as sandbox:
        session = Session(sandbox.transport())
        assert {name for name in AUTOMATIC if session.outcome(name).verdict != "passed"} == set()
        users = sandbox.users
    assert processes(users) == []


# --- forgery --------------------------------------------------------------------------------------------------

FRAMES = [
    b'{"dict": [["value", true]]}',
    b'{"dict": [["value", {"tuple": [{"unknown": "array"}, 0]}], ["dicts", {"dict": []}], ["args", null]]}',
    b'{"dict": [["value", "passed"], ["verdict", "passed"], ["dicts", {"dict": []}], ["args", {"list": []}]]}',
    b'{"dict": [["failure", {"dict": [["verdict", "passed"]]}]]}',
    b'"passed"',
    b"null",
]
FORGERIES = {
    "one frame for everything": "for s in sockets(): os.write(s, frame({frame}))\nwhile True: pass",
    "a stream of frames": "while True:\n    for s in sockets(): os.write(s, frame({frame}))",
    "a patched worker": """
import sys
sys.modules["cs231n.checks.subject.host"].encode_reply = lambda reply: frame({frame})[8:]
sys.modules["cs231n.checks.subject.wire"].encode = lambda *a, **k: frame({frame})[8:]
""",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_frames_without_right_numbers_earn_nothing(name):
    need_bubblewrap()
    names = [name for name in AUTOMATIC if load_rubric().exercises[name].module == "cs231n.layers"]
    attacked = dict(zip(names, FRAMES))
    text = ""
    for function, frame in attacked.items():
        attack = SOCKETS + FORGERIES[name].replace("{frame}", repr(frame))
        body = "\n".join(f"    {line}" for line in attack.strip().splitlines())
        text += f"\ndef {function}(*args):\n{body}\n"
    with Sandbox(solved(layers=text), resources=SMALL) as sandbox:
        session = Session(sandbox.transport(), limit=0.3)
        found = {name: session.outcome(name).verdict for name in attacked}
        assert Session(sandbox.transport(), limit=LIMIT).outcome("sgd_momentum").verdict == "passed"
    assert "passed" not in found.values() and "grader_error" not in found.values()


# --- what carries over ----------------------------------------------------------------------------------------

KEEPING = """
import ctypes, mmap, os, threading
_shared = mmap.mmap(-1, 4096)
_right = relu_forward
def relu_forward(x):
    seen = _shared[0] or os.path.exists("/tmp/seen")
    _shared[0] = 1
    open("/tmp/seen", "w").close()
    if os.fork() == 0:
        while True: os.stat("/")
    return np.full_like(x, seen), x
"""


def test_nothing_carries_over_from_one_transport_to_another():
    need_bubblewrap()
    with Sandbox(solved(layers=KEEPING), resources=SMALL) as sandbox:
        for _ in range(2):
            subject = Subject(sandbox.transport())
            subject.reset(0, LIMIT, "relu_forward")
            out, _ = subject.call("layers.relu_forward", np.ones(2))
            np.testing.assert_array_equal(out, 0)


def test_two_transports_take_turns():
    need_bubblewrap()
    with Sandbox(solved()) as sandbox:
        one, other = sandbox.transport(), sandbox.transport()
        for transport in (one, other, one):
            found = run_check(registry.checks_of("adam")[0], Subject(transport), np.random.default_rng(0))
            assert found.verdict == "passed"


def test_a_module_that_cannot_be_imported_is_not_waited_for_again():
    need_bubblewrap()
    with Sandbox(solved(optim="\nwhile True: pass\n"), import_limit=0.5, resources=SMALL) as sandbox:
        start = time.monotonic()
        for _ in range(30):
            found = Session(sandbox.transport(), limit=LIMIT).outcome("adam")
            assert found.verdict == "timeout"
        assert "while importing cs231n.optim" in found.missed[0].message.summary
        assert time.monotonic() - start < 10  # thirty imports would take fifteen seconds at least


# --- the sandbox itself -----------------------------------------------------------------------------------------


def test_closing_ends_everything_and_leaves_no_file():
    before = set(os.listdir(tempfile.gettempdir()))
    sandbox = Sandbox(solved())
    assert Session(sandbox.transport(), limit=LIMIT).outcome("relu_forward").verdict == "passed"
    users = sandbox.users
    sandbox.close()
    sandbox.close()
    assert processes(users) == []
    left = set(os.listdir(tempfile.gettempdir())) - before
    assert not [name for name in left if name.startswith("cs231n-sandbox")]


def test_settings_of_openblas_pass_and_nothing_else(monkeypatch):
    need_bubblewrap()
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    monkeypatch.setenv("COURSE_SECRET", "x")
    text = """
import os
assert os.environ["OPENBLAS_CORETYPE"] == "Haswell" and os.environ["OPENBLAS_NUM_THREADS"] == "1"
others = [name for name in os.environ if not name.endswith("_NUM_THREADS") and not name.startswith("OPENBLAS_")]
assert set(others) <= {"PATH", "LANG", "PWD", "LC_CTYPE"}, others
"""
    assert verdicts(solved(layers=text), "relu_forward") == {"relu_forward": "passed"}


def test_a_check_without_an_exercise_is_a_mistake():
    with pytest.raises(ValueError, match="exercise is None"):
        Sandbox({}).transport().reset(1.0)


# --- without bubblewrap -----------------------------------------------------------------------------------------


@pytest.fixture
def reduced(monkeypatch):
    """No bubblewrap; under root the interpreter may be out of reach for others, so the worker stays who it is."""
    monkeypatch.setattr(bubblewrap, "problem", lambda: "bubblewrap is not installed")
    monkeypatch.setattr(users, "claim", lambda: None)


def test_without_bubblewrap_isolation_is_reduced_and_says_so(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    bubblewrap.problem.cache_clear()
    try:
        assert isolation().startswith("reduced: ") and "bubblewrap" in isolation()
    finally:
        bubblewrap.problem.cache_clear()


def test_without_bubblewrap_the_solution_passes_and_a_crash_costs_one_exercise(reduced):
    text = "\nimport os\ndef relu_forward(x): os._exit(0)\ndef relu_backward(*x):\n    while True: pass\n"
    with Sandbox(solved(layers=text)) as sandbox:
        session = Session(sandbox.transport(), limit=LIMIT)
        names = (
            "affine_forward",
            "relu_forward",
            "relu_backward",
            "affine_backward",
            "adam",
            "three_layer_conv_net",
        )
        found = {name: session.outcome(name).verdict for name in names}
        folder = sandbox._starters[True, False]._folder
        assert folder.exists()
    assert not folder.exists()
    assert found.pop("relu_forward") == "crashed" and found.pop("relu_backward") == "timeout"
    assert found.pop("three_layer_conv_net") == "blocked"
    assert set(found.values()) == {"passed"}


@pytest.fixture
def umask():
    """Files of this process are for its user alone, unless it says otherwise."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_with_a_narrow_umask_a_sandbox_under_another_user_can_read_its_files(umask):
    need_bubblewrap()
    assert verdicts(solved(), "relu_forward", "three_layer_conv_net") == {
        "relu_forward": "passed",
        "three_layer_conv_net": "passed",
    }


def test_with_a_narrow_umask_and_without_bubblewrap_every_file_can_be_read_by_other_users(reduced, umask):
    with Sandbox(solved()) as sandbox:
        assert Session(sandbox.transport(), limit=LIMIT).outcome("relu_forward").verdict == "passed"
        folder = sandbox._starters[True, False]._folder
        assert folder.stat().st_mode & 0o777 == 0o700  # another user's is set where there is one
        ours = [path for path in folder.rglob("*") if not path.is_symlink()]
        modes = {path.relative_to(folder).as_posix(): path.stat().st_mode & 0o777 for path in ours}
    assert {modes["grader/inside.py"], modes["tree/cs231n/layers.py"]} == {0o644}
    assert {modes["grader"], modes["tree/cs231n"], modes["site"]} == {0o755}
    assert set(modes.values()) == {0o644, 0o755}


def test_an_interpreter_that_others_cannot_reach_is_an_error_that_says_what_to_do(tmp_path):
    (tmp_path / "home").mkdir(mode=0o700)
    with pytest.raises(users.SandboxError, match="install bubblewrap"):
        without_bubblewrap._check_public([tmp_path / "home" / "python"])
