"""The quick tests can be collected where modules are missing that Windows does not have."""

import os
import re
import subprocess
import sys

import pytest

from staff import ROOT

# A plugin of pytest: modules of ours do not find what is missing; those of others have their own ways without it.
PLUGIN = """
import builtins

MISSING, OURS = {"fcntl", "mutmut", "resource"}, {"benchmarks", "cs231n", "staff", "tests"}
find = builtins.__import__


def without(name, globals=None, locals=None, fromlist=(), level=0):
    importer = (globals or {}).get("__name__", "").split(".")[0]
    if importer in OURS and name.split(".")[0] in MISSING:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return find(name, globals, locals, fromlist, level)


builtins.__import__ = without
"""


@pytest.mark.slow
def test_the_quick_tests_are_collected_without_fcntl_resource_and_mutmut(tmp_path):
    (tmp_path / "without_posix.py").write_text(PLUGIN)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", "-m", "not slow", "-p", "without_posix"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    assert int(re.search(r"(\d+)(?:/\d+)? tests collected", done.stdout)[1]) > 5000
    assert "tests/staff/grade" not in done.stdout
