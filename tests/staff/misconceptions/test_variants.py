"""A mistake that is written in another way, with another cache or in another precision, is recognised."""

import numpy as np
import pytest

from cs231n import optim
from cs231n.checks.mistakes.recognise import diagnose
from staff.misconceptions.catalogue import entries
from tests.checks.subjects import replaced, transport
from tests.staff.misconceptions.variants import VARIANTS


def test_there_are_variants_of_25_misconceptions():
    assert len(VARIANTS) >= 25
    assert set(VARIANTS) <= set(entries())


@pytest.mark.parametrize(
    "name, place", [(name, place) for name, found in VARIANTS.items() for place in range(len(found))]
)
def test_a_variant_is_recognised(name, place):
    exercise = entries()[name].exercise
    module = "optim" if hasattr(optim, exercise) else "layers"
    subject = transport(**{module: replaced(module, **VARIANTS[name][place]())})
    assert diagnose(subject, exercise) == name


@pytest.mark.parametrize("name", [name for name in VARIANTS if entries()[name].module == "layers"])
def test_the_rounding_of_another_machine_does_not_hide_a_mistake(name):
    one = entries()[name]
    modules = one.modules()
    wrong, rng = getattr(modules["layers"], one.exercise), np.random.default_rng(0)

    def rounded(value):
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            noise = 20 * np.finfo(value.dtype).eps * rng.standard_normal(value.shape)
            return (value * (1 + noise)).astype(value.dtype)
        return value

    def function(*args):
        result = wrong(*args)
        return tuple(map(rounded, result)) if isinstance(result, tuple) else rounded(result)

    setattr(modules["layers"], one.exercise, function)
    assert diagnose(transport(layers=modules["layers"]), one.exercise) == name
