"""setup.py: the extension builds in place, and nothing breaks where it cannot be built."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from importlib import machinery
from pathlib import Path

import pytest

from cs231n import im2col_cython
from staff import ROOT
from tests import lacking

USE = """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from cs231n import fast_layers, im2col, layer_utils
    from cs231n.classifiers import cnn
    import numpy as np
    net = cnn.ThreeLayerConvNet(input_dim=(3, 8, 8), num_filters=2, filter_size=3)
    loss, grads = net.loss(np.ones((2, 3, 8, 8), np.float32), np.array([0, 1]))
assert np.isfinite(loss)
for warning in caught:
    print(warning.category.__name__, warning.message)
"""


@pytest.fixture
def checkout(tmp_path):
    """Return a copy of what the build needs, without anything built before."""
    built = shutil.ignore_patterns("*.so", "*.pyd", "im2col_cython.c", "__pycache__", "cifar-10-batches-py")
    shutil.copytree(ROOT / "cs231n", tmp_path / "cs231n", ignore=built)
    for name in ("setup.py", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def python(checkout, *arguments, **environment):
    """Run Python in the checkout and return what it printed.

    Without `site` (-S), so that an editable install of the package elsewhere cannot step in.
    """
    path = os.pathsep.join([str(checkout), sysconfig.get_path("purelib")])
    done = subprocess.run(
        [sys.executable, "-S", *arguments],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": path} | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_build_ext_builds_the_extension_in_place_and_it_is_used_without_a_warning(checkout):
    # Fast to compile. With the flags of setup.py `make` builds the extension that all other tests use.
    python(checkout, "setup.py", "build_ext", "--inplace", CS231N_FLAGS="-O0 -fopenmp")
    assert python(checkout, "-c", USE) == ""
    assert str(checkout) in python(checkout, "-c", "import cs231n.im2col_cython as e; print(e.__file__)")


@pytest.mark.slow
def test_the_same_command_in_the_folder_of_the_package_builds_the_same_extension(checkout):
    python(checkout, "-c", "import os, runpy, sys; os.chdir('cs231n'); sys.argv = "
           "['setup.py', 'build_ext', '--inplace']; runpy.run_path('setup.py', run_name='__main__')",
           CS231N_FLAGS="-O0")  # fmt: skip
    assert python(checkout, "-c", USE) == ""


@pytest.mark.parametrize(
    "version, module, said",
    [
        ("65.5.0", "setuptools", "setuptools is 65.5.0, expected 77 or newer; instead, run: "),
        ("84.0.0", "Cython.Build", "Cython is needed to build the extension"),
    ],
)
def test_what_the_build_lacks_is_said_in_one_line(checkout, version, module, said):
    code = f"import setuptools, sys; setuptools.__version__ = '{version}'; sys.modules['Cython.Build'] = None\n"
    code += "sys.argv = ['setup.py', 'build_ext', '--inplace']; exec(open('setup.py').read())"
    done = subprocess.run([sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(said) and done.stderr.count("\n") == 1
    assert "python -m pip install --no-deps -e ." in done.stderr


WARN = """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from cs231n import im2col
assert im2col.compiled is None
print(caught[0].message)
"""


@pytest.mark.parametrize(
    "name, text, said",
    [
        (None, "", "there is no compiled extension in {folder}"),
        ("im2col_cython.cpython-309-x86_64-linux-gnu.so", "", "im2col_cython.cpython-309-x86_64-linux-gnu.so in "
         "{folder} is for another Python"),
        ("im2col_cython" + machinery.EXTENSION_SUFFIXES[0], "no library", "in {folder} cannot be loaded ("),
        ("im2col_cython.py", "def im2col_cython(): pass", "has no kernels: another setup.py built it"),
    ],
)  # fmt: skip
def test_the_warning_says_why_there_is_no_extension(checkout, name, text, said):
    if name:
        (checkout / "cs231n" / name).write_text(text)
    assert said.format(folder=checkout / "cs231n") in python(checkout, "-c", WARN)


def test_without_a_compiler_the_build_goes_on_and_the_package_warns_once_how_to_build(checkout):
    python(checkout, "setup.py", "build_ext", "--inplace", CC="no-such-compiler")
    assert not list((checkout / "cs231n").glob("*.so"))
    printed = python(checkout, "-c", USE).splitlines()
    assert len(printed) == 1
    assert "python -m pip install --no-deps -e ." in printed[0]


# Compares the compiled kernels, over shapes that are no multiple of a vector, with those in NumPy.
COMPARE = """
import sys
import numpy as np
from cs231n import im2col_cython as compiled, numpy_kernels
rng = np.random.default_rng(0)
for number in range(int(sys.argv[1])):
    dtype, bound = ((np.float32, 3e-5), (np.float64, 1e-12))[number % 2]
    N, C, F = rng.integers(1, 4), *rng.integers(1, 20, 2)
    if number % 8 < 2:
        (height, width), stride, pad = (3, 3), 1, 1
        N, C, F = rng.integers(1, 9), *rng.integers(8, 20, 2)
    elif number % 8 < 4:  # many images, along which vectors may go
        (height, width), stride, pad = (rng.integers(1, 6), rng.integers(3, 12)), 1, int(rng.integers(0, 6))
        N = rng.integers(8, 40)
    else:
        (height, width), stride, pad = rng.integers(1, 6, 2), int(rng.integers(1, 5)), int(rng.integers(0, 6))
    H, W = np.maximum(rng.integers(1, 20, 2), (height - 2 * pad, width - 2 * pad))
    x, w, b = (rng.standard_normal(s).astype(dtype) for s in ((N, C, H, W), (F, C, height, width), (F,)))
    expected = numpy_kernels.conv_forward(x, w, b, stride, pad)
    dout = rng.standard_normal(expected.shape).astype(dtype)
    results = []
    for kernels in (compiled, numpy_kernels):
        results.append([
            kernels.conv_forward(x, w, b, stride, pad),
            kernels.conv_input_gradient(dout, w, x.shape, stride, pad),
            *kernels.conv_weight_gradient(dout, x, w.shape, stride, pad),
        ])
    for one, other in zip(*results):
        assert one.shape == other.shape and one.dtype == other.dtype
        assert np.abs(one - other).max() < bound * max(1, np.abs(other).max()), (x.shape, w.shape, stride, pad)
print("same")
"""


LEVELS = [name for name, lacking in im2col_cython.levels().items() if not lacking]


@pytest.mark.slow
@pytest.mark.parametrize("flags", ["-O2 -DVECTOR_BYTES=0", "-O2 -DVECTOR_BYTES=8"])
def test_vectors_of_any_size_give_the_same_results(checkout, flags):
    python(checkout, "setup.py", "build_ext", "--inplace", CS231N_FLAGS=flags)
    assert list((checkout / "cs231n").glob("*.so"))
    assert python(checkout, "-c", COMPARE, "200") == "same\n"


@pytest.mark.slow
def test_a_build_by_clang_gives_the_same_results_at_each_level(checkout):
    clang = next(filter(shutil.which, ("clang", "clang-14")), None)
    if clang is None:
        lacking.skip("there is no clang")
    python(checkout, "setup.py", "build_ext", "--inplace", CC=clang)
    for level in LEVELS:
        assert python(checkout, "-c", COMPARE, "100", CS231N_LEVEL=level) == "same\n"


@pytest.mark.slow
def test_no_kernel_reads_or_writes_memory_that_is_not_its_own(checkout):
    flags = "-O1 -g -fopenmp -fsanitize=address,undefined -fno-sanitize-recover=undefined"
    library = subprocess.run(["cc", "-print-file-name=libasan.so"], capture_output=True, text=True).stdout.strip()
    if not Path(library).is_absolute():
        lacking.skip("the compiler has no AddressSanitizer")
    python(checkout, "setup.py", "build_ext", "--inplace", CS231N_FLAGS=flags)
    environment = {"LD_PRELOAD": library, "ASAN_OPTIONS": "detect_leaks=0", "OMP_NUM_THREADS": "2"}
    for level in LEVELS:
        assert python(checkout, "-c", COMPARE, "100", CS231N_LEVEL=level, **environment) == "same\n"


# Processors of the emulator and their levels: the oldest that wheels of NumPy run on, and one with AVX2.
EMULATED = {"Nehalem": "x86-64", "Haswell": "x86-64-v3"}


@pytest.mark.slow
@pytest.mark.parametrize("processor", EMULATED)
def test_no_newer_instruction_is_anywhere_but_in_the_kernels_of_its_level(processor):
    if not shutil.which("qemu-x86_64"):
        lacking.skip("there is no qemu-x86_64")
    code = "from cs231n import im2col_cython as e\nprint(e.LEVEL)\n" + COMPARE
    environment = os.environ | {"OMP_NUM_THREADS": "2", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    environment.pop("OPENBLAS_CORETYPE", None)  # may name this processor, and NumPy's BLAS would obey
    done = subprocess.run(
        ["qemu-x86_64", "-cpu", processor, sys.executable, "-c", code, "40"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    # Not on stderr, where the emulator writes its own remarks at the start of each thread.
    assert (done.stdout, done.returncode) == (f"{EMULATED[processor]}\nsame\n", 0), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["cc", "no-such-compiler"])
def test_an_editable_install_works_with_and_without_a_compiler(checkout, compiler):
    environment = checkout / "environment"
    venv.create(environment)
    inner = sysconfig.get_path("purelib", "venv", {"base": str(environment)})
    # The new environment borrows what is installed in this one, so that nothing needs downloading.
    Path(inner, "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    pip = ["-m", "pip", "--python", str(environment), "install", "--no-deps", "--no-build-isolation", "-e", "."]
    python(checkout, *pip, CC=compiler)
    assert bool(list((checkout / "cs231n").glob("im2col_cython*.so"))) == (compiler == "cc")
    assert list(Path(inner).glob("__editable__*cs231n*"))
