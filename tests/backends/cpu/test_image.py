"""The CPU has no image codec, which its refusal says."""

import numpy as np
import pytest
from harness import one_node

import edgert
from edgec.format.write import write_model
from edgec.ops.image import ImageDecode


def test_refusal() -> None:
    model = one_node(ImageDecode(), [np.zeros(9, np.uint8)])
    with pytest.raises(edgert.EdgertError, match="image_decode 'node': it needs an image codec"):
        edgert.load(write_model(model), device="cpu")
