"""Operators of ONNX Runtime's domain com.microsoft, which its optimiser and exporters for it emit.

All are rewrites onto core operators. Importing this package registers them.
"""

from edgec.frontends.onnx.contrib import (
    activations,
    crops,
    fused,
    inverses,
    norms,
    refused,
    relatives,
)

__all__ = [
    "activations",
    "crops",
    "fused",
    "inverses",
    "norms",
    "refused",
    "relatives",
]
