"""The properties that all layers share, made into checks by `forward_checks` and `backward_checks`."""

import copy
import dataclasses
import functools
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import numpy as np

from cs231n.checks import compare, oracle
from cs231n.checks.registry import check
from cs231n.checks.subject.client import Subject, SubjectFailure
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

    def map(self, change: Callable[[np.ndarray], np.ndarray]) -> "Case":
        """Return the case with `change` applied to each of its arrays."""
        inputs = tuple(change(array) for array in self.inputs)
        replaced = {id(old): new for old, new in zip(self.inputs, inputs)}

        def renew(value):
            if isinstance(value, tuple):
                return tuple(renew(part) for part in value)
            return replaced.get(id(value), value)

        return dataclasses.replace(self, inputs=inputs, cache=renew(self.cache))

    def arguments(self) -> tuple[Any, ...]:
        """Return the arguments of a forward call, with dicts of their own."""
        return (*self.inputs, *copy.deepcopy(self.settings))

    def out(self) -> np.ndarray:
        """Return what torch makes of the inputs, as a float64 array that is not to be changed."""
        return self._out

    @functools.cached_property
    def _out(self):
        out = oracle.value(self.function, *self.inputs)
        out.flags.writeable = False
        return out

    def autograd(self, dout: np.ndarray) -> tuple[list[np.ndarray], float]:
        """Return the right gradients for an upstream gradient, and the usual tolerance."""
        return oracle.gradients(self.function, self.inputs, dout), compare.TOLERANCE

    def words(self, names: Iterable[str]) -> str:
        """Return the call in words: the shape of each input and the settings, such as "x (2, 3), mode 'train'"."""
        said = [f"{name} {array.shape}" for name, array in zip(names, self.inputs)]
        for value in self.settings:
            said += [f"{key} {_short(item)}" for key, item in value.items()] if isinstance(value, dict) else []
        said += [f"G {value}" for value in self.settings if isinstance(value, int)]
        return ", ".join(said)


def _short(value):
    return f"{value:.3g}" if isinstance(value, float) else repr(value)


@dataclasses.dataclass(frozen=True)
class Layer:
    """A layer and how to draw inputs for it.

    Attributes:
        forward, backward: names of the two functions in cs231n.layers.
        names: names of the inputs, and of the settings that a call has to leave as they were.
        gradients: names of the gradients, in order; one name: the backward pass returns an array, no tuple.
        draw: `draw(rng, kind)` returns a Case; `kind` is one of `usual` and `awkward`.
        usual: kinds of ordinary inputs, those that a lecture would use; by them the core is checked.
        awkward: kind -> what is awkward about it, for the line a student reads; each is a detail.
        linked: `linked(rng, case)` returns other inputs and which entries of the output (boolean) have to change
            with them if the output depends on what the exercise is about, such as the statistics of the minibatch;
            None where the cache is fixed, so that no forward pass is needed.
        trivial: the gradients that are right without any thought, such as dbeta, the sum of dout.
    """

    forward: str
    backward: str
    names: tuple
    gradients: tuple
    draw: Callable
    usual: tuple
    awkward: dict
    linked: Callable | None = None
    trivial: tuple = ()

    def words(self, case: Case) -> str:
        """Return a call of it in words."""
        return case.words(self.names)


_AWKWARD = "An axis of length 1 is still an axis: look at squeeze, keepdims and broadcasting."


def layouts(array: np.ndarray) -> dict[str, np.ndarray]:
    """Return copies of an array with other layouts in memory: Fortran order, gaps, running backwards."""
    gaps = np.full([2 * size + 1 for size in array.shape], 7, array.dtype)[(slice(1, None, 2),) * array.ndim]
    gaps[...] = array
    flip = (slice(None, None, -1),) * array.ndim
    return {"Fortran-ordered": np.asfortranarray(array), "strided": gaps, "reversed": array[flip].copy()[flip]}


def forward(subject: Subject, layer: Layer, case: Case) -> Sequence[Any]:
    """Call the forward pass and return out and the handle of the cache."""
    result = subject.call(f"layers.{layer.forward}", *case.arguments(), hold=1)
    return compare.tuple_of(2, layer.forward, result)


def check_forward(subject: Subject, layer: Layer, case: Case, name: str = "out") -> None:
    """Compare the forward pass with torch."""
    with compare.during(layer.words(case)):
        out, _ = forward(subject, layer, case)
        compare.close(name, out, case.out())


def forward_checks(layer: Layer, values: Callable | None = None) -> None:
    """Register what holds for each forward pass.

    Args:
        layer: the Layer.
        values: `values(subject, rng)`, the check of the core; default: the output matches PyTorch.
    """
    exercise = layer.forward

    if values is None:

        def values(subject, rng):
            """the output matches PyTorch"""
            for kind in layer.usual:
                check_forward(subject, layer, layer.draw(rng, kind))

    check(exercise, hint="Take a batch of one with two or three numbers and follow each line on paper.")(values)

    for kind, why in layer.awkward.items():

        def awkward(subject, rng, kind=kind, why=why):
            check_forward(subject, layer, layer.draw(rng, kind), f"out for {why}")

        _register_awkward(exercise, kind, why, awkward)

    @check(
        exercise,
        hint="reshape, transpose and @ see the same numbers in any layout; ravel(order='K') does not.",
        detail=True,
    )
    def layout(subject, rng):
        """the order in memory does not matter: Fortran-ordered, strided and reversed inputs"""
        case = layer.draw(rng, layer.usual[-1])
        for kind in layouts(case.inputs[0]):
            laid = case.map(lambda array, kind=kind: layouts(array)[kind])
            check_forward(subject, layer, laid, f"out for {kind} inputs")

    @check(exercise, detail=True)
    def inputs_kept(subject, rng):
        """the arguments are not changed"""
        case = layer.draw(rng, layer.usual[0])
        arguments = case.arguments()
        with compare.during(layer.words(case)):
            after = subject.arguments_after(f"layers.{layer.forward}", *arguments)
            for name, before, now in zip(layer.names, arguments, after):
                compare.unchanged(name, before, now)


def _register_awkward(exercise, kind, why, function):
    function.__name__ = kind.replace(" ", "_")
    function.__doc__ = f"right for {why} too"
    hint = _AWKWARD if kind.startswith(("one ", "single ")) else ""
    check(exercise, hint=hint, detail=True)(function)


def backward_checks(layer: Layer, exercise: str | None = None) -> None:
    """Register what holds for each backward pass; `exercise` is its name where it is not layer.backward."""
    exercise = exercise or layer.backward
    _gradient_checks(layer, exercise)
    _kept_checks(layer, exercise)


def _gradient_checks(layer, exercise):
    """Register that the gradients are right, for ordinary and awkward inputs, in shape, and in any layout."""
    telling = tuple(name for name in layer.gradients if name not in layer.trivial)

    for name in layer.gradients:

        def gradient(subject, rng, name=name):
            for kind in layer.usual:
                check_backward(subject, layer, layer.draw(rng, kind), rng, exercise, only=(name,))

        gradient.__name__ = name
        gradient.__doc__ = f"{name} matches autograd, for random upstream gradients"
        check(
            exercise,
            hint="Use cs231n.gradient_check on each step, to find the first wrong one.",
            counts_with=telling if name in layer.trivial else (),
        )(gradient)

    for kind, why in layer.awkward.items():

        def awkward(subject, rng, kind=kind, why=why):
            check_backward(subject, layer, layer.draw(rng, kind), rng, exercise, suffix=f" for {why}")

        _register_awkward(exercise, kind, why, awkward)

    if len(layer.gradients) > 1:

        @check(exercise, hint="A gradient has the same shape as its input.", detail=True)
        def gradient_shapes(subject, rng):
            """each gradient has exactly the shape of its input: (D,) is not (1, D)"""
            case = layer.draw(rng, layer.usual[0])
            dout = rng.standard_normal(case.out().shape)
            with compare.during(layer.words(case)):

                def run(cache, answer):
                    found = split(layer, exercise, subject.call(f"layers.{exercise}", dout, cache))
                    for name, gradient, array in zip(layer.gradients, found, case.inputs):
                        compare.array(name, gradient, array.shape)

                with_cache(subject, layer, case, run)

    @check(
        exercise,
        hint="reshape, transpose and @ see the same numbers in any layout; ravel(order='K') does not.",
        detail=True,
    )
    def layout(subject, rng):
        """the order in memory does not matter: Fortran-ordered, strided and reversed inputs"""
        case = layer.draw(rng, layer.usual[-1])
        for kind in layouts(case.inputs[0]):
            laid = case.map(lambda array, kind=kind: layouts(array)[kind])
            check_backward(subject, layer, laid, rng, exercise, kind, f" for {kind} inputs")


def _kept_checks(layer, exercise):
    """Register that a backward pass leaves its arguments as they were."""

    @check(exercise, detail=True)
    def dout_kept(subject, rng):
        """the upstream gradient is not changed"""
        case = layer.draw(rng, layer.usual[0])
        dout = rng.standard_normal(case.out().shape)

        def run(cache, answer):
            after = subject.arguments_after(f"layers.{exercise}", dout, cache)
            compare.unchanged("dout", dout, after[0])

        with compare.during(layer.words(case)):
            with_cache(subject, layer, case, run)

    @check(exercise, hint="The cache is still needed: do not write into it.", detail=True)
    def cache_kept(subject, rng):
        """a second call with the same cache gives the same result"""
        case = layer.draw(rng, layer.usual[0])
        dout = rng.standard_normal(case.out().shape)

        def run(cache, answer):
            first = split(layer, exercise, subject.call(f"layers.{exercise}", dout, cache))
            second = split(layer, exercise, subject.call(f"layers.{exercise}", dout, cache))
            for name, one, two, array in zip(layer.gradients, first, second, case.inputs):
                one = compare.array(name, one, array.shape, ones=True)
                compare.close(f"{name} of the second call", two, one, ones=True)

        with compare.during(layer.words(case)):
            with_cache(subject, layer, case, run)


def split(layer: Layer, exercise: str, result: Any) -> Sequence[Any]:
    """Return the gradients that a backward pass returned, as a tuple."""
    if len(layer.gradients) == 1:
        return (result,)
    return compare.tuple_of(len(layer.gradients), exercise, result)


def check_backward(
    subject: Subject,
    layer: Layer,
    case: Case,
    rng: np.random.Generator,
    exercise: str,
    layout: str | None = None,
    suffix: str = "",
    only: Collection[str] | None = None,
) -> None:
    """Compare a backward pass, or `only` some gradients of it, with what `with_cache` says is right."""
    dout = rng.standard_normal(case.out().shape)
    dout = layouts(dout)[layout] if layout else dout

    def run(cache, answer):
        found = split(layer, exercise, subject.call(f"layers.{exercise}", dout, cache))
        expected, tolerance = answer(dout)
        for name, gradient, right in zip(layer.gradients, found, expected):
            if only is None or name in only:
                compare.close(f"{name}{suffix}", gradient, right, tolerance, ones=name != "dx")

    with compare.during(layer.words(case)):
        with_cache(subject, layer, case, run)


def with_cache(subject: Subject, layer: Layer, case: Case, run: Callable[[Any, Callable], None]) -> None:
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
        compare.close("out", out, right)
    except Failure:
        if case.cache is not None:
            raise
    else:
        return run(cache, case.autograd)
    _check_links(subject, layer, case, out)
    subject.by_slopes.append((case.arguments(), out))
    try:
        return run(cache, lambda dout: _slopes(subject, layer, case, dout))
    except Failure as failure:
        hint = (
            f"Your {layer.forward} is wrong here: fix it first. This was compared with the numeric gradient of "
            f"your {layer.forward}."
        )
        raise Failure(dataclasses.replace(failure.message, hint=hint)) from None


def _check_links(subject, layer, case, out):
    """Check that a wrong forward pass still depends on what the exercise is about; else its slopes say nothing.

    It is asked afresh, in the same fork and with the inputs of the check.
    """
    inputs, linked = layer.linked(np.random.default_rng(0), case)
    moved, _ = forward(subject, layer, dataclasses.replace(case, inputs=inputs))
    moved = compare.array("out", moved, linked.shape)
    if not (moved != out)[linked].all():
        raise SubjectFailure(
            "blocked",
            f"needs {layer.forward} first: its output does not depend on everything that it should depend on",
        )


def _slopes(subject, layer, case, dout):
    """Return the gradients of the student's forward pass by central differences, and a tolerance for them."""

    def function(*inputs):
        out, _ = forward(subject, layer, dataclasses.replace(case, inputs=inputs))
        return compare.array("out", out, dout.shape)

    return oracle.central_differences(function, case.inputs, dout), compare.TOLERANCE
