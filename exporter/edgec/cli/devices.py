"""`edgec devices`: what networks can run on here."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from edgec.cli.common import command, out, print_json


@command
def devices(json: Annotated[bool, typer.Option("--json", help="print JSON")] = False) -> None:
    """List the devices that networks can run on here."""
    import edgert

    found = edgert.devices()
    if json:
        print_json(found)
        return
    table = Table(box=None, pad_edge=False)
    for title in ("device", "name", "details"):
        table.add_column(title)
    for device in found:
        rest = {k: v for k, v in device.items() if k not in ("device", "name", "extensions")}
        table.add_row(
            str(device["device"]), str(device.get("name", "")), ", ".join(f"{k} {v}" for k, v in rest.items())
        )
    out.print(table)
