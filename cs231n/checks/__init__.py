"""What each exercise must satisfy, and the runner that says how far a solution is: `python -m cs231n.checks`.

A notebook shows the same checks with `show_checks("affine_forward", "affine_backward")`.
`show_explanation("batchnorm_backward")` looks closely at one of them, as `--explain` does, and adds a picture.
"""

__all__ = ["show_checks", "show_explanation"]


def show_checks(*names: str, hints: int = 1) -> None:
    """Show the checks of exercises in a notebook, run on the saved files. See `jupyter.show_checks`."""
    from cs231n.checks.show import jupyter  # not above: the subject's process needs no IPython

    jupyter.show_checks(*names, hints=hints)


def show_explanation(*names: str) -> None:
    """Show in a notebook what is wrong with exercises, in words and pictures. See `jupyter.show_explanation`."""
    from cs231n.checks.show import jupyter

    jupyter.show_explanation(*names)
