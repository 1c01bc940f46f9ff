"""Why no release is made."""

__all__ = ["ReleaseError"]


class ReleaseError(ValueError):
    """The source cannot be turned into a release; the message has a line for each problem, with its place.

    Args:
        problems: the lines.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
