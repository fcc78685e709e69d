"""All steps: importing this module fills the grower's table."""

import steps_control  # noqa: F401
import steps_elementwise  # noqa: F401
import steps_gather  # noqa: F401
import steps_linear  # noqa: F401
import steps_quantized  # noqa: F401
import steps_reduce  # noqa: F401
import steps_shapes  # noqa: F401
import steps_views  # noqa: F401
