"""What is shown while notebooks are executed: a bar on a terminal, elsewhere a line every half minute."""

import sys
import threading
import time

from tqdm import tqdm

from cs231n.terminal import LOG_SECONDS

__all__ = ["Progress"]


class Progress:
    """Shows which cell of which notebook is being executed.

    Args:
        cells: name -> number of cells, for each notebook that will be executed.
    """

    def __init__(self, cells: dict[str, int]) -> None:
        self._cells = cells
        self._at: dict[str, tuple[str, int]] = {}  # name -> id and number of the cell that is being executed
        self._done = 0  # cells of notebooks that have finished
        self._lock = threading.Lock()
        self._start = self._last_line = time.monotonic()
        terminal = sys.stderr.isatty()
        self._bar = tqdm(total=sum(cells.values()), unit="cell", leave=False) if terminal else None

    def begin(self, name: str, cell_id: str, number: int) -> None:
        """Note that a notebook begins a cell; `number` counts from 0. Threads may call this."""
        with self._lock:
            self._at[name] = cell_id, number

    def finish(self, name: str) -> None:
        """Note that a notebook has come to its end, or has stopped."""
        with self._lock:
            self._at.pop(name, None)
            self._done += self._cells[name]

    def show(self) -> None:
        """Show what is being executed, if it is time to; call this about once a second."""
        with self._lock:
            at = dict(self._at)
        if self._bar is not None:
            self._bar.n = self._done + sum(number for _, number in at.values())
            self._bar.set_postfix_str(", ".join(f"{name} {cell_id}" for name, (cell_id, _) in at.items()))
            self._bar.refresh()
        elif time.monotonic() - self._last_line >= LOG_SECONDS:
            self._last_line = time.monotonic()
            cells = [f"{name} cell {n + 1} of {self._cells[name]} ({i})" for name, (i, n) in at.items()]
            print(f"{self._last_line - self._start:6.0f} s: {', '.join(cells) or 'starting'}", flush=True)

    def write(self, text: str) -> None:
        """Print lines above the bar."""
        if self._bar is None:
            print(text, flush=True)
        else:
            self._bar.write(text)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
