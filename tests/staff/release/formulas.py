"""Looking for code of solution blocks in what the release says: docstrings, comments, notebooks' prose and hints.

Two pieces of code are the same if their syntax trees are, whatever their variables are called. `np.` is left out,
a method is a function of its object, and an entry of a dict counts as a variable: `x.sum()` is `sum(x)`.
"""

import ast
import contextlib
import functools
import json
import keyword
import re
import tokenize
import warnings

from cs231n.checks.mistakes.recognise import catalogue
from cs231n.checks.registry import checks_of
from cs231n.checks.rubric import load_rubric
from staff import ROOT
from staff.release import files, modules, notebooks
from staff.release.rubric import PATH, BlockOwners

LEAST = 3  # operators and calls of an expression that tells something
_TOKEN = re.compile(r"\w+|\*\*|//|[<>=!]=|\S")


@functools.cache
def solution_formulas():
    """Return trees of solution blocks -> a place where each stands, (block, code)."""
    found = {}
    sources = files.read_source(ROOT)
    for name in BlockOwners(ROOT / PATH).files():
        kind = notebooks if name.endswith(".ipynb") else modules
        for block, text in kind.named_blocks(name, sources[name]).items():
            body = "if 1:\n" + "\n".join(f" {line}" for line in text.text.splitlines()[1:-1])
            for tree, code in formulas(ast.parse(body)):
                found.setdefault(tree, (block, code))
    return found


def formulas(tree):
    """Yield (tree with renamed variables, code) of each telling expression, and each assignment of a gradient."""
    for node in ast.walk(tree):
        if isinstance(node, ast.expr) and _weight(node) >= LEAST:
            yield _renamed(node), ast.unparse(node)
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and _is_gradient(node.targets[0]):
            if not isinstance(node.value, (ast.Name, ast.Constant)):
                yield _renamed(node), ast.unparse(node)


def _is_gradient(target):
    return isinstance(target, ast.Name) and re.fullmatch(r"d[a-z]+", target.id) is not None


def _weight(node):
    kinds = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call)
    return sum(isinstance(inner, kinds) for inner in ast.walk(node))


def _renamed(node):
    node = _Plain().visit(ast.parse(ast.unparse(node)))
    return ast.dump(_Renamed().visit(node))


class _Plain(ast.NodeTransformer):
    def visit_Subscript(self, node):
        self.generic_visit(node)
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            return ast.Name(node.slice.value)
        return node

    def visit_Call(self, node):
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute):
            owner = node.func.value
            own = [] if isinstance(owner, ast.Name) and owner.id == "np" else [owner]
            return ast.Call(ast.Attribute(ast.Constant(0), node.func.attr), [*own, *node.args], node.keywords)
        if isinstance(node.func, ast.Name):
            return ast.Call(ast.Attribute(ast.Constant(0), node.func.id), node.args, node.keywords)
        return node


class _Renamed(ast.NodeTransformer):
    def __init__(self):
        self.names = {}

    def visit_Name(self, node):
        return ast.Name(self.names.setdefault(node.id, f"v{len(self.names)}"))


def said(release):
    """Return (place, text) of everything that a release says to a student in words."""
    texts = []
    for name, data in release.items():
        if name.endswith(".py"):
            texts += [
                (name, text) for text in (*_docstrings(data.decode("utf-8")), *_comments(data.decode("utf-8")))
            ]
        elif name.endswith(".ipynb"):
            cells = json.loads(data)["cells"]
            texts += [
                (f"{name}:{one['id']}", "".join(one["source"])) for one in cells if one["cell_type"] == "markdown"
            ]
            code = [(one["id"], "".join(one["source"])) for one in cells if one["cell_type"] == "code"]
            texts += [(f"{name}:{cell}", text) for cell, source in code for text in _comments(source)]
        elif name.endswith(".md"):
            texts.append((name, data.decode("utf-8")))
    for exercise in load_rubric().exercises:
        texts += [(f"the hint of {one.id}", one.hint) for one in checks_of(exercise)]
    for one in catalogue().values():
        texts += [(f"the hints of {one.name}", "\n".join((one.title, *one.hints)))]
    return texts


def gradients_in_tex(release):
    """Return {(place, what)} of each gradient that a notebook's prose says in TeX: what stands up to its `=`."""
    sides = re.compile(
        r"((?:\\frac\{\\partial L|\\partial L\s*/|\\text\{d[a-z]+\})[^$=]{0,80}?)(?:\\mathrel\{\+\})?="
    )
    return {
        (place, " ".join(what.split()))
        for place, text in said(release)
        if ".ipynb:" in place
        for tex in re.findall(r"\$\$?[^$]+\$\$?", text)
        for what in sides.findall(tex)
    }


def _comments(source):
    lines = source.splitlines(keepends=True)
    with contextlib.suppress(tokenize.TokenError, SyntaxError):  # of lines that are for the shell
        for token in tokenize.generate_tokens(iter(lines).__next__):
            if token.type == tokenize.COMMENT:
                yield token.string.lstrip("# ")


def _docstrings(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and (text := ast.get_docstring(node)):
            yield text


def found_in(texts, known):
    """Return {(place, code that is said, block that holds the same)} of texts in which known trees stand.

    What stands between commas and the like is looked at by itself, too.
    """
    found = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on what only looks like code
        for place, text in texts:
            for line in text.splitlines():
                for piece in (line, *re.split(r"[,;:`]\s+|\s{2,}| in mode | where ", line)):
                    found |= {(place, code, known[tree][0]) for tree, code in _formulas_of(piece) if tree in known}
    return found


@functools.lru_cache(maxsize=10_000)
def _formulas_of(line):
    """The formulas in the longest pieces of a line that are code."""
    tokens = list(_TOKEN.finditer(line))
    ends = [len(tokens)] * len(tokens)  # how far a piece from each token can reach: at most to two names
    for i in range(len(tokens) - 2, -1, -1):
        ends[i] = i + 1 if _is_name(tokens[i]) and _is_name(tokens[i + 1]) else ends[i + 1]
    pieces, reached = [], 0
    for first in range(len(tokens)):
        for last in range(ends[first], max(first + 1, reached), -1):
            piece = line[tokens[first].start() : tokens[last - 1].end()]
            if not re.search(r"[-+*/<>@(=]", piece):
                break
            if (tree := _parsed(piece)) is not None:
                pieces.append(tree)
                reached = last
                break
    return [one for tree in pieces for one in formulas(tree)]


def _is_name(token):
    return token[0].isidentifier() and not keyword.iskeyword(token[0])


def _parsed(piece):
    try:
        return ast.parse(piece)
    except (SyntaxError, ValueError):
        return None
