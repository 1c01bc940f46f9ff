"""Each attack gets its verdict, costs its own exercise alone, and leaves nothing behind."""

import pytest

from tests.staff.grade.attacks.runtime import CALLS, IMPORTS, IN_NETS, in_call, on_import
from tests.staff.grade.sandboxes import need_bubblewrap, solved, verdicts


@pytest.fixture(autouse=True)
def contained():
    need_bubblewrap()


@pytest.mark.parametrize("name", CALLS)
def test_an_attack_in_a_call_costs_that_exercise_alone(name):
    code, expected = CALLS[name]
    found = verdicts(
        solved(layers="import os\n" + in_call(code)), "relu_forward", "affine_forward", "sgd_momentum"
    )
    assert found.pop("relu_forward") in expected
    assert found == {"affine_forward": "passed", "sgd_momentum": "passed"}


@pytest.mark.parametrize("name", IMPORTS)
def test_an_attack_on_import_costs_that_module_alone(name):
    code, expected = IMPORTS[name]
    found = verdicts(solved(layers=on_import(code)), "relu_forward", "sgd_momentum")
    assert found["relu_forward"] in expected and found["sgd_momentum"] == "passed"


USING = "TwoLayerNet.loss = lambda *args, **kwargs: {}.zeros(3)\n"


@pytest.mark.parametrize("name", IN_NETS)
def test_an_import_of_what_the_nets_do_not_hold_costs_nothing_unless_it_is_used(name):
    line = IN_NETS[name]
    used = line.split()[-1]
    found = verdicts(solved(fc_net=f"\n{line}\n"), "two_layer_net", "three_layer_conv_net")
    assert found == {"two_layer_net": "passed", "three_layer_conv_net": "passed"}
    found = verdicts(solved(fc_net=f"\n{line}\n{USING.format(used)}"), "two_layer_net", "three_layer_conv_net")
    assert found == {"two_layer_net": "error", "three_layer_conv_net": "passed"}


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
