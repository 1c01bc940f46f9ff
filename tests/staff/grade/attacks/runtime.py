"""Hostile and broken submissions, as changes to the solved source, and the verdict that each gets.

`CALLS` run inside a forward pass, before the right answer is returned. `IMPORTS` run where layers.py is imported.
Each is code and the verdicts that fit; what looks around or leaves traces ends with the right answer, so that it
passes if and only if it found nothing, and what it left behind is looked for from outside.
"""

# ruff: noqa: E501 - lines of code that are data here

import textwrap

__all__ = ["ATTACKED", "CALLS", "IMPORTS", "IN_NETS", "in_call", "on_import"]

# Attacked together, as a sandbox takes longer to start than most attacks, and none may help or hurt another.
ATTACKED = ("relu_forward", "conv_forward_naive", "max_pool_forward_naive", "layernorm_forward")


def in_call(code, name="relu_forward"):
    """Return what to append to layers.py for code that runs in each call of a function with x as first argument.

    `_right(x)` there is the right answer, `_again()` the same call once more; `_memory` lasts as long as the module.
    """
    body = textwrap.indent(textwrap.dedent(code).strip(), "        ")
    return f"""
def _attacked(_function, _memory):
    def {name}(x, *_more):
        def _right(x): return _function(x, *_more)
        def _again(): return {name}(x, *_more)
{body}
        return _right(x)
    return {name}
{name} = _attacked({name}, [])
"""


def on_import(code):
    """Return what to append to layers.py for code that runs on import."""
    return "\n" + textwrap.dedent(code)


PASSED, FAILED, ERROR = {"passed"}, {"failed"}, {"error"}
CRASHED, TIMEOUT, VIOLATION = {"crashed"}, {"timeout"}, {"protocol_violation"}

# Finds the sockets of this process, to write frames of its own into them.
SOCKETS = """
import os, socket, stat, struct
def sockets():
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                yield number
        except OSError:
            pass
def frame(text):
    body = struct.pack("<I", len(text)) + text
    return struct.pack("<Q", len(body)) + body
"""

CALLS = {
    # --- gives no answer
    "loop": ("while True: pass", TIMEOUT),
    "sleep": ("import time; time.sleep(1000)", TIMEOUT),
    "exit 0": ("import os; os._exit(0)", CRASHED),
    "sys.exit": ("import sys; sys.exit(0)", ERROR),
    "keyboard interrupt": ("raise KeyboardInterrupt", ERROR),
    "kill itself": ("import os; os.kill(os.getpid(), 9)", CRASHED),
    "stop itself": ("import os; os.kill(os.getpid(), 19)", TIMEOUT),
    "segfault": ("import ctypes; ctypes.string_at(8)", CRASHED),
    "recursion": ("_again()", ERROR),
    "recursion in C": (
        """
        import sys
        sys.setrecursionlimit(2**30)
        class Deep:
            def __repr__(self): return repr(self)
        repr(Deep())
        """,
        CRASHED | ERROR,
    ),
    "memory bomb": ("while True: _memory.append(bytearray(2**26))", ERROR | CRASHED),
    "one huge array": ("np.ones(2**40)", ERROR),
    "fork bomb": (
        """
        import os
        while True:
            try: os.fork()
            except OSError: pass
        """,
        TIMEOUT | CRASHED | VIOLATION,
    ),
    "thread bomb": (
        """
        import threading, time
        while True: threading.Thread(target=time.sleep, args=(1000,)).start()
        """,
        ERROR,
    ),
    "signals ignored": (
        """
        import signal
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        signal.alarm(0)
        while True: pass
        """,
        TIMEOUT,
    ),
    "closed descriptors": ("import os; os.closerange(0, 256)", CRASHED | ERROR),
    # --- the wire
    "forged answer": (
        SOCKETS + 'for s in sockets(): os.write(s, frame(b\'{"dict": [["value", 1]]}\'))',
        VIOLATION,
    ),
    "answers written ahead": (
        SOCKETS
        + """
text = b'{"dict": [["value", {"tuple": [0, 0]}], ["dicts", {"dict": []}], ["args", null]]}'
for s in sockets(): os.write(s, frame(text) * 50)
""",
        FAILED,
    ),
    "verdict in place of an answer": (
        SOCKETS
        + """
text = b'{"dict": [["failure", {"dict": [["verdict", "passed"], ["type", ""], ["message", ""], ["frames", {"list": []}]]}]]}'
for s in sockets(): os.write(s, frame(text))
""",
        VIOLATION,
    ),
    "a grader_error of its own": (
        SOCKETS
        + """
text = b'{"dict": [["failure", {"dict": [["verdict", "grader_error"], ["type", ""], ["message", ""], ["frames", {"list": []}]]}]]}'
for s in sockets(): os.write(s, frame(text))
""",
        VIOLATION,
    ),
    "oversized frame": (SOCKETS + "for s in sockets(): os.write(s, struct.pack('<Q', 2**62))", VIOLATION),
    "frame that does not end": (
        SOCKETS + "for s in sockets(): os.write(s, struct.pack('<Q', 2**20) + b'x')\nwhile True: pass",
        TIMEOUT,
    ),
    "garbage without end": (
        SOCKETS + "s = list(sockets())\nwhile True:\n    for one in s: os.write(one, b'x' * 65536)",
        VIOLATION | TIMEOUT | CRASHED,
    ),
    "array of a shape that is not sent": (
        SOCKETS
        + """
array = b'{"array": {"dtype": "<f8", "shape": [4000000000], "strides": [0], "start": 0, "bytes": 8}}'
text = b'{"dict": [["value", {"tuple": [' + array + b', 0]}], ["dicts", {"dict": []}], ["args", null]]}'
for s in sockets(): os.write(s, frame(text))
""",
        VIOLATION,
    ),
    "call to the grader that nobody allowed": (
        SOCKETS
        + """
text = b'{"dict": [["ask", {"dict": [["op", "call"], ["target", "os:system"]]}]]}'
for s in sockets(): os.write(s, frame(text))
""",
        VIOLATION,
    ),
    "floods stdout and stderr": (
        "import os, sys\nfor _ in range(200):\n    print('x' * 2**16); os.write(1, b'x' * 2**16); os.write(2, b'x' * 2**16)",
        PASSED,
    ),
    # --- answers that pretend
    "array of objects": ("return np.array([[1, 2]], dtype=object), x", FAILED),
    "subclass that equals everything": (
        """
        class Equal(np.ndarray):
            def __eq__(self, other): return np.ones(np.shape(other), bool)
            __le__ = __lt__ = __ne__ = __sub__ = __eq__
        return np.zeros(x.shape).view(Equal), x
        """,
        FAILED,
    ),
    "object with __array__": (
        """
        class Chameleon:
            shape, dtype = x.shape, x.dtype
            def __array__(self, *args, **kwargs): return _right(x)[0]
        return Chameleon(), x
        """,
        FAILED,
    ),
    "object that equals everything": (
        """
        class Equal:
            def __eq__(self, other): return True
        return Equal(), x
        """,
        FAILED,
    ),
    "a shape that would broadcast": ("return _right(x)[0][:1], x", FAILED),
    "a number": ("return 0.0, x", FAILED),
    "NaN": ("return np.full(x.shape, np.nan), x", FAILED),
    "infinity": ("return np.full(x.shape, np.inf), x", FAILED),
    "the first answer again": ("_memory.append(_right(x))\nreturn _memory[0]", FAILED),
    "an answer kept on disk": (
        """
        import os, pathlib
        file = pathlib.Path("/tmp/answer.npy")
        if not file.exists(): np.save(file, _right(x)[0])
        return np.load(file), x
        """,
        FAILED,
    ),
    "input changed in place": ("out = _right(x)\nx *= 0\nreturn out", {"core_passed"}),
    "comparisons patched": (
        """
        import numpy.testing
        np.allclose = np.array_equal = np.isclose = lambda *args, **kwargs: True
        np.testing.assert_allclose = np.testing.assert_array_equal = lambda *args, **kwargs: None
        return np.zeros(x.shape), x
        """,
        FAILED,
    ),
    "worker patched": (
        """
        import sys
        inside = sys.modules["cs231n.checks.subject.host"]
        inside.Host.answer = lambda self, request: {"value": True, "verdict": "passed"}
        sys.modules["cs231n.checks.subject.wire"].encode = lambda *args, **kwargs: b"passed"
        return np.zeros(x.shape), x
        """,
        FAILED | VIOLATION,
    ),
    "modules replaced": (
        """
        import sys, types
        for name in list(sys.modules):
            if name.startswith(("cs231n.checks", "numpy.testing", "unittest")): sys.modules[name] = types.ModuleType(name)
        return np.zeros(x.shape), x
        """,
        FAILED,
    ),
    "huge message": ("raise ValueError('x' * 2**22)", ERROR),
    "message that breaks": (
        "class Broken(Exception):\n    def __str__(self): raise Broken\nraise Broken",
        ERROR,
    ),
    "nested without end": ("nest = []\nnest.append(nest)\nreturn nest, x", FAILED),
    "a huge integer": ("return 10**100000, x", FAILED | ERROR | VIOLATION),
    # --- takes the answer from somewhere
    "imports torch": ("import torch\nreturn torch.relu(torch.tensor(x)).numpy(), x", ERROR),
    "imports SciPy": ("import scipy.special", ERROR),
    "imports the fast layers": ("from cs231n import fast_layers", ERROR),
    "imports the solver": ("import cs231n.solver", ERROR),
    "imports the checks": ("from cs231n.checks import oracle", ERROR),
    "imports staff": ("import staff.grade", ERROR),
    "reads the fast layers": ("open('/sandbox/tree/cs231n/fast_layers.py').read()", ERROR),
    "looks for anything on disk": (
        """
        import os
        found = []
        for folder in ("/root", "/home", "/work", "/etc", "/proc", "/var", "/sys", "/usr/share", "/run", "/mnt", "/opt"):
            for here, folders, files in os.walk(folder):
                found += [f"{here}/{file}" for file in files if "python3" not in here and ".so" not in file]
        found = [file for file in found if "/bin/python" not in file]
        assert not found, found[:3]
        assert not [name for here, _, files in os.walk("/sandbox") for name in files if "test" in name and "numpy" not in here]
        """,
        PASSED,
    ),
    "finds other packages": (
        """
        import importlib.util, sys
        found = [name for name in ("torch", "scipy", "cython", "pytest", "pip", "tests", "staff") if any(
            hook.find_spec(name, None) for hook in sys.meta_path[1:])]
        assert not found, found
        """,
        PASSED,
    ),
    "looks at the environment": (
        """
        import os
        assert not [name for name in os.environ if "SECRET" in name or "HOME" in name or "CS231N" in name], os.environ
        """,
        PASSED,
    ),
    "looks at the descriptors": (
        """
        import os, stat
        kinds = []
        for number in range(256):
            try: kinds.append(os.fstat(number).st_mode)
            except OSError: pass
        assert not [mode for mode in kinds[3:] if not stat.S_ISSOCK(mode)] and len(kinds) <= 5, kinds
        """,
        PASSED,
    ),
    "looks at frames and objects": (
        """
        import gc, sys
        frame, names = sys._getframe(), set()
        while frame: names |= set(frame.f_locals) | set(frame.f_globals); frame = frame.f_back
        names |= {key for one in gc.get_objects() if type(one) is dict for key in one if type(key) is str}
        assert not names & {"expected", "oracle", "right_loss", "secret", "TOLERANCE"}, names
        """,
        PASSED,
    ),
    "looks into its parents": (
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.ptrace(16, os.getppid(), 0, 0) == -1 and libc.ptrace(16, 1, 0, 0) == -1
        """,
        PASSED,
    ),
    # --- leaves the sandbox, or stays
    "new namespaces": (
        """
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        for flag in (0x10000000, 0x20000, 0x40000000): assert libc.unshare(flag) == -1, flag
        assert libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0) == -1
        """,
        PASSED,
    ),
    "memory and keys of the kernel": (
        """
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.shmget(7, 4096, 0o1666) == -1 and libc.semget(7, 1, 0o1666) == -1 and libc.msgget(7, 0o1666) == -1
        assert libc.syscall(248, b"user", b"x", b"seen", 4, -4) == -1
        """,
        PASSED,
    ),
    "writes everywhere": (
        """
        import os
        for folder in ("/", "/sandbox", "/sandbox/tree/cs231n", "/sandbox/grader", "/sandbox/site", "/dev", "/root", "/lib"):
            try:
                with open(os.path.join(folder, "x"), "w"): raise AssertionError(folder)
            except OSError: pass
        """,
        PASSED,
    ),
    "fills the disk": (
        """
        assert _memory or not os.path.exists("/tmp/big"), "there is something left of an earlier check"
        _memory.append(x)
        try:
            with open("/tmp/big", "wb") as file:
                while True: file.write(bytes(2**20)); file.flush()
        except OSError: pass
        """,
        PASSED,
    ),
    "many files and deep folders": (
        """
        if _memory: return _right(x)
        _memory.append(x)
        assert not os.listdir("/tmp"), "there is something left of an earlier check"
        for i in range(100): open(f"/tmp/{i}", "w").close()
        for _ in range(200): os.mkdir("d"); os.chdir("d")
        os.chmod("/tmp/d", 0)
        """,
        PASSED,
    ),
    "network": (
        """
        import socket
        for address in (("127.0.0.1", 22), ("10.0.0.1", 80), ("1.1.1.1", 53)):
            try: socket.create_connection(address, 0.2)
            except OSError: continue
            raise AssertionError(address)
        """,
        PASSED,
    ),
    "daemon": (
        """
        import time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                while True: time.sleep(0.01)
            os._exit(0)
        """,
        PASSED,
    ),
    "threads": (
        """
        import threading
        def spin():
            while True: pass
        threading.Thread(target=spin, daemon=True).start()
        """,
        PASSED,
    ),
    "atexit": ("import atexit; atexit.register(lambda: open('/tmp/x', 'w'))", PASSED),
    "kills its parent": ("os.kill(os.getppid(), 9)", PASSED),
    "stops its parent": ("os.kill(os.getppid(), 19)", PASSED),
    "kills the first process": ("os.kill(1, 9); os.kill(1, 19); os.kill(1, 15)", PASSED),
    "kills everything": ("os.kill(-1, 9)", PASSED),
    "raises its limits": (
        """
        import resource
        for name in ("AS", "NPROC", "CPU", "FSIZE", "NOFILE"):
            try: resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (resource.RLIM_INFINITY,) * 2)
            except (OSError, ValueError): continue
            raise AssertionError(name)
        """,
        PASSED,
    ),
    "becomes root": (
        """
        for change in (os.setuid, os.setgid):
            try: change(0)
            except OSError: continue
            raise AssertionError
        """,
        PASSED,
    ),
}

IMPORTS = {
    "loop on import": ("while True: pass", TIMEOUT),
    "sleep on import": ("import time; time.sleep(1000)", TIMEOUT),
    "exit on import": ("import os; os._exit(0)", CRASHED),
    "sys.exit on import": ("import sys; sys.exit(0)", {"import_error"}),
    "kill everything on import": ("import os\ntry: os.kill(-1, 9)\nfinally: os.kill(os.getpid(), 9)", CRASHED),
    "segfault on import": ("import ctypes; ctypes.string_at(8)", CRASHED),
    "fork bomb on import": (
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        TIMEOUT | CRASHED | VIOLATION,
    ),
    "memory bomb on import": ("x = []\nwhile True: x.append(bytearray(2**26))", {"import_error"} | CRASHED),
    "syntax error": ("def", {"import_error"}),
    "NUL": ("\0", {"import_error"}),
    "torch on import": ("import torch", PASSED),
    "forged news of the import": (SOCKETS + "for s in sockets(): os.write(s, b'x' * 64)", VIOLATION),
    "reads the orders": (
        SOCKETS
        + "import threading\nfor s in sockets():\n    threading.Thread(target=lambda: [os.read(s, 1) for _ in iter(int, 1)], daemon=True).start()",
        PASSED | {"core_passed"} | TIMEOUT | CRASHED | VIOLATION,  # by whose thread reads which order first
    ),
    "import hooks": (
        "import sys\nsys.meta_path.clear(); sys.path.clear(); sys.modules.clear()",
        PASSED | ERROR | CRASHED | {"import_error"},
    ),
    "closes everything": ("import os; os.closerange(0, 256)", CRASHED),
    "fork hooks": ("import os; os.register_at_fork(after_in_child=lambda: os._exit(0))", CRASHED),
    "waits in fork": (
        "import os, time; os.register_at_fork(after_in_child=lambda: time.sleep(1000))",
        TIMEOUT | CRASHED,
    ),
}

# What the nets must not find either.
IN_NETS = {
    "torch": "import torch",
    "SciPy": "import scipy",
    "checks": "from cs231n.checks import oracle",
}
