"""Copies are found however they are dressed up, and different solutions of the same exercises are not."""

import builtins
import inspect
import io
import keyword
import random
import re
import tokenize

import numpy as np
import pytest

from staff.grade.alike.similarity import FEWEST, MANY, THRESHOLD, alike
from tests.checks import alternatives

HELPERS = {
    "batchnorm_with_a_dict_for_a_cache": alternatives._batchnorm_pair,
    "dropout_from_a_new_generator": alternatives._dropout_pair,
}


def similarity(first, second):
    """How similar two submissions are, 0 if nothing is shared."""
    groups = alike({"first": first, "second": second}, threshold=1e-6)
    return groups[0].highest if groups else 0.0


def renamed(text):
    """Rename every variable, take out the comments, and change the spaces."""
    result, before, depth = [], None, 0
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    for token, following in zip(tokens, [*tokens[1:], tokens[-1]]):
        word = "" if token.type == tokenize.COMMENT else token.string
        depth += (word in ("(", "[", "{")) - (word in (")", "]", "}"))
        argument = depth and following.string == "="
        known = keyword.iskeyword(word) or hasattr(builtins, word) or before == "." or argument
        if token.type == tokenize.NAME and not known:
            word += "_of_mine"
        result.append((token.type, word))
        before = token.string
    return tokenize.untokenize(result)


def reordered(text, rng):
    """Put functions and classes into another order."""
    head, *parts = re.split(r"(?m)^(?=def |class )", text)
    rng.shuffle(parts)
    return head + "".join(parts)


def rewritten(text, rng, part):
    """Split a part of the assignments into two."""
    lines = []
    for line in text.split("\n"):
        found = re.match(r"( +)([a-z_]+(?:\[.*\])?) (=|\+=) (.*)$", line)
        if found and found[4].count("(") == found[4].count(")") and rng.random() < part:
            lines += [f"{found[1]}step = {found[4]}", f"{found[1]}{found[2]} {found[3]} step"]
        else:
            lines.append(line)
    return "\n".join(lines)


def copy_of(files, seed=0, part=0.0):
    """A copy: a part of the assignments rewritten, functions in another order, variables renamed."""
    rng = random.Random(seed)
    return {
        name: renamed(reordered(rewritten(data.decode(), rng, part), rng)).encode()
        if name.endswith(".py")
        else data
        for name, data in files.items()
    }


def other_people():
    """Solutions of different people: for each exercise every one of them takes another alternative."""
    groups = {}
    for name, (exercises, _) in alternatives.ALTERNATIVES.items():
        if function := getattr(alternatives, name, None):
            source = inspect.getsource(function) + (inspect.getsource(HELPERS[name]) if name in HELPERS else "")
            groups.setdefault(exercises[0].replace("_backward_alt", "_forward"), []).append(source)
    return [
        {"cs231n/layers.py": "\n".join(group[i] for group in groups.values() if len(group) > i).encode()}
        for i in range(3)
    ]


def test_names_layout_comments_and_order_do_not_matter(token_hashes, solved):
    assert similarity(token_hashes.of(solved), token_hashes.of(copy_of(solved))) > 0.95


@pytest.mark.parametrize("part", [0.25, 1.0])
def test_a_copy_is_found_though_assignments_are_rewritten(token_hashes, solved, part):
    copy = token_hashes.of(copy_of(solved, part=part))
    assert similarity(token_hashes.of(solved), copy) > THRESHOLD + 0.05


def test_solutions_of_different_people_stay_far_below_the_threshold(token_hashes, solved):
    people = [token_hashes.of(one) for one in (*other_people(), solved)]
    assert all(size(one) >= FEWEST for one in people)
    highest = max(similarity(a, b) for i, a in enumerate(people) for b in people[:i])
    assert 0 < highest < THRESHOLD / 1.5


def size(hashes):
    return sum(map(len, hashes.values()))


def test_a_copied_half_is_found_and_named(token_hashes, solved):
    theirs = {"cs231n/layers.py": solved["cs231n/layers.py"]}
    whole, half = token_hashes.of(solved), token_hashes.of(copy_of(theirs))
    (group,) = alike({"whole": whole, "half": half})
    assert group.names == ("half", "whole")
    functions = {function.removesuffix("_of_mine") for function, _ in group.functions}
    assert functions > {"batchnorm_backward", "conv_backward_naive"}


def test_a_ring_of_copies_is_one_group_and_others_are_not_in_it(token_hashes, solved):
    people = dict(zip(["Ada", "Ben", "Chen"], map(token_hashes.of, other_people())))
    ring = {f"copy {i}": token_hashes.of(copy_of(solved, seed=i, part=0.2)) for i in range(4)}
    assert [group.names for group in alike(people | ring)] == [tuple(sorted(ring))]


def test_what_many_wrote_alike_does_not_count_unless_they_wrote_all_alike():
    rng = np.random.default_rng(0)
    idioms = rng.integers(2**62, size=300).astype(np.uint64)
    many = MANY[0] + 5
    own = [rng.integers(2**62, size=200).astype(np.uint64) for _ in range(many)]
    assert alike({f"s{i}": {"f": idioms, "g": own[i]} for i in range(many)}) == []
    (group,) = alike({f"s{i}": {"f": idioms} for i in range(many)})
    assert len(group.names) == many


def test_too_little_to_tell_is_not_compared(token_hashes):
    files = {"cs231n/layers.py": b"def f(x):\n    return [x[i] + x[i + 1] * 3 for i in range(len(x) - 1)]\n"}
    hashes = token_hashes.of(files)
    assert 0 < size(hashes) < FEWEST
    assert alike({"a": hashes, "b": hashes}) == []
    assert alike({}) == []
    assert alike({"a": {}}) == []


@pytest.mark.parametrize(
    "damage",
    [
        b"def f(:\n",
        b"x = '''never ends\n",
        b"    if\n  else\n",
        b"\\\n" * 1000,
        b"\xff\xfe\0\n",
        b"((((\n",
        b"\xef\xbb\xbf",
    ],
    ids=["syntax", "quote", "indent", "backslashes", "bytes", "brackets", "bom"],
)
def test_code_that_no_parser_takes_is_compared_all_the_same(token_hashes, solved, damage):
    broken = {name: damage + data for name, data in solved.items()}
    assert similarity(token_hashes.of(solved), token_hashes.of(broken)) > 0.9
