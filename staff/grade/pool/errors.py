"""What can keep a run from going on."""

__all__ = ["ClusterError"]


class ClusterError(RuntimeError):
    """A Dask cluster cannot grade; the message says what to do."""
