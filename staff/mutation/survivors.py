"""The list of survivors that are explained: survivors.toml."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

from staff.mutation.mutants import Mutant

__all__ = ["EXPLAINED", "explained", "split"]

EXPLAINED = Path(__file__).with_name("survivors.toml")


def explained(path: Path = EXPLAINED) -> dict[tuple[str, str, str], str]:
    """Return key of a mutant -> why no check can notice it."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    reasons = {}
    for group in data["survivors"]:
        for before, after in group["changes"]:
            key = (group["block"], before, after)
            if key in reasons:
                raise ValueError(f"{path.name} explains {key} twice")
            reasons[key] = group["reason"]
    return reasons


def split(
    survivors: Iterable[Mutant], reasons: Iterable[tuple[str, str, str]]
) -> tuple[list[Mutant], list[tuple[str, str, str]]]:
    """Return the survivors without a reason, and the reasons without a survivor."""
    keys = {mutant.key for mutant in survivors}
    return [mutant for mutant in survivors if mutant.key not in reasons], [k for k in reasons if k not in keys]
