"""Runs the cases of the operators named as arguments (none: all) on opencl:0; exits with 1 if one fails."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

from cases import all_cases  # noqa: E402
from harness import Device, compare  # noqa: E402

wrong = 0
for case in all_cases():
    if len(sys.argv) > 1 and case.op.name not in sys.argv[1:]:
        continue
    try:
        compare(case.op, case.operands, Device("opencl:0"), case.constants, case.forms)
    except AssertionError as error:
        print(case, error)
        wrong = 1
sys.exit(wrong)
