"""benchmarks.peers: all methods compute the same, so that their times can be compared."""

import numpy as np
import pytest

from benchmarks import peers
from benchmarks.errors import measurements
from benchmarks.shapes import CONVOLUTIONS, POOLS, Convolution

AWKWARD = Convolution("awkward", (3, 2, 7, 6), (4, 2, 3, 2), 2, 1)


@pytest.mark.parametrize("shape", [AWKWARD, *(shape.batch(1) for shape in CONVOLUTIONS)], ids=str)
def test_the_shapes_of_outputs_are_right(shape):
    assert shape.arrays("float32")[-1].shape == shape.out
    inputs = shape.arrays("float32")[:-1]
    assert peers.CONVOLUTIONS["im2col + BLAS"].forward(*inputs, shape.param)[0].shape == shape.out


def _results(method, shape):
    *inputs, dout = shape.arrays("float64")
    out, cache = method.forward(*map(method.array, inputs), shape.param)
    gradients = method.backward(method.upstream(dout), cache)
    gradients = [gradients] if isinstance(gradients, np.ndarray) else gradients
    return [np.asarray(result.detach() if hasattr(result, "detach") else result) for result in (out, *gradients)]


@pytest.mark.parametrize("name", [*peers.CONVOLUTIONS, *peers.NAIVE])
def test_every_way_to_convolve_gives_the_same(name):
    expected = _results(peers.CONVOLUTIONS["torch"], AWKWARD)
    method = (peers.CONVOLUTIONS | peers.NAIVE)[name]
    for result, wanted in zip(_results(method, AWKWARD), expected, strict=True):
        np.testing.assert_allclose(result, wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("pool", [shape.batch(2) for shape in POOLS], ids=str)
def test_every_way_to_pool_gives_the_same(pool):
    expected = _results(peers.POOLS["torch"], pool)
    for result, wanted in zip(_results(peers.POOLS["cs231n"], pool), expected, strict=True):
        assert np.array_equal(result, wanted)


def test_errors_are_measured_for_each_dtype_and_keep_their_bounds():
    records = list(measurements([AWKWARD]))
    assert [record["dtype"] for record in records] == ["float32", "float64"]
    for record in records:
        assert set(record["errors"]["cs231n"]) == set(record["bounds"]) == {"out", "dx", "dw", "db"}
        for name, bound in record["bounds"].items():
            assert 0 <= record["errors"]["cs231n"][name] <= bound
    assert max(records[0]["errors"]["cs231n"].values()) > 1e-9  # float32 is not exact
