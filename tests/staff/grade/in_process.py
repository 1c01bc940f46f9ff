"""What stands for a sandbox in tests: the solved package in this process, with parts of it broken."""

import functools
import time

from cs231n import layers
from tests.checks.subjects import ROOT, replaced, rewritten, transport

NETS = {"fc_net": "classifiers.fc_net", "cnn": "classifiers.cnn"}


class InProcess:
    """Holds the solved package with some functions of cs231n.layers replaced, for the nets too.

    Args:
        edits: module -> (old, new) for `rewritten`, of the nets.
        **broken: name of a layer -> function that stands in its place.

    Attributes:
        asked: the trusted names of each transport that was asked for.
    """

    def __init__(self, edits=None, **broken):
        self.edits, self.broken, self.asked = edits or {}, broken, []
        self._start = time.monotonic()

    def seconds(self):
        """Return the seconds since it was made."""
        return time.monotonic() - self._start

    def transport(self, trusted=(), public=False):
        """Return a transport in which the trusted functions are those of the solved package."""
        self.asked.append(tuple(trusted))
        return transport(**self._modules(frozenset(trusted)))

    @functools.cache  # noqa: B019 - they live as long as their test
    def _modules(self, trusted):
        broken = {name: function for name, function in self.broken.items() if name not in trusted}
        modules = {"layers": replaced("layers", **broken)}
        utils = replaced("layer_utils", **broken)
        names = broken | {name: value for name, value in vars(utils).items() if name.endswith("ward")}
        for short, module in NETS.items():
            modules[short] = rewritten(module, *self.edits.get(short, ()))
            modules[short].__dict__.update(names)
        return modules


def wrong(name):
    """Return a layer that returns the right result with 1 added to its first array."""
    right = getattr(layers, name)

    def function(*args):
        result = right(*args)
        return (result[0] + 1, *result[1:]) if isinstance(result, tuple) else result + 1

    return function


def not_written(name):
    """Return a layer as the release has it: it raises, in the file and under the name of the layer."""
    found, path = {}, ROOT / "cs231n" / "layers.py"
    exec(compile(f"def {name}(*args):\n    raise NotImplementedError", str(path), "exec"), found)
    return found[name]
