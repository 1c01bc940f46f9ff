"""Two misconceptions at once are taken for nothing else."""

from staff.misconceptions import pairs


def test_pairs_of_an_exercise_are_named_as_what_they_are():
    lines = pairs.report(exercises=("affine_backward", "relu_backward")).splitlines()
    counts = {line[:20].strip(): int(line[20:]) for line in lines[:5]}
    assert counts["two at once"] > 30
    assert counts["named both"] > counts["named one of them"] > 0
    assert counts["named something else"] == 0 and len(lines) == 5


def test_edits_that_meet_are_no_pair():
    found = {(one.name, other.name) for one, other, _ in pairs.pairs(("affine_forward",))}
    assert ("affine-bias-missing", "affine-not-flattened") in found
    assert ("affine-bias-missing", "affine-bias-subtracted") not in found
