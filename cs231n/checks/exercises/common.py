"""The properties that all layers share, made into checks by `forward_checks` and `backward_checks`."""

import copy
import dataclasses
from collections.abc import Callable

import numpy as np

from cs231n.checks import compare, oracle
from cs231n.checks.registry import check
from cs231n.checks.subject.client import SubjectFailure
from cs231n.checks.verdicts import Failure

__all__ = ["Case", "Layer", "backward_checks", "check_backward", "forward_checks", "layouts"]


@dataclasses.dataclass(frozen=True)
class Case:
    """A call of a layer.

    Attributes:
        inputs: the arrays that the layer is differentiated by.
        settings: the arguments after them: dicts, numbers.
        function: what torch makes of the inputs.
        cache: what the forward pass hands to the backward pass where the contract fixes that, or None.
    """

    inputs: tuple
    settings: tuple
    function: Callable
    cache: tuple | np.ndarray | None = None

    def map(self, change):
        """Return the case with `change` applied to each of its arrays."""
        inputs = tuple(change(array) for array in self.inputs)
        replaced = {id(old): new for old, new in zip(self.inputs, inputs)}

        def renew(value):
            if isinstance(value, tuple):
                return tuple(renew(part) for part in value)
            return replaced.get(id(value), value)

        return dataclasses.replace(self, inputs=inputs, cache=renew(self.cache))

    def arguments(self):
        """Return the arguments of a forward call, with dicts of their own."""
        return (*self.inputs, *copy.deepcopy(self.settings))

    def out(self):
        """Return what torch makes of the inputs, as a float64 array."""
        return oracle.value(self.function, *self.inputs)

    def autograd(self, dout):
        """Return the right gradients for an upstream gradient, and None: the usual tolerance."""
        return oracle.gradients(self.function, self.inputs, dout), None

    @property
    def dtype(self):
        """The dtype of the inputs, and of the results."""
        return self.inputs[0].dtype


@dataclasses.dataclass(frozen=True)
class Layer:
    """A layer and how to draw inputs for it.

    Attributes:
        forward, backward: names of the two functions in cs231n.layers.
        names: names of the inputs.
        gradients: names of the gradients, in order; one name: the backward pass returns an array, no tuple.
        draw: `draw(rng, kind)` returns a Case in float64; `kind` is one of `usual` and `awkward`.
        usual: kinds of ordinary inputs.
        awkward: kind -> what is awkward about it, for the line a student reads.
    """

    forward: str
    backward: str
    names: tuple
    gradients: tuple
    draw: Callable
    usual: tuple
    awkward: dict


_AWKWARD = (
    "An axis of length 1 is still an axis: look at squeeze, at keepdims, and at what broadcasting makes of it."
)


def layouts(array):
    """Return copies of an array with other layouts in memory: Fortran order, gaps, running backwards."""
    gaps = np.full([2 * size + 1 for size in array.shape], 7, array.dtype)[(slice(1, None, 2),) * array.ndim]
    gaps[...] = array
    flip = (slice(None, None, -1),) * array.ndim
    return {"Fortran-ordered": np.asfortranarray(array), "strided": gaps, "reversed": array[flip].copy()[flip]}


def forward(subject, layer, case):
    """Call the forward pass and return out, as it came, and the handle of the cache."""
    result = subject.call(f"layers.{layer.forward}", *case.arguments(), hold=1)
    return compare.tuple_of(2, layer.forward, result)


def check_forward(subject, layer, case, name="out"):
    """Compare the forward pass with torch."""
    out, _ = forward(subject, layer, case)
    compare.close(name, out, case.out(), case.dtype)


def forward_checks(layer):
    """Register what holds for each forward pass."""
    exercise = layer.forward

    @check(exercise, hint="Take a batch of one with two or three numbers and follow each line on paper.")
    def values(subject, rng):
        """the output is that of torch, for inputs of many shapes"""
        for kind in layer.usual:
            check_forward(subject, layer, layer.draw(rng, kind))

    if layer.awkward:

        def awkward(subject, rng):
            for kind, why in layer.awkward.items():
                check_forward(subject, layer, layer.draw(rng, kind), f"out for {why}")

        awkward.__doc__ = f"awkward inputs: {', '.join(layer.awkward.values())}"
        check(exercise, hint=_AWKWARD)(awkward)

    @check(exercise)
    def dtype(subject, rng):
        """float32 stays float32"""
        case = layer.draw(rng, layer.usual[0]).map(lambda array: array.astype(np.float32))
        check_forward(subject, layer, case)

    @check(
        exercise, hint="reshape, transpose and @ see the same numbers in any layout; ravel(order='K') does not."
    )
    def layout(subject, rng):
        """the order in memory does not matter: Fortran-ordered, strided and reversed inputs"""
        case = layer.draw(rng, layer.usual[-1])
        for kind in layouts(case.inputs[0]):
            laid = case.map(lambda array, kind=kind: layouts(array)[kind])
            check_forward(subject, layer, laid, f"out for {kind} inputs")

    @check(exercise)
    def inputs_kept(subject, rng):
        """the arguments are left as they were"""
        case = layer.draw(rng, layer.usual[0])
        arguments = case.arguments()
        after = subject.arguments_after(f"layers.{layer.forward}", *arguments)
        for name, before, now in zip(layer.names, arguments, after):
            compare.unchanged(name, before, now)


def backward_checks(layer, exercise=None):
    """Register what holds for each backward pass; `exercise` is its name where it is not layer.backward."""
    exercise = exercise or layer.backward

    @check(
        exercise, hint="cs231n.gradient_check has the numeric gradient of every step, to find the first wrong one."
    )
    def gradients(subject, rng):
        """the gradients are those of autograd, for random upstream gradients and inputs of many shapes"""
        for kind in layer.usual:
            check_backward(subject, layer, layer.draw(rng, kind), rng, exercise)

    if layer.awkward:

        def awkward(subject, rng):
            for kind, why in layer.awkward.items():
                check_backward(subject, layer, layer.draw(rng, kind), rng, exercise, suffix=f" for {why}")

        awkward.__doc__ = f"awkward inputs: {', '.join(layer.awkward.values())}"
        check(exercise, hint=_AWKWARD)(awkward)

    @check(exercise)
    def dtype(subject, rng):
        """float32 stays float32"""
        case = layer.draw(rng, layer.usual[0]).map(lambda array: array.astype(np.float32))
        check_backward(subject, layer, case, rng, exercise)

    @check(
        exercise, hint="reshape, transpose and @ see the same numbers in any layout; ravel(order='K') does not."
    )
    def layout(subject, rng):
        """the order in memory does not matter: Fortran-ordered, strided and reversed inputs"""
        case = layer.draw(rng, layer.usual[-1])
        for kind in layouts(case.inputs[0]):
            laid = case.map(lambda array, kind=kind: layouts(array)[kind])
            check_backward(subject, layer, laid, rng, exercise, kind, f" for {kind} inputs")

    @check(exercise)
    def dout_kept(subject, rng):
        """the upstream gradient is left as it was"""
        case = layer.draw(rng, layer.usual[0])
        dout = rng.standard_normal(case.out().shape)

        def run(cache, answer):
            after = subject.arguments_after(f"layers.{exercise}", dout, cache)
            compare.unchanged("dout", dout, after[0])

        with_cache(subject, layer, case, run)

    @check(exercise, hint="What is in the cache is still needed: do not write into it.")
    def cache_kept(subject, rng):
        """a second call with the same cache gives the same"""
        case = layer.draw(rng, layer.usual[0])
        dout = rng.standard_normal(case.out().shape)

        def run(cache, answer):
            first = split(layer, exercise, subject.call(f"layers.{exercise}", dout, cache))
            second = split(layer, exercise, subject.call(f"layers.{exercise}", dout, cache))
            for name, one, two, array in zip(layer.gradients, first, second, case.inputs):
                one = compare.array(name, one, array.shape)
                compare.close(f"{name} of the second call", two, one)

        with_cache(subject, layer, case, run)


def split(layer, exercise, result):
    """Return the gradients that a backward pass returned, as a tuple."""
    if len(layer.gradients) == 1:
        return (result,)
    return compare.tuple_of(len(layer.gradients), exercise, result)


def check_backward(subject, layer, case, rng, exercise, layout=None, suffix=""):
    """Compare a backward pass with what `with_cache` says is the right answer."""
    dout = rng.standard_normal(case.out().shape).astype(case.dtype)
    dout = layouts(dout)[layout] if layout else dout

    def run(cache, answer):
        found = split(layer, exercise, subject.call(f"layers.{exercise}", dout, cache))
        expected, tolerance = answer(dout)
        for name, gradient, right in zip(layer.gradients, found, expected):
            compare.close(f"{name}{suffix}", gradient, right, case.dtype, tolerance)

    with_cache(subject, layer, case, run)


def with_cache(subject, layer, case, run):
    """Call `run(cache, answer)`; `answer(dout)` returns the right gradients and the tolerance for them.

    With a cache that the contract fixes, a backward pass is an exercise by itself. Where it does not pass with
    that, it gets the cache of the student's forward pass too, which may be laid out in another way. Without a
    fixed cache, the forward pass is needed; if it computes something else than torch, the right gradients are its
    own slopes; if that is NaN somewhere, there are none.
    """
    if case.cache is not None:
        try:
            return run(subject.keep(case.cache), case.autograd)
        except (Failure, SubjectFailure) as failure:
            if isinstance(failure, SubjectFailure) and failure.verdict != "error":
                raise
            try:
                return _with_own_cache(subject, layer, case, run)
            except (Failure, SubjectFailure):
                raise failure from None
    return _with_own_cache(subject, layer, case, run)


def _with_own_cache(subject, layer, case, run):
    """Call `run(cache, answer)` with the cache of the student's forward pass."""
    out, cache = forward(subject, layer, case)
    right = case.out()
    try:
        if not np.isfinite(compare.array("out", out, right.shape)).all():
            compare.fail("out has NaN or infinity in it")
    except Failure as failure:
        raise SubjectFailure("blocked", f"needs {layer.forward} first: {failure}") from failure
    try:
        compare.close("out", out, right, tolerance=compare.TOLERANCE[case.dtype])
    except Failure:
        if case.cache is not None:
            raise
    else:
        return run(cache, case.autograd)
    try:
        return run(cache, lambda dout: _slopes(subject, layer, case, dout))
    except Failure as failure:
        hint = (
            f"{layer.forward} computes something else than torch does, so that this was held against the slopes "
            "of what it computes. Mend it first."
        )
        raise Failure(dataclasses.replace(failure.message, hint=hint)) from None


def _slopes(subject, layer, case, dout):
    """Return the gradients of the student's forward pass by central differences, and a tolerance for them."""

    def function(*inputs):
        out, _ = forward(subject, layer, dataclasses.replace(case, inputs=inputs))
        return compare.array("out", out, dout.shape)

    return oracle.central_differences(function, case.inputs, dout), max(1e-5, compare.TOLERANCE[case.dtype])
