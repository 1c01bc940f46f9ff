"""Who returns something trivial in place of a layer earns its backward pass in no way, and others lose nothing."""

import json

import pytest

from cs231n.submit.archive import MODULES
from staff.grade.__main__ import main
from tests.staff.grade.attacks.forgeries import (
    BACKWARD,
    COUNTERS,
    FORWARDS,
    knowing,
    known_to_the_public,
    with_forward,
)
from tests.staff.grade.conftest import SECRET, write_zip


def earned(folder, solved, submissions, *exercises):
    """Grade texts that are appended to layers.py; returns name -> exercise -> points earned."""
    (folder / "submissions").mkdir()
    (folder / "secret").write_bytes(SECRET)
    files = {name: data for name, data in solved.items() if name in MODULES}
    for name, text in submissions.items():
        layers = files["cs231n/layers.py"] + text.encode()
        write_zip(folder / "submissions" / f"{name}.zip", files | {"cs231n/layers.py": layers})
    command = [str(folder / "submissions"), "--out", str(folder / "out"), "--secret", str(folder / "secret")]
    assert main([*command, "--workers", "1", "--no-self-check", "--exercises", *exercises]) == 0
    records = [json.loads(path.read_text()) for path in (folder / "out" / "records").glob("*.json")]
    return {record["name"]: {one["name"]: one["earned"] for one in record["exercises"]} for record in records}


def named(name, text):
    return name.replace(" ", "-").replace(",", ""), text


SOME = list(FORWARDS)[::3]
OTHERS = [name for name in FORWARDS if name not in SOME]


@pytest.mark.parametrize(
    "names", [pytest.param(SOME, id="some"), pytest.param(OTHERS, id="others", marks=pytest.mark.slow)]
)
def test_a_trivial_forward_pass_earns_no_backward_pass(tmp_path, solved, names):
    submissions = dict(named(name, with_forward(name)) for name in names) | {"honest": ""}
    found = earned(tmp_path, solved, submissions, *BACKWARD)
    assert all(found.pop("honest").values())
    assert found == {name: dict.fromkeys(BACKWARD, 0.0) for name in found}


@pytest.mark.slow
def test_code_that_counts_checks_earns_no_backward_pass(tmp_path, solved):
    submissions = dict(named(name, knowing(name)) for name in COUNTERS) | {"honest": ""}
    found = earned(tmp_path, solved, submissions, *BACKWARD)
    assert all(found.pop("honest").values())
    assert found == {name: dict.fromkeys(BACKWARD, 0.0) for name in found}


@pytest.mark.slow
def test_a_mistake_that_is_made_for_public_inputs_alone_earns_no_backward_pass(tmp_path, solved):
    names = ("low rank, and what depends on gamma and beta", "another at each call")
    submissions = dict(named(name, known_to_the_public(name)) for name in names) | {"honest": ""}
    found = earned(tmp_path, solved, submissions, *BACKWARD)
    assert all(found.pop("honest").values())
    assert found == {name: dict.fromkeys(BACKWARD, 0.0) for name in found}
