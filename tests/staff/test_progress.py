"""staff.progress: a line every half minute in a log, a bar on a terminal."""

import sys

import pytest

from staff import progress
from staff.progress import Progress


@pytest.fixture
def clock(monkeypatch):
    """Return a list whose one element is the time in seconds."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_log_gets_a_line_every_half_minute_even_if_no_cell_ends(clock, capsys):
    shown = Progress({"Dropout": 26, "PyTorch": 69})
    shown.begin("PyTorch", "open-ended-train", 57)
    for _ in range(70):
        clock[0] += 1
        shown.show()
    shown.finish("PyTorch")
    clock[0] += 30
    shown.show()
    shown.close()
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "    30 s: PyTorch cell 58 of 69 (open-ended-train)",
        "    60 s: PyTorch cell 58 of 69 (open-ended-train)",
        "   100 s: starting",
    ]
    assert "\r" not in printed.out + printed.err


def test_a_terminal_gets_a_bar_that_names_what_runs_and_lines_above_it(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    shown = Progress({"Dropout": 26, "PyTorch": 69})
    shown.begin("Dropout", "setup", 1)
    shown.finish("Dropout")
    shown.begin("PyTorch", "open-ended-train", 57)
    shown.show()
    shown.write("Dropout 26/26")
    shown.close()
    printed = capsys.readouterr()
    assert "83/95" in printed.err and "PyTorch open-ended-train" in printed.err
    assert "Dropout 26/26" in printed.out
