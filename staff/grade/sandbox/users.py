"""User ids for sandboxes: each is held by one sandbox of this machine, and no process of it is left from before.

The system counts processes by user. So two sandboxes that share a user would take each other's share, and one that
belongs to the grader's own user would have none.
"""

import fcntl
import os
import pwd
import random
import tempfile
from pathlib import Path
from typing import IO

from staff.grade import limits

__all__ = ["SandboxError", "SandboxUser", "claim"]

LOCKS = "cs231n-users"


class SandboxError(RuntimeError):
    """A sandbox cannot be started; the message says what to do."""


class SandboxUser:
    """A user id, and the lock that keeps others from taking it.

    Args:
        uid: number of the user.
        lock: locked file; the lock ends with this process at the latest.
    """

    def __init__(self, uid: int, lock: IO[str]) -> None:
        self.uid, self._lock = uid, lock

    def release(self) -> None:
        """Let others take it."""
        self._lock.close()


def claim() -> SandboxUser | None:
    """Return a user that no other sandbox has, or None where only root could become another user.

    Raises:
        SandboxError: all are taken.
    """
    if os.geteuid() != 0:
        return None
    folder, first = _lock_folder(), _first_user(Path("/proc/self/uid_map"))
    taken, start = _users_of_processes(Path("/proc")), random.randrange(limits.USERS)
    for step in range(limits.USERS):
        uid = first + (start + step) % limits.USERS
        if uid in taken or _has_name(uid):
            continue
        lock = open(folder / str(uid), "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        return SandboxUser(uid, lock)
    last = first + limits.USERS - 1
    raise SandboxError(f"all users from {first} to {last} are taken; end other runs of the grader")


def _lock_folder() -> Path:
    """Return the folder of the locks, which is root's alone; everybody could have made one of that name."""
    for parent in (Path("/run/lock"), Path(tempfile.gettempdir())):
        folder = parent / LOCKS
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            state = folder.lstat()
        except OSError:
            continue
        if not folder.is_symlink() and state.st_uid == 0 and state.st_mode & 0o077 == 0:
            return folder
    raise SandboxError(f"no folder for locks: {folder} has to belong to root alone; remove it")


def _first_user(uid_map: Path) -> int:
    """Return the first user id of a range that this machine or container has."""
    try:
        ranges = [tuple(map(int, line.split())) for line in uid_map.read_text().splitlines()]
    except (OSError, ValueError):
        ranges = []
    for first in limits.FIRST_USERS:
        if any(start <= first and first + limits.USERS <= start + length for start, _, length in ranges):
            return first
    return limits.FIRST_USERS[-1]


def _users_of_processes(proc: Path) -> set[int]:
    """Return the user ids that processes of this machine have."""
    taken: set[int] = set()
    for path in proc.glob("[0-9]*/status"):
        try:
            [line] = [line for line in path.read_text().splitlines() if line.startswith("Uid:")]
        except (OSError, ValueError):
            continue  # it has ended
        taken |= set(map(int, line.split()[1:]))
    return taken


def _has_name(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid))
    except KeyError:
        return False
