"""Comparing backends with each other and with references, layer by layer."""

from edgec.samples import InputError, random_inputs
from edgec.validate.compare import Comparison, Report, validate
from edgec.validate.engines import EngineError, engine
from edgec.validate.measure import Difference, difference, relative_error

__all__ = [
    "Comparison",
    "Difference",
    "EngineError",
    "InputError",
    "Report",
    "difference",
    "engine",
    "random_inputs",
    "relative_error",
    "validate",
]
