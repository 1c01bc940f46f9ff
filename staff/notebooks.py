"""Execute a notebook and read the verdicts of its checks."""

import asyncio
import dataclasses
import os
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from cs231n.verdict import MIME
from staff import ROOT

__all__ = ["Run", "execute"]

# Executed after the notebook's own cells; prints the most memory the kernel has held, in MB. On Linux from the
# kernel's own page: getrusage would count what the process held that started it.
_PEAK_MEMORY = """
try:
    with open("/proc/self/status") as status:
        print(next(int(line.split()[1]) * 1024 / 1e6 for line in status if line.startswith("VmHWM")))
except OSError:
    try:
        import resource
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)  # macOS, in bytes
    except ImportError:
        print("nan")
"""


@dataclasses.dataclass
class Run:
    """What came of executing a notebook.

    Attributes:
        name: file name without `.ipynb`.
        notebook: the notebook with its outputs.
        seconds: wall time.
        peak_mb: most memory the kernel held, NaN where that is unknown.
        error: why execution stopped early, or None.
    """

    name: str
    notebook: nbformat.NotebookNode
    seconds: float
    peak_mb: float
    error: str | None

    def verdicts(self, kind: str) -> list[dict[str, Any]]:
        """Return the verdicts of a kind, "check" or "accuracy": dicts with what, passed, detail and value."""
        outputs = (output for cell in self.notebook.cells for output in cell.get("outputs", []))
        data = (output.get("data", {}).get(MIME) for output in outputs)
        return [verdict for verdict in data if verdict and verdict["kind"] == kind]


def execute(
    path: str | Path,
    parameters: dict[str, Any] | None = None,
    *,
    environment: dict[str, str] | None = None,
    on_cell: Callable[[str, int], None] | None = None,
    stop: threading.Event | None = None,
) -> Run:
    """Execute a notebook in a kernel of its own, started in the repository's root.

    Args:
        path: the .ipynb file; it is not changed.
        parameters: name -> value, replacing values of the cell tagged `parameters`.
        environment: environment variables to add for the kernel.
        on_cell: function of a cell's id and its number from 0, called as the cell begins.
        stop: once another thread sets it, the kernel is ended.

    Returns:
        Run

    Raises:
        ValueError: there is no cell tagged `parameters`, or it does not set one of the names.
        asyncio.CancelledError: it was stopped.
    """
    notebook = nbformat.read(path, as_version=4)
    _set_parameters(notebook, parameters or {}, path)
    measuring = nbformat.v4.new_code_cell(_PEAK_MEMORY)
    notebook.cells.append(measuring)

    def begin(cell, cell_index):
        if on_cell and cell is not measuring:
            on_cell(cell.id, cell_index)

    error = None
    start = time.perf_counter()
    client = NotebookClient(
        notebook,
        timeout=None,
        kernel_name="python3",
        extra_arguments=["--IPKernelApp.log_level=ERROR"],  # or it warns that it talks over the loopback
        on_cell_start=begin,
        shutdown_kernel="immediate",
    )
    try:
        # A loop of its own, closed at the end, for each thread; ZeroMQ needs this kind on Windows too.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            environment = os.environ | (environment or {})
            runner.run(_until(stop, client, client.async_execute(cwd=str(ROOT), env=environment)))
    except CellExecutionError as exception:
        error = str(exception)
    seconds = time.perf_counter() - start
    notebook.cells.remove(measuring)
    peak_mb = float(measuring.outputs[0].text) if measuring.get("outputs") else float("nan")
    return Run(Path(path).stem, notebook, seconds, peak_mb, error)


async def _until(stop: threading.Event | None, client: NotebookClient, execution: Awaitable[Any]) -> None:
    """Wait for an execution, and end it with its kernel once `stop` is set."""
    task = asyncio.ensure_future(execution)
    while not task.done():
        if stop is not None and stop.is_set():
            task.cancel()
        await asyncio.wait([task], timeout=0.2)
    if stop is not None and stop.is_set() and (task.cancelled() or task.exception()):
        # nbclient ends the kernel if it had started, and then says that the kernel died.
        if client.km is not None and client.km.has_kernel:
            await client.km.shutdown_kernel(now=True)
        raise asyncio.CancelledError
    task.result()


def _set_parameters(notebook, parameters, path):
    """Insert a cell after the one tagged `parameters` that gives its names other values."""
    tagged = [i for i, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        raise ValueError(f"{path} has {len(tagged)} cells tagged 'parameters', expected one")
    defaults = {
        line.split("=")[0].strip() for line in notebook.cells[tagged[0]].source.splitlines() if "=" in line
    }
    if unknown := sorted(set(parameters) - defaults):
        raise ValueError(f"{path} has no parameter {', '.join(unknown)}; it has {', '.join(sorted(defaults))}")
    if parameters:
        source = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
        notebook.cells.insert(tagged[0] + 1, nbformat.v4.new_code_cell(source))
