"""An Explanation as a picture: error against step size, and the difference entry by entry."""

import io
from typing import Any

import numpy as np

from cs231n.checks.explain.findings import Explanation

__all__ = ["as_png", "figure", "laid_out"]

RED, GREEN, GREY = "#cf222e", "#1a7f37", "#8c959f"
ROW_HEIGHT, WIDTH = 2.3, 9.0  # inches


def as_png(explanation: Explanation, dpi: int = 144) -> bytes:
    """Return the picture of an Explanation as the bytes of a PNG."""
    buffer = io.BytesIO()
    figure(explanation).savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def figure(explanation: Explanation) -> Any:
    """Return a matplotlib Figure with a row for each wrong array, or for each: its curve and its difference.

    Raises:
        ValueError: the explanation has no findings.
    """
    from matplotlib.figure import Figure  # not above: the text needs none of it

    wrong = [one for one in explanation.findings if one.verdict != "right"]
    findings = wrong or explanation.findings
    if not findings:
        raise ValueError(f"the explanation of {explanation.exercise} has no findings to draw")
    curves = any(one.has_curve for one in findings)
    drawn = Figure(figsize=(WIDTH, 0.5 + ROW_HEIGHT * len(findings)), layout="constrained")
    drawn.suptitle(f"{explanation.exercise}: {explanation.summary}", fontsize=11)
    grid = drawn.subplots(len(findings), 1 + curves, squeeze=False)
    for row, finding in zip(grid, findings):
        if curves:
            _draw_curve(row[0], finding)
        _draw_difference(drawn, row[-1], finding)
    return drawn


def _draw_curve(axes, finding):
    """Draw the error against the step size, both on logarithmic axes."""
    if not finding.has_curve:
        _say(axes, "no curve: the result cannot be compared")
        return
    colour = GREEN if finding.verdict == "right" else RED
    if finding.verdict != "right":
        axes.loglog(finding.steps, _visible(finding.best), "o--", color=GREY, ms=3, lw=1, label="a right gradient")
    axes.loglog(finding.steps, _visible(finding.errors), "o-", color=colour, ms=4, label="yours")
    axes.set(ylim=(1e-17, 1e1), xlabel="step h", ylabel="error", title=f"{finding.name} against slopes")
    axes.title.set_fontsize(10)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="lower left")


def _visible(errors):
    """Return errors with exact zeros lifted onto a logarithmic axis."""
    return np.maximum(errors, 1e-16)


def _draw_difference(drawn, axes, finding):
    """Draw the result minus what is right, in colours that are symmetric around zero."""
    difference = finding.difference
    if difference is None:
        got = "no array of numbers" if finding.got is None else f"shape {finding.got.shape}"
        _say(axes, f"got {got},\nexpected shape {finding.expected.shape}")
        return
    axes.set_title(f"{finding.name}: got - right", fontsize=10)
    sheet = laid_out(difference)
    largest = np.abs(sheet[np.isfinite(sheet)]).max(initial=0.0)
    limit = largest if finding.verdict != "right" and largest > 0 else 1.0
    shown = axes.imshow(sheet, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="equal", interpolation="nearest")
    axes.set_facecolor("#d0d7de")
    axes.set_anchor("W")
    axes.set_xticks([])
    axes.set_yticks([])
    if difference.ndim == 4:
        axes.set_xlabel(f"{finding.axes[1]}s, side by side", fontsize=8)
        axes.set_ylabel(f"{finding.axes[0]}s", fontsize=8)
    elif difference.ndim == 2:
        axes.set_xlabel(finding.axes[1], fontsize=8)
        axes.set_ylabel(finding.axes[0], fontsize=8)
    drawn.colorbar(shown, ax=axes, shrink=0.8).ax.tick_params(labelsize=7)


def laid_out(array: np.ndarray) -> np.ndarray:
    """Return an array as a matrix: the images of an example side by side, with gaps of NaN between them."""
    if array.ndim < 2:
        return array.reshape(1, -1)
    if array.ndim == 2 or array.shape[-2:] == (1, 1):
        return array.reshape(array.shape[0], -1)
    tiles = array.reshape(array.shape[0], -1, *array.shape[-2:])  # (N, ..., H, W) -> (N, C, H, W)
    N, C, H, W = tiles.shape
    sheet = np.full((N, H + 1, C, W + 1), np.nan)
    sheet[:, :H, :, :W] = tiles.transpose(0, 2, 1, 3)  # (N, C, H, W) -> (N, H, C, W)
    return sheet.reshape(N * (H + 1), C * (W + 1))[:-1, :-1]  # (N, H + 1, C, W + 1) -> (N*(H+1), C*(W+1))


def _say(axes, text):
    axes.text(0.5, 0.5, text, ha="center", va="center", fontsize=9, color=RED, transform=axes.transAxes)
    axes.set_axis_off()
