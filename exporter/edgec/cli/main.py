"""The subcommands, each in a file of its own."""

from __future__ import annotations

import typer

from edgec.cli.bench import bench
from edgec.cli.devices import devices
from edgec.cli.export import export
from edgec.cli.inspect import inspect
from edgec.cli.profile import profile
from edgec.cli.run import run
from edgec.cli.to_onnx import to_onnx
from edgec.cli.tune import tune
from edgec.cli.validate import validate

app = typer.Typer(
    name="edgec",
    help="Compiles trained networks into .edge files, and runs, checks and measures them.",
    epilog="Exit codes: 0 done; 1 no (a model that cannot be exported, results that diverge); "
    "2 bad input; 3 a fault of edgec.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for subcommand in (export, run, validate, bench, profile, tune, inspect, devices, to_onnx):
    app.command()(subcommand)
