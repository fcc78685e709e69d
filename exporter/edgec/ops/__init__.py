"""Core operators. Importing this package fills `base.REGISTRY` with all of them."""

from edgec.ops import (
    arg_reduce,
    control,
    conv,
    conv_transpose,
    cumulative,
    gather,
    map,
    matmul,
    normalize,
    pool,
    reduce,
    resize,
    rnn,
    scatter,
    select,
    softmax,
    view,
)
from edgec.ops.base import REGISTRY

__all__ = [
    "REGISTRY",
    "arg_reduce",
    "control",
    "conv",
    "conv_transpose",
    "cumulative",
    "gather",
    "map",
    "matmul",
    "normalize",
    "pool",
    "reduce",
    "resize",
    "rnn",
    "scatter",
    "select",
    "softmax",
    "view",
]
