"""Sandboxes for tests: the solved package with something appended, and what is left after one is closed."""

import sys
from pathlib import Path

import pytest

from cs231n.checks.session import Session
from staff.grade.sandbox.isolation import isolation
from staff.grade.sandbox.sandbox import Sandbox
from staff.grade.sandbox.walls import landlock_version
from tests import lacking
from tests.checks.subjects import ROOT

SMALL = {"AS": 2**29, "DATA": 2**28}  # so that memory bombs are fast
LIMIT = 1.0  # seconds: enough for any honest check, on a busy machine too


def solved(**appended):
    """Return the files of the solved package, with texts appended to modules: layers, optim, fc_net, cnn."""
    files = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in (ROOT / "cs231n").rglob("*.py")}
    for name, text in appended.items():
        folder = "classifiers/" if name in ("fc_net", "cnn") else ""
        files[f"cs231n/{folder}{name}.py"] += text.encode()
    return files


def verdicts(files, *names, **more):
    """Return the verdicts of exercises, in a sandbox of their own that leaves nothing behind."""
    with Sandbox(files, import_limit=LIMIT, resources=SMALL, **more) as sandbox:
        session = Session(sandbox.transport(), limit=LIMIT)
        found = {name: session.outcome(name).verdict for name in names}
        users = sandbox.users
    assert processes(users) == [], "processes are left after the sandbox was closed"
    return found


def processes(users):
    """Return the ids of the processes of a sandbox's users, which only root gives it."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            [line] = [line for line in (folder / "status").read_text().splitlines() if line.startswith("Uid:")]
            if users & {folder.stat().st_uid, *map(int, line.split()[1:])}:
                found.append(folder.name)
        except (OSError, ValueError):
            pass
    return found


def need_bubblewrap():
    """Skip the test where there is no bubblewrap; fail in continuous integration, where there has to be."""
    if isolation() != "bubblewrap":
        lacking.skip(isolation())


def need_landlock():
    """Skip the test where there is no Landlock; on Linux, in continuous integration, there has to be."""
    if not landlock_version():
        skip = lacking.skip if sys.platform == "linux" else pytest.skip
        skip("this system has no Landlock")
