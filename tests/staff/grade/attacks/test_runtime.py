"""Each attack gets its verdict, costs its own exercise alone, and leaves nothing behind."""

import math

import pytest

from tests.staff.grade.attacks.runtime import ATTACKED, CALLS, IMPORTS, IN_NETS, in_call, on_import
from tests.staff.grade.sandboxes import need_bubblewrap, solved, verdicts


@pytest.fixture(autouse=True)
def contained():
    need_bubblewrap()


GROUPS = math.ceil(len(CALLS) / len(ATTACKED))


@pytest.mark.parametrize("names", [list(CALLS)[first::GROUPS] for first in range(GROUPS)], ids=", ".join)
def test_an_attack_in_a_call_costs_that_exercise_alone(names):
    attacks = dict(zip(ATTACKED, names))
    codes = [in_call(CALLS[name][0], exercise) for exercise, name in attacks.items()]
    found = verdicts(solved(layers="import os\n" + "".join(codes)), *attacks, "affine_forward", "sgd_momentum")
    assert found.pop("affine_forward") == found.pop("sgd_momentum") == "passed"
    for exercise, name in attacks.items():
        assert found[exercise] in CALLS[name][1], name


@pytest.mark.parametrize("name", IMPORTS)
def test_an_attack_on_import_costs_that_module_alone(name):
    code, expected = IMPORTS[name]
    found = verdicts(solved(layers=on_import(code)), "relu_forward", "sgd_momentum")
    assert found["relu_forward"] in expected and found["sgd_momentum"] == "passed"


USING = "TwoLayerNet.loss = lambda *args, **kwargs: {}.zeros(3)\n"
NETS = ("two_layer_net", "three_layer_conv_net")


def test_an_import_of_what_the_nets_do_not_hold_costs_nothing():
    found = verdicts(solved(fc_net="\n" + "\n".join(IN_NETS.values()) + "\n"), *NETS)
    assert found == dict.fromkeys(NETS, "passed")


@pytest.mark.parametrize("name", IN_NETS)
def test_using_what_the_nets_do_not_hold_costs_the_exercise_that_does(name):
    line = IN_NETS[name]
    found = verdicts(solved(fc_net=f"\n{line}\n{USING.format(line.split()[-1])}"), *NETS)
    assert found == dict(zip(NETS, ("error", "passed")))


def test_files_beside_the_package_and_odd_ones_in_it_change_nothing():
    files = solved()
    raising = b"raise SystemExit('loaded')\n"
    for name in ("numpy.py", "sitecustomize.py", "usercustomize.py", "conftest.py", "x.pth", "cs231n/numpy.py"):
        files[name] = raising
    files |= {
        "cs231n/checks/subject/wire.py": raising,
        "cs231n/checks/subject/host.py": raising,
        "cs231n/conftest.py": raising,
    }
    files["cs231n/__pycache__/layers.cpython-311.pyc"] = b"no code"
    files["cs231n/x.pth"] = b"import os; os._exit(0)\n"
    assert set(verdicts(files, "relu_forward", "sgd_momentum", "two_layer_net").values()) == {"passed"}
