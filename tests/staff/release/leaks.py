"""Looking for solutions in a release, in every file and whatever they would hide in.

What is compared: each line of a solution block, and each sentence of an answer, of MIN_LENGTH characters or more,
with white space evened out, as a part of any line of any file; of a notebook all its strings, keys and metadata.
"""

import json
import re

from staff import ROOT
from staff.release import files, modules, notebooks
from staff.release.rubric import PATH, BlockOwners

MIN_LENGTH = 10


def solution_lines(root=ROOT):
    """Return the lines of all solution blocks and the sentences of all answers, as a set."""
    found = files.read_source(root)
    lines = []
    for name in BlockOwners(root / PATH).files():
        kind = notebooks if name.endswith(".ipynb") else modules
        for block in kind.named_blocks(name, found[name]).values():
            lines += block.text.splitlines()[1:-1]
        if kind is notebooks:
            for cell in json.loads(found[name])["cells"]:
                if "solution" in cell["metadata"].get("tags", []):
                    lines += re.split(r"\n|(?<=[.?!:;])\s", "".join(cell["source"]))
    evened = (_even(line) for line in lines)
    return {line for line in evened if len(line) >= MIN_LENGTH and not line.startswith("#")} - {"**Answer.**"}


def _even(line):
    return " ".join(line.split())


def searchable(name, data):
    """Return all text in a released file, white space evened out line by line."""
    if name.endswith(".ipynb"):
        text = "\n".join(_strings(json.loads(data)))
    else:
        text = data.decode("utf-8", errors="replace")
    return "\n".join(_even(line) for line in text.splitlines())


def _strings(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from (key, *_strings(inner))
    elif isinstance(value, list):
        if all(isinstance(item, str) for item in value):
            yield "".join(value)
        else:
            for item in value:
                yield from _strings(item)
    else:
        yield str(value)


def leaks(release):
    """Return the solution lines that occur in a release: line -> names of the files, both sorted."""
    texts = {name: searchable(name, data) for name, data in release.items()}
    found = {line: [name for name, text in texts.items() if line in text] for line in sorted(solution_lines())}
    return {line: names for line, names in found.items() if names}
