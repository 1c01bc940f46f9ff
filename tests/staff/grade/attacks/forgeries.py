"""Submissions that want points of backward passes which they do not have.

Each is text to append to the solved layers.py. `FORWARDS` puts another forward pass in the place of the right one,
with a backward pass that fits it and takes no thought. `COUNTERS` are ways to know which check is running: forward
passes are right in their own checks, and in those of the backward passes they are what is trivial.
"""

# ruff: noqa: E501 - lines of code that are data here

import textwrap

from cs231n.checks import exercises, registry
from cs231n.checks.rubric import load_rubric
from cs231n.checks.run import run_check
from cs231n.checks.subject.client import InProcess, Subject
from cs231n.checks.subject.host import Host
from staff import ROOT

__all__ = ["BACKWARD", "COUNTERS", "FORWARD", "FORWARDS", "knowing", "known_to_the_public", "with_forward"]

FORWARD = ("batchnorm_forward", "spatial_batchnorm_forward", "layernorm_forward", "spatial_groupnorm_forward")
BACKWARD = (
    "batchnorm_backward",
    "batchnorm_backward_alt",
    "spatial_batchnorm_backward",
    "layernorm_backward",
    "spatial_groupnorm_backward",
)
_ALL = """
import os
_wrong, _zeros = {{}}, {{}}
_right = {{name: globals()[name] for name in {names!r}}}
def _axes(x): return tuple(range(x.ndim))
def _trivial_forward(x, gamma, beta, *more):
{forward}
def _trivial_backward(dout, cache):
    x, gamma, beta = cache
{backward}
"""
_REPLACE = """
def _forward_of(name):
    def function(x, gamma, beta, *more):
        if {when}:
            return _right[name](x, gamma, beta, *more)
        if name == "batchnorm_forward" and more[-1].get("mode") == "test":
            return _right[name](x, gamma, beta, *more)
        return _trivial_forward(x, gamma, beta, *more)
    return function
def _backward(dout, cache):
    if not (isinstance(cache, tuple) and len(cache) == 3):
        return tuple(np.zeros(3) for _ in range(3))
    return _trivial_backward(dout, cache)
for _name in _right:
    globals()[_name] = _forward_of(_name) if _name.endswith("forward") else _backward
"""

# What a forward pass returns in place of the right thing, and what its backward pass returns.
FORWARDS = {
    "zeros": (
        "return np.zeros(x.shape), (x, gamma, beta)",
        "return np.zeros(x.shape), np.zeros(gamma.shape), np.zeros(beta.shape)",
    ),
    "a constant": (
        "return np.full(x.shape, 3.0), (x, gamma, beta)",
        "return np.zeros(x.shape), np.zeros(gamma.shape), np.zeros(beta.shape)",
    ),
    "the identity": (
        "return x.copy(), (x, gamma, beta)",
        "return dout.copy(), np.zeros(gamma.shape), np.zeros(beta.shape)",
    ),
    "low rank": (
        "return x.sum() * np.ones(x.shape), (x, gamma, beta)",
        "return dout.sum() * np.ones(x.shape), np.zeros(gamma.shape), np.zeros(beta.shape)",
    ),
    "low rank, and what depends on gamma and beta": (
        "return x.sum() + gamma.sum() + beta.sum() + 0 * x, (x, gamma, beta)",
        "return dout.sum() + 0 * x, dout.sum() + 0 * gamma, dout.sum() + 0 * beta",
    ),
    "right for half of the batch": (
        """
        out, _ = _right[{{8: "spatial_groupnorm_forward"}}.get(len(more), "layernorm_forward" if x.ndim == 2 else "spatial_batchnorm_forward")](x, gamma.ravel(), beta.ravel(), {{"mode": "train"}})
        out[len(x) // 2:] = 0
        return out, (x, gamma, beta)
        """,
        "return np.zeros(x.shape), np.zeros(gamma.shape), np.zeros(beta.shape)",
    ),
    "another at each call": (
        """
        _zeros["calls"] = _zeros.get("calls", 0) + 1
        return (_zeros["calls"] % 2) * x.sum() + np.zeros(x.shape), (x, gamma, beta)
        """,
        "return np.zeros(x.shape), np.zeros(gamma.shape), np.zeros(beta.shape)",
    ),
}

# How to know the number of the check that is running: what counts, and the number, from 0.
COUNTERS = {
    "fork hooks": (
        "_forks = [0]\ndef _count(): _forks[0] += 1\nos.register_at_fork(before=_count)",
        "_forks[0] - 1",
    ),
    "fork hooks in the child": (
        "import mmap\n_page = mmap.mmap(-1, 8)\ndef _count(): _page[:8] = (int.from_bytes(_page[:8], 'little') + 1).to_bytes(8, 'little')\nos.register_at_fork(after_in_child=_count)",
        "int.from_bytes(_page[:8], 'little') - 1",
    ),
    "process ids": ("_first = os.getpid()", "os.getpid() - _first - 1"),
    "shared memory": (
        """
        import mmap
        _page, _mine = mmap.mmap(-1, 16), {}
        def _number():
            if _mine.get("pid") != os.getpid():
                _mine.update(pid=os.getpid(), number=int.from_bytes(_page[:8], "little"))
                _page[:8] = (_mine["number"] + 1).to_bytes(8, "little")
            return _mine["number"]
        """,
        "_number()",
    ),
    "a file in the scratch folder": (
        """
        _file, _mine = open("count", "w+b"), {}
        def _number():
            if _mine.get("pid") != os.getpid():
                _mine.update(pid=os.getpid(), number=os.fstat(_file.fileno()).st_size)
                os.ftruncate(_file.fileno(), _mine["number"] + 1)
            return _mine["number"]
        """,
        "_number()",
    ),
    "memory of a file descriptor": (
        """
        _memory, _mine = os.memfd_create("count"), {}
        def _number():
            if _mine.get("pid") != os.getpid():
                _mine.update(pid=os.getpid(), number=os.fstat(_memory).st_size)
                os.ftruncate(_memory, _mine["number"] + 1)
            return _mine["number"]
        """,
        "_number()",
    ),
    "a pipe": (
        """
        _ends, _mine = os.pipe(), {}
        os.set_blocking(_ends[0], False)
        def _number():
            import fcntl, termios, struct
            if _mine.get("pid") != os.getpid():
                held = struct.unpack("i", fcntl.ioctl(_ends[0], termios.FIONREAD, b"1234"))[0]
                _mine.update(pid=os.getpid(), number=held)
                os.write(_ends[1], b"x")
            return _mine["number"]
        """,
        "_number()",
    ),
    "the clock": (
        """
        import time
        _start = time.monotonic()
        """,
        "int(1000 * (time.monotonic() - _start))",
    ),
}


def with_forward(name):
    """Return the text for one of FORWARDS: wrong everywhere, with the backward pass that fits it."""
    return _code(FORWARDS[name], "False")


def knowing(counter, forward="zeros", numbers=None):
    """Return the text for one of COUNTERS.

    Args:
        counter: its name.
        forward: the one of FORWARDS that is used in the checks of backward passes.
        numbers: of those checks; default: as if all checks ran in the order of the rubric.
    """
    count, number = COUNTERS[counter]
    numbers = _numbers() if numbers is None else numbers
    return _code(
        FORWARDS[forward], f"({number}) not in _numbers", f"{textwrap.dedent(count)}\n_numbers = {numbers!r}\n"
    )


def known_to_the_public(forward="low rank, and what depends on gamma and beta"):
    """Return text whose forward passes make a known mistake for public inputs, and are trivial for all others."""
    sums = sorted({round(x, 9) for name in FORWARD for x in _public_sums(name)})
    return _code(FORWARDS[forward], "False") + f"\n_sums = {sums!r}\n" + _KNOWN


_KNOWN = """
import bisect
def _is_public(x):
    i = bisect.bisect(_sums, float(x.sum()) - 1e-8)
    return i < len(_sums) and abs(_sums[i] - float(x.sum())) < 1e-7
def _with_mistake(name, trivial):
    def function(x, gamma, beta, *more):
        if not _is_public(x):
            return trivial(x, gamma, beta, *more)
        out, cache = _right[name](x, gamma, beta, *more)
        shape = beta.shape if x.ndim == 2 else (1, -1, 1, 1)
        return (out - beta.reshape(shape)) / gamma.reshape(shape), cache
    return function
for _name in _right:
    if _name.endswith("forward"):
        globals()[_name] = _with_mistake(_name, globals()[_name])
"""


def _public_sums(name):
    """Return the sums of the arrays x that the checks of a forward pass use with their public seed."""
    found, host = [], InProcess(Host(ROOT))

    class Listening:
        def reset(self, limit, exercise=None):
            host.reset(limit, exercise)

        def request(self, message):
            if message["op"] == "call" and message["target"] == f"cs231n.layers:{name}":
                found.append(float(message["args"][0].sum()))
            return host.request(message)

    for check in registry.checks_of(name):
        run_check(check, Subject(Listening()), registry.public_generator(check.id, 0))
    return found


def _code(forward, when, first=""):
    out, back = (
        textwrap.indent(textwrap.dedent(text).strip().replace("{{", "{").replace("}}", "}"), "    ")
        for text in forward
    )
    names = (*FORWARD, *BACKWARD)
    return "\n" + _ALL.format(names=names, forward=out, backward=back) + first + _REPLACE.format(when=when)


def _numbers():
    """Return the numbers of the backward passes' checks among all those of `layers`, in the rubric's order."""
    numbers, count = [], 0
    for exercise in load_rubric().exercises.values():
        if exercise.module == "cs231n.layers" and not exercise.in_notebook:
            for _ in registry.checks_of(exercise.name):
                numbers += [count] * (exercise.name in BACKWARD)
                count += 1
    return numbers


assert exercises  # imported for the checks that it registers
