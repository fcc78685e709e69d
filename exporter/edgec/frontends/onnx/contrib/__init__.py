"""Operators of ONNX Runtime's domain com.microsoft, which its optimiser and exporters for it emit.

All are rewrites onto core operators. Importing this package registers them.
"""

from edgec.frontends.onnx.contrib import (
    activations,
    attention,
    blocks,
    crops,
    fused,
    group_query,
    inverses,
    norms,
    products,
    quantized,
    recurrent,
    refused,
    relatives,
    rotary,
    windows,
)

__all__ = [
    "activations",
    "attention",
    "blocks",
    "crops",
    "fused",
    "group_query",
    "inverses",
    "norms",
    "products",
    "quantized",
    "recurrent",
    "refused",
    "relatives",
    "rotary",
    "windows",
]
