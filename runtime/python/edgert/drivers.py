"""Finds an OpenCL driver that lives inside the Python environment.

The runtime opens $EDGERT_OPENCL_LIBRARY, else the system's libOpenCL.so.1, which lists the drivers of
$OCL_ICD_VENDORS, else of /etc/OpenCL/vendors. A driver installed as a Python package is in none of these
places, so the two variables are set where the user has not set them.
"""

from __future__ import annotations

import ctypes.util
import os
import sys
from pathlib import Path

SYSTEM_VENDORS = Path("/etc/OpenCL/vendors")


def point_at_driver(environment: Path = Path(sys.prefix)) -> None:
    """Sets the variables for a driver in `environment`; does nothing where there is none.

    Without the system's loader, or with one that has no drivers, the driver is opened itself.
    """
    driver = environment / "lib" / "libintelocl.so"
    if "EDGERT_OPENCL_LIBRARY" in os.environ or not driver.exists():
        return
    vendors = environment / "etc" / "OpenCL" / "vendors"
    is_listed = any(vendors.glob("*.icd"))
    has_loader = ctypes.util.find_library("OpenCL") is not None
    if is_listed:
        # ocl-icd takes it for a folder only with a slash at its end; pyopencl has a loader of its own
        os.environ.setdefault("OCL_ICD_VENDORS", f"{vendors}/")
    if not has_loader or not (is_listed or any(SYSTEM_VENDORS.glob("*.icd"))):
        os.environ["EDGERT_OPENCL_LIBRARY"] = str(driver)
