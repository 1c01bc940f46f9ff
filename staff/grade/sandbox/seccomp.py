"""System calls that nothing in a sandbox needs: what outlives a process, namespaces, sockets, other processes.

Without them a submission cannot hide anything from one check to the next (System V memory and kernel keys belong
to no process; limits, priorities and processors of the first process outlive a check), reaches no network, not
that of the virtual machine either, and less of the kernel is within its reach.
"""

import contextlib
import ctypes
import os
import struct

__all__ = ["install_filter"]

# name -> number on x86_64 and aarch64
REFUSED = {
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "perf_event_open": (298, 241),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "memfd_create": (319, 279),  # memory that no limit counts
    "memfd_secret": (447, 447),
    "open_by_handle_at": (304, 265),
    "socket": (41, 198),  # what is open already stays in use
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
}
CLONE, CLONE3 = (56, 220), 435
PRLIMIT = (302, 261)  # of another process
CLONE_NEWUSER = 0x10000000
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
X32 = 0x40000000  # numbers from here on are the x32 variants of x86_64's

# Berkeley packet filter: operations, and where struct seccomp_data has what they load
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
ALLOW, REFUSE, UNKNOWN = 0x7FFF0000, 0x00050001, 0x00050026  # yes; EPERM; ENOSYS, upon which libc takes clone
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


def install_filter() -> None:
    """Refuse these calls to this process and all it starts; of no effect on other systems and processors."""
    if os.uname().machine not in ARCHITECTURES or os.uname().sysname != "Linux":
        return
    column, architecture = ARCHITECTURES[os.uname().machine]
    code = b"".join(struct.pack("HBBI", *line) for line in _program(column, architecture))
    lines = ctypes.create_string_buffer(code)
    program = struct.pack("HP", len(code) // 8, ctypes.addressof(lines))
    with contextlib.suppress(AttributeError):
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0)


def _program(column: int, architecture: int) -> list[tuple[int, int, int, int]]:
    """Return the filter: lines of (operation, lines to skip if so, lines to skip if not, operand)."""
    lines = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, REFUSE), (LOAD, 0, 0, NUMBER)]
    lines += [(AT_LEAST, 0, 1, X32), (RETURN, 0, 0, REFUSE)]
    for numbers in REFUSED.values():
        lines += [(EQUAL, 0, 1, numbers[column]), (RETURN, 0, 0, REFUSE)]
    lines += [
        (EQUAL, 0, 3, PRLIMIT[column]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (EQUAL, 1, 0, 0),
        (RETURN, 0, 0, REFUSE),
    ]
    lines += [(LOAD, 0, 0, NUMBER), (EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, UNKNOWN)]
    lines += [(EQUAL, 0, 3, CLONE[column]), (LOAD, 0, 0, FIRST_ARGUMENT)]
    lines += [(ANY_BIT, 0, 1, CLONE_NEWUSER), (RETURN, 0, 0, REFUSE)]
    return [*lines, (RETURN, 0, 0, ALLOW)]
