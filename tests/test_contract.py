"""The public surface of cs231n: names, signatures, star imports, who imports whom, and the solution blocks."""

import ast
import importlib
import inspect
import itertools
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from cs231n.checks.rubric import load_rubric
from tests.oracles import parametrise, public_names

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "cs231n"

# --- names and signatures -----------------------------------------------------------------------------------

_NORM = "x, gamma, beta"
_CONV = "x, w, b, conv_param"
_INPUT_GRAD = "dout, cache, *, input_grad=True"
_WINDOW = "field_height, field_width, padding=1, stride=1"

# Module -> public name -> its parameters as one would write them down; None where it is no function or class. The
# functions and classes of the rubric's exercises are public too, with whatever parameters they were given.
LAYERS = {
    "affine_forward": "x, w, b",
    "affine_backward": "dout, cache",
    "relu_forward": "x",
    "relu_backward": "dout, cache",
    "batchnorm_forward": f"{_NORM}, bn_param",
    "batchnorm_backward": "dout, cache",
    "batchnorm_backward_alt": "dout, cache",
    "layernorm_forward": f"{_NORM}, ln_param",
    "layernorm_backward": "dout, cache",
    "dropout_forward": "x, dropout_param",
    "dropout_backward": "dout, cache",
    "conv_forward_naive": _CONV,
    "conv_backward_naive": "dout, cache",
    "max_pool_forward_naive": "x, pool_param",
    "max_pool_backward_naive": "dout, cache",
    "spatial_batchnorm_forward": f"{_NORM}, bn_param",
    "spatial_batchnorm_backward": "dout, cache",
    "spatial_groupnorm_forward": f"{_NORM}, G, gn_param",
    "spatial_groupnorm_backward": "dout, cache",
    "svm_loss": "x, y",
    "softmax_loss": "x, y",
}
LAYER_UTILS = {
    "affine_relu_forward": "x, w, b",
    "affine_relu_backward": "dout, cache",
    "conv_relu_forward": _CONV,
    "conv_relu_backward": _INPUT_GRAD,
    "conv_bn_relu_forward": "x, w, b, gamma, beta, conv_param, bn_param",
    "conv_bn_relu_backward": _INPUT_GRAD,
    "conv_relu_pool_forward": f"{_CONV}, pool_param",
    "conv_relu_pool_backward": _INPUT_GRAD,
}
FAST_LAYERS = {
    **{f"conv_forward_{kind}": _CONV for kind in ("fast", "im2col", "strides")},
    **{f"conv_backward_{kind}": _INPUT_GRAD for kind in ("fast", "im2col", "strides")},
    **{f"max_pool_forward_{kind}": "x, pool_param" for kind in ("fast", "im2col", "reshape")},
    **{f"max_pool_backward_{kind}": "dout, cache" for kind in ("fast", "im2col", "reshape")},
}
IM2COL = {
    "im2col_indices": f"x, {_WINDOW}",
    "col2im_indices": "cols, x_shape, field_height=3, field_width=3, padding=1, stride=1",
    "get_im2col_indices": f"x_shape, {_WINDOW}",
    "im2col_cython": "x, field_height, field_width, padding, stride",
    "col2im_cython": "cols, N, C, H, W, field_height, field_width, padding, stride",
    "col2im_6d_cython": "cols, N, C, H, W, HH, WW, pad, stride",
}
OPTIM = dict.fromkeys(("sgd", "sgd_momentum", "rmsprop", "adam"), "w, dw, config=None")
GRADIENT_CHECK = {
    "eval_numerical_gradient": "f, x, verbose=True, h=1e-5",
    "eval_numerical_gradient_array": "f, x, df, h=1e-5",
    "eval_numerical_gradient_blobs": "f, inputs, output, h=1e-5",
    "eval_numerical_gradient_net": "net, inputs, output, h=1e-5",
    "grad_check_sparse": "f, x, analytic_grad, num_checks=10, h=1e-5",
    "rel_error": "x, y",
}
SOLVER = {
    # optim_config=None stands for the {} of older releases, which a signature should not hold; from `progress` on
    # the arguments are ours.
    "Solver": "model, data, *, update_rule='sgd', optim_config=None, lr_decay=1.0, batch_size=100, num_epochs=10, "
    "num_train_samples=1000, num_val_samples=None, checkpoint_name=None, print_every=10, verbose=True, "
    "progress=False, keep_checkpoints=None, on_divergence='continue'",
    "DivergenceError": None,  # ours
}
CHECKPOINT = {"FORMAT": None, "load": "path", "save": "path, content"}  # all ours
MODEL_STATE = {  # all ours
    "difference": "model, expected_shapes, expected_state",
    "get": "model",
    "of_best": "model",
    "restore": "model, state",
    "restore_best": "model, state",
    "settings": "model",
    "shapes": "model",
}
SEARCH = {  # all ours
    "Search": None,
    "Trial": None,
    "choice": None,
    "log_uniform": "low, high",
    "random_search": "make_model, data, *, model, solver, num_trials, seed=0, progress=True",
}
DATA_UTILS = {
    "load_pickle": "f",
    "load_CIFAR_batch": "filename",
    "load_CIFAR10": "ROOT",
    "get_CIFAR10_data": "num_training=49000, num_validation=1000, num_test=1000, subtract_mean=True, *, root=None",
    # ours
    "find_CIFAR10": "root=None",
    "dataset_name": "root=None",
    "load_class_names": "root=None",
}
VIS_UTILS = {
    "visualize_grid": "Xs, ubound=255.0, padding=1",
    "vis_grid": "Xs",
    "vis_nn": "rows",
    "plot_training": "solvers, title",  # ours
}
VERDICT = {  # all ours
    "MIME": None,
    "check": "what, value, *, below=None, above=None, equals=None",
    "check_accuracy": "what, value, at_least",
    "failed": "what, why",
}
FC_NET = {
    "TwoLayerNet": "input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0",
    "FullyConnectedNet": "hidden_dims, input_dim=3072, num_classes=10, dropout=1, normalization=None, reg=0.0, "
    "weight_scale=1e-2, dtype=np.float32, seed=None, *, dropout_keep_ratio=None",
}
CNN = {
    "ThreeLayerConvNet": "input_dim=(3, 32, 32), num_filters=32, filter_size=7, hidden_dim=100, num_classes=10, "
    "weight_scale=1e-3, reg=0.0, dtype=np.float32",
}

for _one in load_rubric().exercises.values():
    if not _one.in_notebook:
        for _file, _function in _one.functions:
            {"cs231n/layers.py": LAYERS, "cs231n/optim.py": OPTIM}.get(_file, {}).setdefault(_function, None)

MODULES = {
    "layers": LAYERS,
    "layer_utils": LAYER_UTILS,
    "fast_layers": FAST_LAYERS,
    "im2col": IM2COL,
    "optim": OPTIM,
    "gradient_check": GRADIENT_CHECK,
    "solver": SOLVER,
    "checkpoint": CHECKPOINT,
    "model_state": MODEL_STATE,
    "search": SEARCH,
    "data_utils": DATA_UTILS,
    "vis_utils": VIS_UTILS,
    "verdict": VERDICT,
    "classifiers.fc_net": FC_NET,
    "classifiers.cnn": CNN,
}
# What a star import brings along besides the module's own names.
STAR = {"layers": {"np"}, "optim": {"np"}}
STAR |= dict.fromkeys(("classifiers.fc_net", "classifiers.cnn"), {"np", *LAYERS, *LAYER_UTILS, *FAST_LAYERS})
WRITTEN_BY_STUDENTS = list(STAR)

SIGNATURES = {
    f"{module}.{name}": (module, name, parameters)
    for module, names in MODULES.items()
    for name, parameters in names.items()
    if parameters is not None
}
METHODS = {
    "solver.Solver.train": "self",
    "solver.Solver.resume": "path, model, data, *, num_epochs=None",  # ours
    "solver.Solver.check_accuracy": "self, X, y, num_samples=None, batch_size=100",
    "solver.Solver._step": "self",
    "solver.Solver._reset": "self",
    "classifiers.fc_net.TwoLayerNet.loss": "self, X, y=None",
    "classifiers.fc_net.FullyConnectedNet.loss": "self, X, y=None",
    "classifiers.cnn.ThreeLayerConvNet.loss": "self, X, y=None",
}


def _module(name):
    return importlib.import_module(f"cs231n.{name}")


def _parameters(signature):
    """(name, kind, default) of every parameter; what catches unknown keywords to refuse them does not count."""
    parameters = signature.parameters.values()
    return [(p.name, p.kind.description, p.default) for p in parameters if p.kind is not p.VAR_KEYWORD]


def _written(parameters):
    return _parameters(inspect.signature(eval(f"lambda {parameters}: None", {"np": np})))


@parametrise("module, name, parameters", SIGNATURES)
def test_a_function_or_class_takes_what_the_contract_says(module, name, parameters):
    function = getattr(_module(module), name)
    assert _parameters(inspect.signature(function)) == _written(parameters)
    assert function.__doc__


@parametrise("path, parameters", {path: (path, parameters) for path, parameters in METHODS.items()})
def test_a_method_takes_what_the_contract_says(path, parameters):
    module, owner, method = path.rsplit(".", 2)
    assert _parameters(inspect.signature(getattr(getattr(_module(module), owner), method))) == _written(parameters)


@pytest.mark.parametrize("module", MODULES)
def test_a_star_import_brings_the_public_names_and_no_others(module):
    found, listed = public_names(f"cs231n.{module}"), set(MODULES[module]) | STAR.get(module, set())
    assert found - listed == set(), f"enter what is new in cs231n.{module} in tests/test_contract.py, see MODULES"
    assert listed - found == set(), f"cs231n.{module} has lost a public name"


@pytest.mark.parametrize("module", MODULES)
def test_modules_list_their_public_names_unless_students_write_them(module):
    listed = getattr(_module(module), "__all__", None)
    if module in WRITTEN_BY_STUDENTS:
        assert listed is None
    else:
        assert sorted(listed) == sorted(MODULES[module])


def test_the_extension_has_its_names_also_under_im2col():
    names = {name for name in IM2COL if name.endswith("cython")}
    assert names == {"im2col_cython", "col2im_cython", "col2im_6d_cython"}
    assert all(callable(getattr(_module("im2col"), name)) for name in names)


# --- a student's own helper ---------------------------------------------------------------------------------

HELPER = '''

def softplus_forward(x):
    """A layer that the assignment does not ask for."""
    return np.log1p(np.exp(x)), x
'''
USE_HELPER = """
import cs231n
from {module} import *
out, cache = softplus_forward(np.zeros(2))
print(cs231n.__file__)
print(out.round(6).tolist(), affine_forward.__module__)
"""


@pytest.fixture
def package_copy(tmp_path):
    """Return the path of a copy of the package, without its data."""
    ignored = shutil.ignore_patterns("datasets", "images", "__pycache__", "*.c", "*.html")
    shutil.copytree(PACKAGE, tmp_path / "cs231n", ignore=ignored)
    return tmp_path / "cs231n"


def _run(code, package):
    """Run code with that copy of the package and return what it printed, as lines."""
    environment = {**os.environ, "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=package.parent, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


@pytest.mark.parametrize("module", ["cs231n.layers", "cs231n.classifiers.fc_net", "cs231n.classifiers.cnn"])
def test_a_helper_that_a_student_adds_to_the_layers_comes_along(package_copy, module):
    with open(package_copy / "layers.py", "a") as file:
        file.write(HELPER)
    printed = _run(USE_HELPER.format(module=module), package_copy)
    assert Path(printed[0]).parent.samefile(package_copy)
    assert printed[1] == "[0.693147, 0.693147] cs231n.layers"


# --- who imports whom ---------------------------------------------------------------------------------------


def _sources():
    """Module name -> path of every source file of the package, .py or .pyx."""
    paths = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.pyx")]
    return {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in sorted(paths)}


SOURCES = _sources()


def _imports(path):
    """Dotted names of everything that a source file imports, anywhere in it; a relative one starts with a dot."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".pyx":  # Python enough, once only its imports are left
        pattern = r"^[ ]*((?:from [\w.]+ )?import [\w., *]+)$"
        source = "\n".join(re.findall(pattern, source, re.MULTILINE))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def test_imports_are_recognised_however_they_are_written(tmp_path):
    (tmp_path / "module.py").write_text(
        "import a.b, c as d\nfrom e import f as g, h\nfrom i.j import (\n    k,\n    l,\n)\n"
        "def m():\n    from n import *  # why\nfrom . import o\nfrom .p import q\n# import r\n"
    )
    assert {*_imports(tmp_path / "module.py")} == {
        "a.b",
        "c",
        "e.f",
        "e.h",
        "i.j.k",
        "i.j.l",
        "n.*",
        "..o",
        ".p.q",
    }
    assert {*_imports(SOURCES["im2col_cython"])} == {"os", "numpy", "cs231n.validation"}


@pytest.mark.parametrize("module", SOURCES)
def test_the_package_imports_neither_the_staff_nor_the_tests(module):
    roots = {name.split(".")[0] for name in _imports(SOURCES[module])}
    assert roots.isdisjoint({"staff", "tests", "benchmarks"})
    assert "" not in roots, "a relative import"


def _below():
    """Module or package of cs231n -> those that it may import, by the layers in pyproject.toml."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    [lines] = [one["layers"] for one in contracts if one.get("containers") == ["cs231n"]]
    layers = [re.findall(r"\w+", line) for line in lines] + [["im2col_cython"]]  # below all, and no Python
    return {name: {*itertools.chain(*layers[i + 1 :])} for i, names in enumerate(layers) for name in names}


BELOW = _below()


@pytest.mark.parametrize("module", [name for name in SOURCES if name not in ("__init__", "setup")])
def test_modules_import_only_what_stands_below_them(module):
    """`make lint` says so of Python; here the extension is among the modules too."""
    own = module.split(".")[0]
    assert own in BELOW, f"say in pyproject.toml which modules a new one, {module}, may import"
    allowed = BELOW[own] | {own} | ({"validation"} if own == "im2col_cython" else set())
    for name in _imports(SOURCES[module]):
        package, _, rest = name.partition(".")
        if package == "cs231n" and rest not in ("", "__version__"):
            assert rest.split(".")[0] in allowed, f"{module} imports {name}"


# --- solution blocks ----------------------------------------------------------------------------------------

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
# Module -> functions and methods that hold a block, by the rubric.
EXERCISES = defaultdict(set)
for _one in load_rubric().exercises.values():
    if not _one.in_notebook:
        for _file, _function in _one.functions:
            EXERCISES[".".join(Path(_file).with_suffix("").parts[1:])].add(_function)
PYTHON = {name: path for name, path in SOURCES.items() if path.suffix == ".py"}


def _blocks(lines):
    """(first, last) line numbers of every block, markers included, counted from 0."""
    starts = [n for n, line in enumerate(lines) if line.strip() == BEGIN]
    ends = [n for n, line in enumerate(lines) if line.strip() == END]
    return list(zip(starts, ends, strict=True))


def _functions(tree, owner=""):
    """(qualified name, first line, last line) of every function and method, counted from 0."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            yield f"{owner}{node.name}", node.lineno - 1, node.end_lineno - 1


def _blanked(source):
    """The source with every block replaced by what a student gets."""
    lines = source.splitlines(keepends=True)
    for first, last in reversed(_blocks(lines)):
        indent = lines[first][: lines[first].index("#")]
        lines[first : last + 1] = [f'{indent}raise NotImplementedError("write me")\n']
    return "".join(lines)


@pytest.mark.parametrize("module", SOURCES)
def test_markers_come_in_pairs_that_do_not_nest(module):
    lines = SOURCES[module].read_text(encoding="utf-8").splitlines()
    markers = [line for line in lines if re.search("begin solution|end solution", line, re.IGNORECASE)]
    assert [line.strip() for line in markers] == [BEGIN, END] * (len(markers) // 2)
    for begin, end in zip(markers[::2], markers[1::2]):
        assert begin == end.replace(END, BEGIN), "the two markers of a block are indented differently"


@pytest.mark.parametrize("module", PYTHON)
def test_the_exercises_have_a_block_and_what_is_given_has_none(module):
    source = PYTHON[module].read_text(encoding="utf-8")
    blocks = _blocks(source.splitlines())
    found = [
        (name, sum(first < begin < last and end <= last + 1 for begin, end in blocks))
        for name, first, last in _functions(ast.parse(source))
    ]
    assert sum(count for _, count in found) == len(blocks), "a block outside of any function"
    assert {name for name, count in found if count} == EXERCISES.get(module, set()), (
        "blocks here and `blocks` in cs231n/checks/rubric.toml do not fit each other"
    )


@pytest.mark.parametrize("module", EXERCISES)
def test_a_block_holds_arithmetic_and_no_validation(module):
    lines = PYTHON[module].read_text(encoding="utf-8").splitlines()
    for first, last in _blocks(lines):
        block = "\n".join(lines[first + 1 : last])
        assert re.search(r"^\s*[^#\s]", block, re.MULTILINE), f"an empty block in line {first + 1}"
        assert not re.search(r"\b_valid\b|\bvalidation\b|\b_results\b|\braise\b|\bassert\b", block), block


@pytest.mark.parametrize("module", EXERCISES)
def test_every_exercise_checks_its_arguments_outside_its_block(module):
    source = _blanked(PYTHON[module].read_text(encoding="utf-8"))
    lines = source.splitlines()
    checked = [
        name
        for name, first, last in _functions(ast.parse(source))
        if any("_valid." in line for line in lines[first : last + 1])
    ]
    unchecked = sorted(EXERCISES[module] - set(checked))
    assert unchecked == [], (
        f"before their block, {unchecked} have to check their arguments by cs231n/validation.py"
    )


BLANK_ROUND = """
import numpy as np
from cs231n import layers, optim, solver, gradient_check, data_utils, vis_utils, fast_layers, layer_utils, im2col
from cs231n.classifiers import fc_net, cnn

x, w, b, image = np.ones((2, 3)), np.ones((3, 4)), np.ones(4), np.ones((2, 3, 4, 4))
print(round(float(layers.softmax_loss(x, np.array([0, 1]))[0]), 6), float(layers.svm_loss(x, np.array([0, 1]))[0]))
print(optim.sgd(b, b, {"learning_rate": 0.5})[0].tolist())
filters = np.ones((1, 3, 2, 2))
print(fast_layers.conv_forward_fast(image, filters, np.zeros(1), {"stride": 2, "pad": 0})[0].sum())
for call in (
    lambda: layers.affine_forward(x, w, b),
    lambda: layers.layernorm_forward(x, np.ones(3), np.zeros(3), {}),
    lambda: layers.max_pool_forward_naive(image, {"pool_height": 2, "pool_width": 2, "stride": 2}),
    lambda: layer_utils.affine_relu_forward(x, w, b),
    lambda: optim.adam(b, b),
    lambda: fc_net.TwoLayerNet(),
    lambda: cnn.ThreeLayerConvNet(),
):
    try:
        call()
    except NotImplementedError as error:
        print(error)
"""


def test_without_the_solutions_everything_given_still_works_and_the_rest_says_what_is_missing(package_copy):
    for module in EXERCISES:
        path = package_copy / PYTHON[module].relative_to(PACKAGE)
        path.write_text(_blanked(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert _run(BLANK_ROUND, package_copy) == ["1.098612 2.0", "[0.5, 0.5, 0.5, 0.5]", "96.0", *["write me"] * 7]
