"""benchmarks.report and benchmarks.plot on made-up records."""

import numpy as np
from matplotlib.image import imread

from benchmarks import plot, report
from benchmarks.goals import error_bound

ENVIRONMENT = {"threads": 1, "torch": "2", "processor": "a processor"}


def _record(case, ours, direction="forward", group="convolution", dtype="float32"):
    """A record of three rounds in which torch takes 2, 4 and 8 ms, and we `ours` times as long."""
    torch = [0.002, 0.004, 0.008]
    seconds = {"torch": torch, "cs231n": [ours * each for each in torch], "im2col + BLAS": [0.02, 0.04, 0.08]}
    return {"group": group, "case": case, "dtype": dtype, "direction": direction, "seconds": seconds}


def _line(text, start):
    (line,) = (line for line in text.splitlines() if line.strip().startswith(start))
    return line.removeprefix("  " + start).split()


def test_a_row_has_median_milliseconds_and_then_ratios():
    text = report.timing_tables([_record("A", 0.5)])
    assert _line(text, "A") == ["4.000", "2.000", "40.000", "0.500", "10.000"]


def test_the_table_ends_with_geometric_mean_and_worst_case():
    text = report.timing_tables([_record("A", 0.25), _record("B", 1)])
    assert _line(text, "geometric mean") == ["0.500", "10.000"]
    assert _line(text, "worst") == ["1.000", "10.000"]


def test_goals_of_convolutions_hold_for_the_mean_and_for_each_shape():
    kept = report.timing_tables([_record("A", 0.5), _record("B", 1)])
    assert "0.707 measured: goal kept; no shape above 1.00: kept" in kept
    slow = report.timing_tables([_record("A", 0.4), _record("B", 1.1)])
    assert "goal kept; no shape above 1.00: missed" in slow
    assert "goal missed" in report.timing_tables([_record("A", 0.9), _record("B", 0.9)])


def test_goals_of_pools_hold_for_each_case():
    text = report.timing_tables([_record("p", 0.1, group="pool"), _record("q", 0.4, group="pool")])
    assert "0.400 measured: goal kept" in text


def test_goals_are_left_out_on_request():
    assert "goal" not in report.timing_tables([_record("A", 0.5)], with_goals=False)


def test_the_error_is_shown_as_a_share_of_its_bound():
    bounds = dict.fromkeys(("out", "dx", "dw", "db"), 1e-6)
    errors = {"cs231n": {"out": 1e-7, "dx": 5e-7, "dw": 2e-7, "db": 0}, "torch": {"out": 3e-7}}
    text = report.errors_table([{"case": "A", "dtype": "float32", "errors": errors, "bounds": bounds}])
    assert _line(text, "A") == ["float32", "5.0e-07", "3.0e-07", "50%"]


def test_bounds_grow_with_the_root_of_the_sum_beyond_4096_products():
    assert error_bound("float32", 9) == error_bound("float32", 4096) == 2e-6
    assert error_bound("float64", 4 * 4096) == 4e-14


def test_memory_that_was_not_measured_is_said_to_be_so():
    assert "not measured" in report.memory_table([])
    text = report.memory_table([{"case": "A", "dtype": "float32", "MB": {"cs231n": [0.5, 0.52]}}])
    assert "0.5 / 0.5" in text


def test_the_plot_has_a_panel_for_each_dtype(tmp_path):
    records = [_record(case, 0.5, dtype=dtype) for case in "AB" for dtype in ("float32", "float64")]
    plot.draw_chart(records, ENVIRONMENT, tmp_path / "plot.png")
    picture = imread(tmp_path / "plot.png")
    assert picture.shape[1] > 1000 and np.ptp(picture[..., :3]) > 0.5
