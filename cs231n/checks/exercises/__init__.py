"""The checks of each exercise, registered when this package is imported."""

from cs231n.checks.exercises import (  # noqa: F401
    affine,
    batchnorm,
    convnets,
    convolution,
    dropout,
    groupnorm,
    layernorm,
    nets,
    pooling,
    relu,
    spatial_batchnorm,
    update_rules,
)
