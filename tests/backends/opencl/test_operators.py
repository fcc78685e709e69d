"""Every operator of the OpenCL backend against its definition."""

import pytest
from cases import Case, all_cases
from harness import Device, compare


@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_operator(opencl: Device, case: Case) -> None:
    compare(case.op, case.operands, opencl, case.constants, case.forms)
