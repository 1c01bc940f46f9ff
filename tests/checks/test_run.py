"""Running a check: what is said about code of Python 2, old NumPy and left imports."""

import numpy as np
import pytest

from cs231n.checks import registry
from cs231n.checks.run import run_check
from cs231n.checks.subject.client import Subject
from tests.checks.subjects import replaced, transport


def raising(text):
    """Return the hint on a relu_forward that does this."""

    def relu_forward(x):
        exec(text, {"x": x, "np": np})

    [check] = [check for check in registry.checks_of("relu_forward") if check.name == "values"]
    subject = Subject(transport(layers=replaced("layers", relu_forward=relu_forward)))
    result = run_check(check, subject, registry.public_generator(check.id, 0))
    assert result.verdict == "error"
    return result.message.hint


@pytest.mark.parametrize(
    "text, said",
    [
        ("xrange(3)", "range"),
        ("{}.iteritems()", "write items()"),
        ("{}.has_key(1)", "key in d"),
        ("compile('print x', 'f', 'exec')", "print(x)"),
        ("range(len(x) / 2)", "write //"),
        ("np.zeros(x.size / 2)", "write //"),
        ("x[: len(x) / 2]", "write //"),
        ("np.product(x.shape)", "np.prod"),
        ("x.astype(np.float)", "np.float64"),
        ("x.astype(np.int)", "write int"),
        ("x.astype(np.bool8)", "Start at the last"),
        ("raise ModuleNotFoundError('f uses past.builtins.xrange, which is not available')", "remove the line"),
        ("raise ModuleNotFoundError(\"No module named 'six'\")", "remove the line"),
        ("raise TypeError(\"reshape() got an unexpected keyword argument 'newshape'\")", "shape"),
    ],
)
def test_what_old_code_used_is_named_with_what_replaced_it(text, said):
    assert said in raising(text)


def test_the_case_in_which_an_error_happened_is_said():
    def relu_forward(x):
        raise ValueError("no")

    [check] = [check for check in registry.checks_of("relu_forward") if check.name == "values"]
    subject = Subject(transport(layers=replaced("layers", relu_forward=relu_forward)))
    result = run_check(check, subject, registry.public_generator(check.id, 0))
    assert result.message.where[0] == "for x (3, 2, 4, 5)"
