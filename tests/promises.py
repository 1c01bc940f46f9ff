"""What every layer promises, as tests. A module of layers has a subclass of Promises with its cases."""

import copy
import re

import numpy as np
import pytest

from tests.oracles import (
    FLOATS,
    MEMORY,
    assert_close,
    complains,
    lay_out,
    random_dout,
    torch_gradients,
)


def first(cases):
    """One case of each layer, the first one, for promises that do not depend on sizes."""
    return {name.split(",")[0]: case for name, case in reversed(cases.items())}


def check_matches_torch(case, arrays, dtype, *, memory=None, rest=None):
    """Output and gradients are torch's, of the dtype that is expected."""
    out, cache = case.out(arrays, rest)
    dout = random_dout(out)
    if memory:
        (dout,) = lay_out([dout], "gapped strides" if memory == "mixed" else memory)
    expected, gradients = torch_gradients(case.oracle, arrays, dout)
    assert_close(out, expected, dtype)
    for actual, wanted in zip(case.gradients(dout, cache), gradients, strict=True):
        assert_close(actual, wanted, dtype)


def as_numpy(value, integer):
    """Numbers among a layer's settings as scalars of NumPy."""
    if isinstance(value, dict):
        return {key: as_numpy(entry, integer) for key, entry in value.items()}
    kinds = {int: integer, float: np.float64}
    return kinds[type(value)](value) if type(value) in kinds else value


class Promises:
    """The tests; CASES has the cases by name, which starts with the layer's.

    A test of `case` runs for all of them, one of `layer` for the first of each layer, one of `weighted` for those
    that have other arrays than x, and one of `batch` for all that take a batch of no images.
    """

    CASES = {}

    def pytest_generate_tests(self, metafunc):
        layers = first(self.CASES)
        tables = {
            "case": self.CASES,
            "layer": layers,
            "weighted": {name: case for name, case in layers.items() if len(case.shapes) > 1},
            "batch": {name: case for name, case in self.CASES.items() if not case.changes},
        }
        for name in tables.keys() & set(metafunc.fixturenames):
            metafunc.parametrize(name, tables[name].values(), ids=tables[name].keys())

    @pytest.mark.parametrize("dtype", FLOATS)
    def test_forward_and_gradients_match_torch(self, case, dtype):
        for seed in range(2):
            check_matches_torch(case, case.arrays(dtype, seed), dtype)

    @pytest.mark.parametrize("memory", MEMORY)
    @pytest.mark.parametrize("dtype", FLOATS)
    def test_any_memory_layout_gives_the_right_answer(self, layer, dtype, memory):
        check_matches_torch(layer, lay_out(layer.arrays(dtype), memory), dtype, memory=memory)

    @pytest.mark.parametrize("integer", [np.int64, np.uint8])
    def test_numpy_scalars_as_settings_keep_float32_and_do_not_overflow(self, case, integer):
        rest = tuple(as_numpy(value, integer) for value in case.rest)
        check_matches_torch(case, case.arrays(np.float32), np.float32, rest=rest)

    @pytest.mark.parametrize("integer", [np.int64, np.uint8])
    @pytest.mark.parametrize("dtype", FLOATS)
    def test_integer_weights_are_cast_to_the_dtype_of_x(self, weighted, dtype, integer):
        x, *others = weighted.arrays(dtype)
        whole = [np.random.default_rng(3).integers(0, 5, array.shape).astype(integer) for array in others]
        check_matches_torch(weighted, [x, *whole], dtype)

    @pytest.mark.parametrize("x_dtype, other_dtype", [FLOATS, FLOATS[::-1]])
    def test_mixed_floats_promote_as_in_numpy(self, weighted, x_dtype, other_dtype):
        x, *others = weighted.arrays(x_dtype)
        arrays = [x, *(array.astype(other_dtype) for array in others)]
        self._check_float64(weighted, arrays, x_dtype)

    def test_float64_dout_after_float32_forward_gives_float64_gradients(self, layer):
        self._check_float64(layer, layer.arrays(np.float32), np.float32, of_out=np.float32)

    @staticmethod
    def _check_float64(case, arrays, precision, of_out=np.float64):
        """Statistics of a float32 x need not be better than float32."""
        out, cache = case.out(arrays)
        assert out.dtype == of_out
        dout = random_dout(out, dtype=np.float64)
        expected, gradients = torch_gradients(case.oracle, arrays, dout)
        assert_close(out.astype(precision), expected, precision)
        for actual, wanted in zip(case.gradients(dout, cache), gradients, strict=True):
            assert actual.dtype == np.float64, f"float32 and float64 gave {actual.dtype}"
            assert_close(actual.astype(precision), wanted, precision)

    def test_inputs_are_left_alone_and_backward_can_be_repeated(self, case):
        arrays, rest = case.arrays(), copy.deepcopy(case.rest)
        kept = copy.deepcopy((arrays, rest))
        out, cache = case.forward(*arrays, *rest)
        dout = random_dout(out)
        kept_dout, kept_out = dout.copy(), out.copy()
        gradients = copy.deepcopy(case.gradients(dout, cache))
        again = case.gradients(dout, cache)

        assert np.array_equal(dout, kept_dout), "dout was modified"
        assert np.array_equal(out, kept_out), "backward modified out"
        for position, (array, before) in enumerate(zip(arrays, kept[0])):
            assert np.array_equal(array, before), f"array argument {position} was modified"
        for value, before in zip(rest, kept[1]):
            if isinstance(value, dict):
                assert set(value) - case.changes == set(before) - case.changes, f"keys came or went: {set(value)}"
                value = {key: entry for key, entry in value.items() if key not in case.changes}
                before = {key: entry for key, entry in before.items() if key not in case.changes}
            assert value == before, f"{before} became {value}"
        for one, two in zip(gradients, again):
            assert np.array_equal(one, two), "the second backward pass gave other gradients"

    def test_calls_in_between_do_not_disturb_each_other(self, layer):
        arrays = layer.arrays()
        out, cache = layer.out(arrays)
        dout = random_dout(out)
        other_out, other_cache = layer.out(layer.arrays(seed=5))
        gradients = layer.gradients(dout, cache)
        layer.gradients(random_dout(other_out, seed=6), other_cache)
        expected, wanted = torch_gradients(layer.oracle, arrays, dout)
        for one, two in zip([out, *gradients], [expected, *wanted], strict=True):
            assert_close(one, two, np.float64)

    @pytest.mark.parametrize("dtype", FLOATS)
    def test_an_empty_batch_gives_empty_results_and_zero_gradients(self, batch, dtype):
        x, *others = batch.arrays(dtype)
        shape = batch.out([x, *others])[0].shape
        arrays = [x[:0], *others]
        out, cache = batch.out(arrays)
        assert_close(out, np.empty((0, *shape[1:])), dtype)
        gradients = batch.gradients(np.empty(out.shape, dtype), cache)
        for gradient, array in zip(gradients, arrays, strict=True):
            assert_close(gradient, np.zeros(array.shape), dtype)

    def test_x_of_integers_is_refused(self, layer):
        x, *others = layer.arrays()
        with complains(ValueError, r"\bx\b", "int64"):
            layer.out([x.astype(np.int64), *others])

    def test_dout_of_another_shape_is_refused_also_one_that_numpy_would_broadcast(self, layer):
        out, cache = layer.out(layer.arrays())
        for shape in [(out.shape[0] + 1, *out.shape[1:]), out.shape[1:], (*out.shape, 1)]:
            with complains(ValueError, r"\bdout\b", re.escape(str(shape))):
                layer.gradients(np.ones(shape), cache)
