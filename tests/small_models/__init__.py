"""Small models of the kinds that real exporters write, as ONNX text: what test_small_models.py runs."""

from small_models import (
    attention,
    audio,
    control,
    converters,
    detection,
    dynamic,
    quantized,
    recurrent,
    vision,
)
from small_models.case import CASES, SmallModel

FAMILIES = (attention, audio, control, converters, detection, dynamic, quantized, recurrent, vision)

__all__ = ["CASES", "FAMILIES", "SmallModel"]
