"""What the package promises: ratios to torch, errors and temporaries that must not be exceeded."""

import math

__all__ = ["AIM", "MEAN", "REACH", "TEMPORARIES_MB", "WORST", "error_bound"]

# Of (group, dtype, direction): the ratio to reach for each case, and the one to aim for. Those of groups in MEAN
# hold for the geometric mean of the group, and WORST for each of its cases.
MEAN = ("convolution",)
REACH = {
    ("convolution", "float32", "forward"): 0.75,
    ("convolution", "float32", "forward + backward"): 0.68,
    ("convolution", "float64", "forward"): 0.38,
    ("convolution", "float64", "forward + backward"): 0.46,
    ("pool", "float32", "forward"): 0.45,
    ("pool", "float32", "forward + backward"): 0.50,
    ("pool", "float64", "forward"): 0.45,
    ("pool", "float64", "forward + backward"): 0.50,
    ("ThreeLayerConvNet", "float32", "step"): 0.90,
    ("ThreeLayerConvNet", "float64", "step"): 0.45,
    ("batchnorm net", "float32", "step"): 0.85,
    ("batchnorm net", "float64", "step"): 0.95,
}
AIM = {
    ("convolution", "float32", "forward"): 0.65,
    ("convolution", "float32", "forward + backward"): 0.58,
    ("convolution", "float64", "forward"): 0.30,
    ("convolution", "float64", "forward + backward"): 0.38,
    ("pool", "float32", "forward"): 0.25,
    ("pool", "float32", "forward + backward"): 0.35,
    ("pool", "float64", "forward"): 0.25,
    ("pool", "float64", "forward + backward"): 0.35,
    ("ThreeLayerConvNet", "float32", "step"): 0.60,
    ("ThreeLayerConvNet", "float64", "step"): 0.25,
    ("batchnorm net", "float32", "step"): 0.70,
    ("batchnorm net", "float64", "step"): 0.80,
}
WORST = {("convolution", "float32"): 1.0, ("convolution", "float64"): 1.0}

TEMPORARIES_MB = 4


def error_bound(dtype, length):
    """Return the error allowed relative to the largest value of a sum of that many standard normal products."""
    return {"float32": 2e-6, "float64": 2e-14}[dtype] * max(1, math.sqrt(length) / 64)
