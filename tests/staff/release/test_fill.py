"""staff.release.fill: solved blocks put back into a release."""

import pytest

from staff import ROOT
from staff.release import modules, notebooks
from staff.release.build import build
from staff.release.fill import fill
from staff.release.rubric import PATH, BlockOwners


def test_filling_in_everything_gives_the_solved_files_without_what_they_hide(release):
    filled = fill(release)
    assert set(filled) == BlockOwners(ROOT / PATH).files()
    for name, data in filled.items():
        kind = notebooks if name.endswith(".ipynb") else modules
        assert data.decode() == kind.cut(name, (ROOT / name).read_text(encoding="utf-8")), name
    unchanged = release.keys() - filled.keys() - {"README.md", "pyproject.toml", "cs231n/submit/manifest.json"}
    for name in unchanged:
        source = (ROOT / name).read_bytes()
        hides = name.endswith(".ipynb") and b"BEGIN ANSWER" in source
        assert release[name] == (notebooks.cut(name, source.decode()).encode() if hides else source), name


def test_filling_in_one_exercise_leaves_every_other_blank(source):
    release = build(source)
    filled = fill(release, ["net"], source)
    module, notebook = filled["cs231n/layers.py"].decode(), filled["Play.ipynb"].decode()
    assert module.count("NotImplementedError") == 1 and "doubling (Q1)" in module
    assert notebook.count("NotImplementedError") == 2 and "train (Q1)" in notebook


def test_an_unknown_exercise_is_refused_by_name(source):
    with pytest.raises(ValueError, match="no exercise nett; there are doubling, net, net_again"):
        fill(build(source), ["nett"], source)
