"""Imports of what is not there: a function that does not use it works, and one that does fails by name."""

import sys

import pytest

from cs231n.checks.subject.client import InProcess, Subject, SubjectFailure
from cs231n.checks.subject.host import Host
from cs231n.checks.subject.stand_ins import import_module

NAME = "cs231n.made_up_module"


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A function that returns the module of a text, imported as cs231n.made_up_module."""
    import cs231n

    monkeypatch.setattr(cs231n, "__path__", [*cs231n.__path__, str(tmp_path)])
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])

    def make(text, **others):
        for name, source in {"made_up_module": text, **others}.items():
            (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
            monkeypatch.delitem(sys.modules, f"cs231n.{name}", raising=False)
        sys.path_importer_cache.clear()
        return import_module(NAME)

    yield make
    for name in [name for name in sys.modules if name.startswith(NAME)]:
        del sys.modules[name]


TEXT = """
import numpy as np
from no_such_package import Symbol, other as another
import no_such_package.part as part
from no_such_package import *

def right(x):
    return np.maximum(x, 0)

def wrong(x):
    return Symbol("x") * x

def also_wrong(x):
    return part.function(x)
"""


def test_what_is_imported_and_not_used_costs_nothing(made):
    assert made(TEXT).right(3) == 3


@pytest.mark.parametrize("name, missing", [("wrong", "Symbol"), ("also_wrong", "part.function")])
def test_the_function_that_uses_it_fails_and_is_named(made, name, missing):
    with pytest.raises(ModuleNotFoundError, match=f"^{name} uses no_such_package.*, which is not available"):
        getattr(made(TEXT), name)(3)


def test_a_stand_in_is_in_no_module_and_binds_nothing_for_a_star(made):
    module = made(TEXT)
    assert "no_such_package" not in sys.modules
    assert "__stand_in__" not in vars(module)
    assert set(vars(module)) >= {"np", "Symbol", "another", "part", "right"}


def test_a_missing_name_of_a_module_that_is_there_is_stood_in_for_too(made):
    module = made("from numpy import maximum, product\n\ndef f(x):\n    return product(x)\n")
    assert module.maximum(1, 2) == 2
    with pytest.raises(ModuleNotFoundError, match="f uses numpy.product"):
        module.f([1])


def test_a_helper_of_the_students_is_loaded_with_stand_ins_too(made):
    module = made(
        "from cs231n.made_up_helper import f\n", made_up_helper="import nowhere\n\ndef f():\n    return 1\n"
    )
    assert module.f() == 1
    sys.modules.pop("cs231n.made_up_helper", None)


def test_a_decorator_that_is_missing_fails_where_its_function_is_called(made):
    module = made(
        "import numba\n\n@numba.jit(nopython=True)\ndef f(x):\n    return x\n\ndef g(x):\n    return x\n"
    )
    assert module.g(1) == 1
    with pytest.raises(ModuleNotFoundError, match="numba"):
        module.f(1)


def test_an_import_inside_try_is_left_to_the_code(made):
    text = "try:\n    import nowhere\nexcept ImportError:\n    nowhere = None\nimport not_there_either\n"
    assert made(text).nowhere is None


def test_what_imports_as_usual_is_imported_as_usual(made):
    module = made("import math\n\ndef f():\n    return math.pi\n")
    assert type(module.__loader__).__module__ != "cs231n.checks.subject.stand_ins"


def test_other_errors_are_no_reason_for_stand_ins(made):
    with pytest.raises(ZeroDivisionError):
        made("1 / 0\n")
    with pytest.raises(SyntaxError):
        made("print 'x'\n")


def test_the_host_answers_for_a_module_with_stand_ins(made, tmp_path):
    made(TEXT)
    del sys.modules[NAME]
    subject = Subject(InProcess(Host(tmp_path)))
    assert subject.call("made_up_module.right", 2.0) == 2.0
    with pytest.raises(SubjectFailure, match="wrong uses no_such_package.Symbol"):
        subject.call("made_up_module.wrong", 2.0)
