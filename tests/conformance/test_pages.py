"""Generated pages are those that the code would generate."""

from __future__ import annotations

import operators


def test_operators_page_is_up_to_date() -> None:
    made = operators.page()
    assert operators.PAGE.read_text() == made, "run python tests/conformance/operators.py"
