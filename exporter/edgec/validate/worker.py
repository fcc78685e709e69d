"""Runs a model once in a process of its own: worker METHOD MODEL DEVICE THREADS GIVEN MADE."""

from __future__ import annotations

import sys
from pathlib import Path

from edgec.validate.engines import Device, load_arrays, save_arrays


def main() -> None:
    method, model, device, threads, given, made = sys.argv[1:]
    subject = Device(Path(model), device, int(threads) or None)
    inputs = load_arrays(Path(given))
    save_arrays(Path(made), subject.run(inputs) if method == "run" else subject.layers(inputs))


if __name__ == "__main__":
    main()
