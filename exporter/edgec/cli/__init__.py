"""The `edgec` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line; exits with 0, 1 (the answer is no), 2 (bad input) or 3 (a bug)."""
    try:
        from edgec.cli.main import app
    except ImportError as error:
        print(f"edgec: {error}; the command needs pip install 'edgec[export]'", file=sys.stderr)
        raise SystemExit(2) from None
    app()
