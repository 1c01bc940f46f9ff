"""Given code is known by its content, and code that is made at run time is listed."""

import base64
import re
import zlib

import pytest

from staff.grade.alike.given import GivenCode

KERNELS, LAYERS = "cs231n/numpy_kernels.py", "cs231n/layers.py"


@pytest.fixture(scope="module")
def given_code(release):
    return GivenCode(release)


def renamed(text):
    """Return code with other names of variables."""
    return re.sub(r"\b(x|w|b|out|stride|pad)\b", r"\1_of_mine", text)


COPIES = {
    "another name": lambda text: text,
    "other variables": renamed,
    "no comments": lambda text: re.sub(r"(?m)#.*$", "", text),
    "among much else": lambda text: "".join(f"def f{k}(a):\n    return a + {k}\n" for k in range(3000)) + text,
    "in a class": lambda text: "class Mine:\n" + re.sub(r"(?m)^", "    ", text),
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_of_a_given_module_is_one_too(given_code, release, name):
    text = COPIES[name](release[KERNELS].decode())
    for path in ("cs231n/mine.py", "cs231n/folder/layers.py"):
        copies, [line] = given_code.of({path: text.encode()})
        assert copies == {path} and "numpy_kernels.py" in line


def test_given_code_in_a_module_of_the_assignment_is_listed_and_stays(given_code, release, solved):
    data = solved[LAYERS] + release[KERNELS]
    copies, [line] = given_code.of({LAYERS: data})
    assert copies == set() and line.startswith("cs231n/layers.py: holds given code, ")


def test_what_everybody_hands_in_is_none(given_code, release, solved):
    assert given_code.of(release) == (set(), [])
    assert given_code.of(solved) == (set(), [])
    assert given_code.of({KERNELS: release[KERNELS] + b"x = 1\n", "cs231n/mine.py": solved[LAYERS]}) == (set(), [])


TEXT = "def relu_forward(x): return x, x\n"
PACKED = {
    "base64": f"import base64\nexec(base64.b64decode({base64.b64encode(TEXT.encode())!r}))\n",
    "zlib": f"import zlib\neval(compile(zlib.decompress({zlib.compress(TEXT.encode())!r}), '', 'exec'))\n",
    "numbers": f"exec(bytes({list(TEXT.encode())!r}))\n",
    "under another name": f"run = exec\nrun({TEXT!r})\n",
    "marshal": "import marshal, types\ntypes.FunctionType(marshal.loads(b''), {})\n",
}


@pytest.mark.parametrize("name", PACKED)
def test_code_that_is_made_at_run_time_is_listed(given_code, solved, name):
    copies, [line] = given_code.of({LAYERS: solved[LAYERS] + PACKED[name].encode()})
    assert copies == set() and "makes code at run time" in line


def test_a_regular_expression_is_no_made_code(given_code):
    assert given_code.of({LAYERS: b"import re\nPATTERN = re.compile('a')\n"}) == (set(), [])
