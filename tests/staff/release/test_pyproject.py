"""staff.release.pyproject: the maintainers' tables are cut out, the rest stays."""

import tomllib
from pathlib import PurePosixPath

import pytest

from staff import ROOT
from staff.release.errors import ReleaseError
from staff.release.pyproject import for_students


def test_students_get_the_package_and_nothing_of_the_maintainers():
    text = for_students((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    data = tomllib.loads(text)
    assert set(data) == {"build-system", "project", "tool"}
    assert set(data["tool"]) == {"setuptools"}
    assert set(data["project"]["optional-dependencies"]) == {"pdf", "tensorflow"}
    assert "test" not in text and "ruff" not in text and "staff" not in text


def test_an_extra_over_several_lines_is_cut_out_whole():
    text = (
        '[project]\nname = "p"\n[project.optional-dependencies]\n'
        'test = [\n    "a[b]",\n    "c",\n]\npdf = ["d"]\n[tool.setuptools]\n'
    )
    assert tomllib.loads(for_students(text))["project"]["optional-dependencies"] == {"pdf": ["d"]}


def test_a_form_that_the_cutting_does_not_understand_is_refused():
    text = '[project]\nname = "p"\noptional-dependencies = { test = ["a"] }\n[tool.setuptools]\n'
    with pytest.raises(ReleaseError, match="pyproject.toml"):
        for_students(text)


def test_an_installed_copy_has_every_file_of_the_package(release):
    """`pip install .` copies the package: its modules, and what the patterns of package-data name."""
    patterns = tomllib.loads(release["pyproject.toml"].decode())["tool"]["setuptools"]["package-data"]["cs231n"]
    names = [PurePosixPath(name).relative_to("cs231n") for name in release if name.startswith("cs231n/")]
    assert [str(name) for name in names if name.suffix != ".py" and not any(map(name.match, patterns))] == []
