"""Getting CIFAR-10, or a drawn stand-in for it: `python -m cs231n.datasets`.

Reading the data is the business of `cs231n.data_utils`.
"""

from cs231n.datasets.download import DatasetError, download_cifar10
from cs231n.datasets.stand_in import write_stand_in

__all__ = ["DatasetError", "download_cifar10", "write_stand_in"]
