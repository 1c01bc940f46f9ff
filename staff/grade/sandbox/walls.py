"""Walls without bubblewrap and without root: namespaces of a process's own, and Landlock.

Landlock is the kernel's way for a process to give up access for good: here to all files but those named, to TCP
ports, and to signals to processes outside. This file runs in the sandbox, and alone it prints what works here.

Source: https://docs.kernel.org/userspace-api/landlock.html
"""

import contextlib
import ctypes
import json
import os
import signal
import stat
import struct

__all__ = ["become", "close_files", "landlock_version", "separate"]

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # system calls, the same on all processors
PATH_BENEATH = 1
READ_FILE, READ_DIR = 1 << 2, 1 << 3
ON_FILES = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15  # rights that a rule for a single file may have
RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}  # version of Landlock -> number of its rights about files
NO_PORTS, NO_SIGNALS_AND_SOCKETS = 0b11, 0b11  # since versions 4 and 6

NEWUSER, NEWPID, NEWNET, NEWIPC = 0x10000000, 0x20000000, 0x40000000, 0x08000000
PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_SET_NO_NEW_PRIVS = 1, 8, 38
CAPABILITIES_VERSION, READ_ANY_FILE = 0x20080522, 1 << 2  # CAP_DAC_READ_SEARCH


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def landlock_version() -> int:
    """Return the version of Landlock that this kernel has, or 0."""
    with contextlib.suppress(AttributeError, OSError):
        return max(0, int(_libc().syscall(CREATE_RULESET, 0, 0, 1)))
    return 0


def close_files(read: list[str], write: list[str], listed: list[str]) -> None:
    """Give up all files but some, all TCP ports, and signals to processes outside; children inherit that.

    Args:
        read: files, and folders with what is below, that can be read.
        write: files, and folders in which everything can be done.
        listed: folders whose names can be read, and those below.

    Raises:
        OSError: this kernel cannot do that.
    """
    version, libc = landlock_version(), _libc()
    if not version:
        raise OSError("this kernel has no Landlock")
    rights = (1 << RIGHTS[max(known for known in RIGHTS if known <= version)]) - 1
    parts = [rights, *([NO_PORTS] if version >= 4 else []), *([NO_SIGNALS_AND_SOCKETS] if version >= 6 else [])]
    attributes = struct.pack(f"{len(parts)}Q", *parts)
    ruleset = libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "no Landlock ruleset")
    for paths, allowed in ((read, READ_FILE | READ_DIR), (write, rights), (listed, READ_DIR)):
        for path in paths:
            _allow(libc, ruleset, path, allowed)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.syscall(RESTRICT_SELF, ruleset, 0):
        raise OSError(ctypes.get_errno(), "Landlock does not hold")
    os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, allowed: int) -> None:
    """Add a rule for a file, or a folder with what is below; one that is not there needs none."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
        allowed &= ON_FILES
    rule = struct.pack("=Qi", allowed, descriptor)
    if libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, rule, 0):
        raise OSError(ctypes.get_errno(), f"no Landlock rule for {path}")
    os.close(descriptor)


def separate() -> bool:
    """Go on as the first process of a process namespace, without network; returns whether that works here.

    The process that calls this waits for the one that goes on, and ends with it.
    """
    flags, uid, gid = NEWPID | NEWNET | NEWIPC, os.geteuid(), os.getegid()
    libc = _libc()
    if uid != 0:
        flags |= NEWUSER
    if not hasattr(libc, "unshare") or libc.unshare(flags):
        return False
    if flags & NEWUSER:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with contextlib.suppress(OSError), open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    child = os.fork()
    if child:
        os.closerange(3, 256)  # that its end is seen by who holds the other ends
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if flags & NEWUSER:
        _keep_capabilities(libc, 0)
    return True


def become(user: int, read_any_file: bool) -> None:
    """Become a user without rights.

    Args:
        user: its number.
        read_any_file: whether it may read files that are closed to it: where the interpreter is closed to others
            than root, and `close_files` follows.
    """
    libc = _libc()
    if read_any_file:
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    if read_any_file:
        _keep_capabilities(libc, READ_ANY_FILE)


def _keep_capabilities(libc: ctypes.CDLL, kept: int) -> None:
    """Drop all capabilities but some."""
    header = struct.pack("Ii", CAPABILITIES_VERSION, 0)
    sets = struct.pack("6I", kept, kept, 0, 0, 0, 0)  # effective, permitted, inheritable; low words, high words
    if libc.capset(header, sets):
        raise OSError(ctypes.get_errno(), "capabilities cannot be dropped")


if __name__ == "__main__":
    print(json.dumps({"landlock": landlock_version(), "namespaces": separate()}), flush=True)
