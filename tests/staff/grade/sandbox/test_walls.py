"""Walls of our own: what they close, and when the grader refuses to go on without any."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from staff.grade.__main__ import main
from staff.grade.sandbox import bubblewrap, isolation, walls
from tests.staff.grade.sandboxes import need_landlock

WALLS = Path(walls.__file__)

# (problem of bubblewrap, version of Landlock, namespaces, user id) -> whether grading is refused
SYSTEMS = {
    "bubblewrap": (None, 0, False, 0, False),
    "root, Landlock": ("none", 1, False, 0, False),
    "root, nothing": ("none", 0, True, 0, True),
    "user, Landlock and namespaces": ("none", 1, True, 1000, False),
    "user, Landlock that closes signals": ("none", isolation.SIGNALS_CLOSED, False, 1000, False),
    "user, an older Landlock alone": ("none", isolation.SIGNALS_CLOSED - 1, False, 1000, True),
    "user, nothing": ("none", 0, False, 1000, True),
}


def play(monkeypatch, problem, landlock, namespaces, user):
    """Let the system look like another one."""
    monkeypatch.setattr(bubblewrap, "problem", lambda: problem)
    monkeypatch.setattr(isolation, "own_walls", lambda: {"landlock": landlock, "namespaces": namespaces})
    monkeypatch.setattr(os, "geteuid", lambda: user)


@pytest.mark.parametrize("name", SYSTEMS)
def test_grading_is_refused_where_nothing_keeps_submissions_in(monkeypatch, name):
    *system, refused = SYSTEMS[name]
    play(monkeypatch, *system)
    assert bool(isolation.refusal()) == refused
    said = isolation.isolation()
    assert (said == "bubblewrap") == (system[0] is None)
    assert ("could have read the solution" in said) == refused


@pytest.mark.parametrize("name", [name for name, system in SYSTEMS.items() if system[-1]])
def test_the_command_line_refuses_too_and_names_the_way_out(monkeypatch, tmp_path, capsys, name):
    play(monkeypatch, *SYSTEMS[name][:-1])
    (tmp_path / "secret").write_text("0123456789abcdef")
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path), "--out", str(tmp_path / "out"), "--secret", str(tmp_path / "secret")])
    assert ended.value.code == 2 and "--unsafe" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def run(code):
    """Run code beside walls.py in a process of its own; returns what it prints, as JSON."""
    code = (
        f"import json, os, sys\nsys.path.insert(0, {str(WALLS.parent)!r})\nimport walls\n{textwrap.dedent(code)}"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


TRY = """
def attempt(what):
    try:
        what()
        return True
    except OSError:
        return False
"""


def test_files_are_closed_but_for_those_that_are_named_and_children_inherit_that(tmp_path):
    need_landlock()
    for name in ("read", "write", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
    (tmp_path / "write" / "link").symlink_to(tmp_path / "other" / "file")
    code = (
        TRY
        + f"""
os.chdir({str(tmp_path)!r})
walls.close_files(["read"], ["write"], [])
looks = {{
    "read": lambda: open("read/file").read(),
    "written there": lambda: open("read/file", "w"),
    "write": lambda: open("write/new", "w").write("x"),
    "other": lambda: open("other/file").read(),
    "by a link": lambda: open("write/link").read(),
    "moved": lambda: os.link("other/file", "write/linked"),
    "listed": lambda: os.listdir("other"),
    "program": lambda: os.execv("/bin/sh", ["sh", "-c", ""]),
}}
ours, theirs = os.pipe()
if os.fork() == 0:
    os.write(theirs, json.dumps({{name: attempt(look) for name, look in looks.items()}}).encode())
    os._exit(0)
print(os.read(ours, 10000).decode())
"""
    )
    found = run(code)
    assert {name for name, allowed in found.items() if allowed} == {"read", "write"}


def test_a_second_ruleset_opens_nothing_again(tmp_path):
    need_landlock()
    (tmp_path / "file").write_text("x")
    code = (
        TRY
        + f"""
walls.close_files([], [], [])
second = attempt(lambda: walls.close_files([{str(tmp_path)!r}], [], []))
print(json.dumps(attempt(lambda: open({str(tmp_path / "file")!r}).read())))
"""
    )
    assert run(code) is False


def test_namespaces_leave_one_process_and_no_network():
    code = (
        TRY
        + """
if not walls.separate():
    print(json.dumps(None))
else:
    import socket
    network = attempt(lambda: socket.create_connection(("127.0.0.1", 9), timeout=1))
    print(json.dumps([os.getpid(), os.getppid(), network, attempt(lambda: os.kill(2, 0))]), flush=True)
"""
    )
    found = run(code)
    if found is None:
        pytest.skip("no namespaces here")
    assert found == [1, 0, False, False]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_has_no_rights_and_may_read_any_file_only_where_that_is_asked_for(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "file").chmod(0o600)
    for asked in (False, True):
        code = (
            TRY
            + f"""
walls.become(1_900_100_007, {asked})
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
print(json.dumps([os.getuid(), os.getgroups(), int(status["CapEff"], 16), attempt(lambda: os.setuid(0))]))
"""
        )
        user, groups, rights, back = run(code)
        assert user == 1_900_100_007 and groups == [] and back is False
        assert rights == (walls.READ_ANY_FILE if asked else 0)
