"""Users of sandboxes: no two share one, in one run or in two, and none has a name or processes of its own."""

import os
import subprocess
import sys

import pytest

from staff.grade import limits
from staff.grade.sandbox import users
from staff.grade.sandbox.users import SandboxError, claim

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def test_who_is_not_root_stays_who_it_is(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert claim() is None


@needs_root
def test_two_claims_in_one_process_differ():
    one, other = claim(), claim()
    assert one.uid != other.uid
    one.release()
    other.release()


@needs_root
def test_a_claim_of_another_process_is_respected(monkeypatch):
    monkeypatch.setattr(limits, "USERS", 2)
    monkeypatch.setattr(limits, "FIRST_USERS", (1_900_100_000 + 2 * (os.getpid() % 10_000),))
    first = limits.FIRST_USERS[0]
    code = f"""
from staff.grade import limits
limits.USERS, limits.FIRST_USERS = 1, ({first},)
from staff.grade.sandbox.users import claim
user = claim()
print(user.uid, flush=True)
input()
"""
    other = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert int(other.stdout.readline()) == first
    mine = claim()
    assert mine.uid == first + 1
    with pytest.raises(SandboxError, match="are taken"):
        claim()
    other.communicate("\n")
    again = claim()
    assert again.uid == first
    mine.release()
    again.release()


@needs_root
def test_a_user_with_processes_of_its_own_is_left_alone(monkeypatch):
    uid = 1_900_200_000 + os.getpid() % 10_000
    monkeypatch.setattr(limits, "USERS", 1)
    monkeypatch.setattr(limits, "FIRST_USERS", (uid,))
    with subprocess.Popen(["/bin/sleep", "60"], user=uid) as process:
        try:
            with pytest.raises(SandboxError, match="are taken"):
                claim()
        finally:
            process.kill()
    claim().release()


@pytest.mark.parametrize(
    "text, first",
    [
        ("         0          0 4294967295\n", 1_900_000_000),
        ("         0     100000      65536\n", 62_000),
        ("         0       1000          1\n         1     100000      65536\n", 62_000),
        ("garbage\n", 62_000),
    ],
)
def test_the_range_is_one_that_the_container_has(tmp_path, text, first):
    (tmp_path / "uid_map").write_text(text)
    assert users._first_user(tmp_path / "uid_map") == first
