"""Attacks through the command line, with bubblewrap and without, as root and as an ordinary user.

Each looks for what it must not find, and gives the right answer if it found nothing: so all of them pass.
"""

# ruff: noqa: E501 - lines of code that are data here

import csv
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from cs231n.checks import registry
from cs231n.submit.archive import MODULES
from staff import ROOT
from tests import lacking
from tests.staff.grade.attacks.forgeries import knowing, known_to_the_public, with_forward
from tests.staff.grade.attacks.runtime import ATTACKED, CALLS, in_call
from tests.staff.grade.conftest import SECRET, graded, write_zip
from tests.staff.grade.sandboxes import need_landlock

EXERCISES = ("affine_forward", "relu_forward", "sgd_momentum")
SITE = Path(sys.modules["pytest"].__file__).parent.parent

SAFE = {
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": str(ROOT),
}  # git of nobody

LOOKS = {
    "other packages": f"""
        import sys
        sys.path.append({str(SITE)!r}); sys.meta_path[:] = sys.meta_path[-1:]
        try: import torch
        except BaseException: pass
        else: raise AssertionError("torch is here")
        """,
    "the solution": f"""
        for name in ("layers.py", "fast_layers.py", "checks/oracle.py"):
            try: open(os.path.join({str(ROOT / "cs231n")!r}, name)).read()
            except OSError: continue
            raise AssertionError(name)
        """,
    "the solution through a link": f"""
        for target, name in (({str(ROOT)!r}, "link"), ("/proc/1/root", "root"), ("/proc/self/cwd", "cwd")):
            if not os.path.lexists(name): os.symlink(target, name)
        for name in ("link/cs231n/layers.py", "root/{str(ROOT)[1:]}/cs231n/layers.py", "cwd/../../cs231n/layers.py"):
            try: open(name).read()
            except OSError: continue
            raise AssertionError(name)
        """,
    "the secret": """
        try: open("{secret}").read()
        except OSError: pass
        else: raise AssertionError("the secret")
        """,
    "other submissions": """
        for folder in ("{folder}", "{folder}/submissions"):
            try: names = os.listdir(folder)
            except OSError: continue
            raise AssertionError(names)
        """,
    "/proc": """
        for pid in ("self", "1", str(os.getppid()), "{pid}"):
            for name in ("environ", "cmdline", "maps", "mem", "mountinfo", "root/etc/passwd"):
                try: data = open(f"/proc/{pid}/{name}", "rb").read(10)
                except OSError: continue
                raise AssertionError((pid, name, data))
        for name in ("/proc/cmdline", "/proc/version", "/sys/kernel/notes", "/etc/passwd", "/etc/hostname"):
            try: open(name).read()
            except OSError: continue
            raise AssertionError(name)
        """.replace("{pid}/{name}", "@").replace("@", "{{pid}}/{{name}}"),
    "the grader's processes": """
        import signal
        for change in (lambda: os.kill({pid}, 0), lambda: os.kill({pid}, signal.SIGCONT), lambda: os.sched_setaffinity({pid}, [0])):
            try: change()
            except OSError: continue
            raise AssertionError
        """,
    "sockets": """
        import socket
        for family, kind in ((2, 1), (2, 2), (10, 1), (1, 1), (16, 3), (17, 3), (38, 5), (40, 1)):
            try: socket.socket(family, kind)
            except OSError: continue
            raise AssertionError(family)
        """,
    "places to write": """
        for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/run/lock", "/root", "/home", "{folder}", "/dev/mqueue"):
            if os.path.realpath(os.getcwd()) == folder: continue
            try: open(os.path.join(folder, "left behind"), "w")
            except OSError: continue
            raise AssertionError(folder)
        """,
    "programs": """
        import subprocess, sys
        for name in ("/bin/sh", "/usr/bin/env", "/bin/ls"):
            try: subprocess.run([name, "-c", ":"])
            except (OSError, subprocess.SubprocessError): continue
            raise AssertionError(name)
        """,
    "memory that no limit counts": """
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        for change in (lambda: os.memfd_create("x"), lambda: 1 / (libc.syscall(447, 0) + 1)):
            try: change()
            except (OSError, ZeroDivisionError): continue
            raise AssertionError
        """,
    "state of the first process": """
        import ctypes, resource
        libc = ctypes.CDLL(None, use_errno=True)
        for pid in (1, os.getppid()):
            for change in (
                lambda: resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0)),
                lambda: os.setpriority(os.PRIO_PROCESS, pid, 5),
                lambda: os.sched_setaffinity(pid, [0]),
                lambda: os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0)),
            ):
                try: change()
                except OSError: continue
                raise AssertionError(pid)
        """,
}


def grade(folder, solved, setting, submissions, exercises=EXERCISES, more=None):
    """Grade submissions in a setting; returns (name -> exercise -> verdict, output, what is new in /tmp)."""
    home = folder / "run"
    (home / "submissions").mkdir(parents=True)
    (home / "secret").write_bytes(SECRET)
    words = {"{secret}": str(home / "secret"), "{folder}": str(home), "{pid}": str(os.getpid())}
    for name, text in submissions.items():
        for old, new in words.items():
            text = text.replace(old, new)
        layers = (
            solved["cs231n/layers.py"] + b"\nimport os\n" + text.replace("{{", "{").replace("}}", "}").encode()
        )
        files = {file: data for file, data in solved.items() if file in MODULES}
        files |= {"cs231n/layers.py": layers} | (more or {}).get(name, {})
        write_zip(home / "submissions" / f"{name}.zip", files)
    command = [sys.executable, "-m", "staff.grade", str(home / "submissions"), "--out", str(home / "out")]
    command += ["--secret", str(home / "secret"), "--workers", "1", "--no-self-check"]
    command += ["--exercises", *exercises]
    before = set(os.listdir(tempfile.gettempdir()))
    prefix, environment = setting(folder)
    done = subprocess.run(
        [*prefix, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with open(home / "out" / "gradebook.csv", encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.reader(file))) == len(submissions) + 1
    records = [json.loads(path.read_text()) for path in (home / "out" / "records").glob("*.json")]
    verdicts = {record["name"]: {one["name"]: one["verdict"] for one in record["exercises"]} for record in records}
    new = set(os.listdir(tempfile.gettempdir())) - before
    ours = {
        name: re.fullmatch(r"cs231n-sandbox-(\d+)-.*", name) for name in new
    }  # of a grader with this process id
    left = {name for name, match in ours.items() if match and not Path("/proc", match[1]).exists()}
    return verdicts, done.stdout, left


def as_root(folder):
    """With bubblewrap, if it is there."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    return [], dict(os.environ)


def as_root_without_bubblewrap(folder):
    """On a PATH without bubblewrap."""
    return as_root(folder)[0], os.environ | {"PATH": _without_bubblewrap(folder)}


def as_user(folder):
    """As nobody, with bubblewrap; root opens the interpreter for it, in a mount namespace of its own."""
    if os.geteuid() != 0:
        return [], dict(os.environ)
    if not (shutil.which("setpriv") and shutil.which("unshare")):
        lacking.skip("needs setpriv and unshare")
    for path in (*folder.rglob("*"), folder):
        os.chown(path, 65534, 65534)
    for parent in folder.parents:
        if parent != Path(tempfile.gettempdir()) and parent.is_relative_to(tempfile.gettempdir()):
            parent.chmod(0o755)
    base, aside = Path(sys.base_prefix), folder / "interpreter"
    aside.mkdir(exist_ok=True)
    steps = ["set -e"]
    if closed := [parent for parent in base.parents if not parent.stat().st_mode & 0o001]:
        steps += [f"mount --bind {base} {aside}", f"mount -t tmpfs -o mode=755 tmpfs {closed[-1]}"]
        steps += [f"mkdir -p {base}", f"mount --bind {aside} {base}"]
    steps += ['exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"']
    return ["unshare", "-m", "sh", "-c", "; ".join(steps), "sh"], os.environ | {"HOME": str(folder)} | SAFE


def as_user_without_bubblewrap(folder):
    """As nobody, on a PATH without bubblewrap."""
    prefix, environment = as_user(folder)
    return prefix, environment | {"PATH": _without_bubblewrap(folder)}


def _without_bubblewrap(folder):
    """Return a PATH with the programs that the grader calls, and no bubblewrap."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    for name in ("sh", "git", "setpriv", "unshare", "mount", "mkdir"):
        if (path := shutil.which(name)) and not (programs / name).exists():
            (programs / name).symlink_to(path)
    return str(programs)


OTHERS = (as_root_without_bubblewrap, as_user, as_user_without_bubblewrap)
SETTINGS = [as_root, *(pytest.param(setting, marks=pytest.mark.slow) for setting in OTHERS)]


@pytest.mark.parametrize("setting", SETTINGS)
def test_code_that_looks_around_finds_nothing_and_others_keep_their_points(tmp_path, solved, setting):
    if "without" in setting.__name__:
        need_landlock()
    codes = [textwrap.dedent(code) for code in reversed(LOOKS.values())]  # the first changes what can be imported
    submissions = {f"looks-{first}": in_call("".join(codes[first::3])) for first in range(3)}
    verdicts, output, left = grade(tmp_path, solved, setting, submissions | {"honest": ""})
    passed = dict.fromkeys(EXERCISES, "passed")
    assert {name: found for name, found in verdicts.items() if found != passed} == {}
    assert left == set()
    if "without" in setting.__name__:
        assert "Isolation: reduced: bubblewrap is not installed" in output and "Landlock closes" in output


FORGED_EXERCISES = ("relu_forward", "layernorm_backward", "conv_forward_naive")
_BEFORE, _OWN = (len(registry.checks_of(name)) for name in FORGED_EXERCISES[:2])
OWN_NUMBERS = list(range(_BEFORE, _BEFORE + _OWN))  # of the checks of layernorm_backward, without decoys
FORGED = {
    "counts-forks": knowing("fork hooks", numbers=OWN_NUMBERS),
    "shares-memory": knowing("shared memory", "low rank, and what depends on gamma and beta", OWN_NUMBERS),
    "public-alone": known_to_the_public(),
    "a-constant": with_forward("a constant"),
    "given-code": """
from cs231n import mine
def conv_forward_naive(x, w, b, conv_param):
    return mine.conv_forward(x, w, b, conv_param["stride"], conv_param["pad"]), (x, w, b, conv_param)
""",
    "many-files": in_call("[open(f'{k}', 'w').close() for k in range(50_000)]"),
    "fork-bomb": in_call(CALLS["fork bomb"][0]),
}


@pytest.mark.slow
@pytest.mark.parametrize("setting", SETTINGS)
def test_what_is_forged_fails_and_others_keep_their_points(tmp_path, solved, release, setting):
    if "without" in setting.__name__:
        need_landlock()
    exercises = FORGED_EXERCISES
    more = {"given-code": {"cs231n/mine.py": release["cs231n/numpy_kernels.py"]}}
    verdicts, _, left = grade(tmp_path, solved, setting, FORGED | {"honest": ""}, exercises, more)
    passed = dict.fromkeys(exercises, "passed")
    assert verdicts.pop("honest") == passed and left == set()
    assert verdicts.pop("given-code") == passed | {"conv_forward_naive": "error"}
    many = verdicts.pop("many-files")
    assert {name: many[name] for name in exercises[1:]} == {name: "passed" for name in exercises[1:]}
    bomb = verdicts.pop("fork-bomb")
    assert bomb.pop("relu_forward") != "passed" and set(bomb.values()) == {"passed"}
    for name, found in verdicts.items():
        assert found.pop("layernorm_backward") in ("failed", "blocked"), name
        assert set(found.values()) == {"passed"}, name


ODD_ANSWERS = {
    "an-integer-beyond-floats": "return 10**400, x",
    "a-ragged-list": "return [[1.0], [1.0, 2.0]], x",
    "a-set": "return {1, 2}, x",
    "a-dict-with-lists": "return {'out': [[], [1]]}, x",
    "texts": "return 'out', 'x'",
    "complex-numbers": "return _right(x)[0] * 1j, x",
    "structured": "return np.zeros(x.shape, [('a', float)]), x",
    "dates": "return np.zeros(x.shape, 'M8[s]'), x",
    "bytes": "return np.zeros(x.shape, 'S3'), x",
    "three-values": "return _right(x)[0], x, x",
    "handle-with-a-list": """
        from cs231n.checks.subject.wire import Handle
        return Handle([]), x
        """,
    "fraction": """
        import fractions
        return fractions.Fraction(10**400, 3), x
        """,
    "range": "return range(10**30), x",
}


def test_odd_answers_fail_their_check_and_do_not_break_it(tmp_path, solved):
    groups = math.ceil(len(ODD_ANSWERS) / len(ATTACKED))
    odd = {f"odd-{first}": dict(zip(ATTACKED, list(ODD_ANSWERS)[first::groups])) for first in range(groups)}
    submissions = {
        submission: "".join(in_call(ODD_ANSWERS[name], exercise) for exercise, name in names.items())
        for submission, names in odd.items()
    }
    found = graded(tmp_path, solved, submissions | {"honest": "\n"}, (*EXERCISES, *ATTACKED))
    verdicts = {name: {one["name"]: one["verdict"] for one in exercises} for name, exercises in found.items()}
    assert set(verdicts.pop("honest").values()) == {"passed"}
    for submission, found in verdicts.items():
        for exercise, name in odd[submission].items():
            assert found.pop(exercise) in ("failed", "error", "protocol_violation"), name
        assert set(found.values()) == {"passed"}, submission
