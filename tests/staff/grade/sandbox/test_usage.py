"""Processor time of a tree of processes, seen from outside."""

import subprocess
import sys
from pathlib import Path

import pytest

from staff.grade import limits
from staff.grade.sandbox.usage import Usage, patience

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")

BUSY = """
import os, sys, time
def burn(seconds):
    while time.process_time() < seconds: pass
if os.fork() == 0:
    burn(0.4)
    os._exit(0)
os.wait()
if os.fork() == 0:
    burn(0.4)
    print("done", flush=True)
    sys.stdin.read()
    os._exit(0)
sys.stdin.read()
"""


def started(code):
    """Return a process that has printed a line, and waits for its input to close."""
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def test_children_count_ended_or_not_and_time_never_becomes_less():
    with started(BUSY) as process:
        usage = Usage(process.pid)
        while usage.is_running():
            pass
        before = usage.seconds()
        assert before >= 0.75
        process.kill()
    assert usage.seconds() == before and not usage.is_running()


class Played:
    """A process that has taken so many seconds, and runs or not."""

    taken, runs = 0.0, True

    def seconds(self):
        return self.taken

    def is_running(self):
        return self.runs


def test_who_waits_for_a_processor_gets_more_time_and_who_sleeps_or_had_it_does_not(monkeypatch):
    one = Played()
    more = patience(one, 5.0)
    one.taken = 2.0
    assert more() == 3.0
    one.runs = False
    assert more() == 0.0
    one.runs, one.taken = True, 5.0
    assert more() == 0.0
    one.taken = 2.0
    monkeypatch.setattr(limits, "PATIENCE", 0)
    assert more() == 0.0
