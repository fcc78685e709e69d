"""What the commands share: consoles, errors as messages, parsing of shapes and inputs."""

from __future__ import annotations

import functools
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ParamSpec

import numpy as np
import typer
from rich.console import Console
from rich.markup import escape

from edgec.cli.images import IMAGE_SUFFIXES, load_image
from edgec.format.read import read_model
from edgec.format.tables import FormatError
from edgec.ir.graph import Graph, Model, Value
from edgec.samples import InputError, random_inputs

Array = np.ndarray[Any, Any]
P = ParamSpec("P")

OK, NEGATIVE, BAD_INPUT, INTERNAL = 0, 1, 2, 3

MemoryBudget = Annotated[
    str | None, typer.Option("--memory-budget", help="bytes that activations should fit: 300k, 4M, 1G")
]

out = Console()
err = Console(stderr=True)


class UsageError(ValueError):
    """An option's value that cannot be used. The text names the option, what it got and expected."""


def command(function: Callable[P, None]) -> Callable[P, None]:
    """Turns errors into messages and exit codes.

    2: what the user gave cannot be used. 3: edgec is at fault (EDGEC_TRACEBACK=1 shows where).
    """

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except typer.Exit:
            raise
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        except ModuleNotFoundError as error:
            fail(f"{error}; this needs pip install 'edgec[export]'")
        except (ValueError, OSError, RuntimeError, ImportError, MemoryError) as error:
            fail(str(error) or type(error).__name__)
        except Exception as error:
            if os.environ.get("EDGEC_TRACEBACK"):
                raise
            fail(f"internal error: {type(error).__name__}: {error} (EDGEC_TRACEBACK=1 shows where)", INTERNAL)

    return wrapped


def fail(message: str, code: int = BAD_INPUT) -> None:
    """Prints `message` to stderr and exits."""
    err.print(f"[bold red]edgec:[/] {escape(message)}", highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def print_json(value: Any) -> None:
    """One JSON document on stdout; infinities and NaN become strings."""
    print(json.dumps(_plain(value), indent=2))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def need_file(path: Path) -> Path:
    """`path`, which must be a file that is there. Raises UsageError."""
    if not path.is_file():
        raise UsageError(f"{path}: no such file" if not path.exists() else f"{path}: not a file")
    return path


def need_model(path: Path) -> Model:
    """The model in an .edge file. Raises UsageError where it is missing, FormatError where it is damaged."""
    try:
        return read_model(need_file(path))
    except FormatError as error:
        hint = "; edgec export makes an .edge file from an ONNX model" if path.suffix == ".onnx" else ""
        raise FormatError(f"{path}: {error}{hint}") from error


def pair(text: str, option: str, expected: str) -> tuple[str, str]:
    """NAME and VALUE of an option's NAME=VALUE. Raises UsageError, saying what is `expected`."""
    name, found, value = text.partition("=")
    if not found or not name or not value:
        raise UsageError(f"{option} {text!r}: expected {expected}")
    return name, value


def parse_shapes(options: Sequence[str]) -> dict[str, tuple[int | str, ...]]:
    """Shapes from `NAME=DIM,DIM,...`, where a DIM is a size or a symbol's name.

    >>> parse_shapes(["x=batch,3,48,320"])
    {'x': ('batch', 3, 48, 320)}
    """
    shapes: dict[str, tuple[int | str, ...]] = {}
    for option in options:
        name, text = pair(option, "--shape", "NAME=1,3,224,224 or NAME=batch,3,224,224")
        shapes[name] = tuple(_dim(d.strip(), option) for d in text.split(",")) if text != "()" else ()
    return shapes


def _dim(text: str, option: str) -> int | str:
    if text.isdigit():
        return int(text)
    if not text.replace("_", "a").replace(".", "a").isalnum():
        raise UsageError(f"--shape {option!r}: {text!r} is neither a size nor a symbol's name")
    return text


def parse_sizes(options: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """As `parse_shapes`, with sizes only."""
    sizes: dict[str, tuple[int, ...]] = {}
    for name, shape in parse_shapes(options).items():
        if not all(isinstance(d, int) for d in shape):
            raise UsageError(f"--shape {name}={','.join(map(str, shape))}: expected sizes only")
        sizes[name] = tuple(d for d in shape if isinstance(d, int))
    return sizes


def gather_inputs(
    graph: Graph, options: Sequence[str], shapes: Mapping[str, Sequence[int]], seed: int
) -> dict[str, Array]:
    """An array for each input of the graph from `NAME=file.npy|image.png|number|random`.

    Inputs that are not given are random; their symbols take sizes from `shapes` and from the given ones.
    """
    inputs = {value.name: value for value in graph.inputs}
    given: dict[str, str] = {}
    for option in options:
        name, what = pair(option, "--input", "NAME=file.npy, image.png, a number, or random")
        if name not in inputs:
            raise UsageError(f"--input {option!r}: no input '{name}', expected one of {', '.join(inputs)}")
        given[name] = what
    known = dict(shapes)
    arrays: dict[str, Array] = {}
    for name, what in given.items():
        if what != "random":
            arrays[name] = _load_input(inputs[name], what, shapes.get(name))
            known[name] = arrays[name].shape
    return random_inputs(graph, known, seed, arrays)


def _load_input(value: Value, what: str, shape: Sequence[int] | None) -> Array:
    path = Path(what)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return load_image(need_file(path), value, shape)
    if path.suffix == ".npy":
        try:
            return np.load(need_file(path), allow_pickle=False)  # type: ignore[no-any-return]
        except (ValueError, EOFError) as error:
            raise InputError(f"{path}: not a .npy file: {error}") from error
    numpy = value.dtype.numpy
    try:
        number = np.array(int(what) if numpy.kind in "iu" else float(what), numpy)
    except OverflowError as error:
        raise UsageError(f"--input {value.name}={what}: {error}") from None
    except ValueError:
        raise UsageError(
            f"--input {value.name}={what}: expected a .npy file, an image ({', '.join(IMAGE_SUFFIXES)}), "
            "a number, or random"
        ) from None
    fixed = tuple(d if isinstance(d, int) else 1 for d in value.shape)
    return np.full(tuple(shape) if shape else fixed, number)


def shape_text(shape: Sequence[Any]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def parse_bytes(text: str | None) -> int | None:
    """The number of bytes that `--memory-budget` gives, as 300000, 300k, 4M or 1G.

    >>> parse_bytes("4M")
    4000000
    """
    if text is None:
        return None
    unit = {"k": 10**3, "M": 10**6, "G": 10**9}.get(text[-1:], 1)
    number = text if unit == 1 else text[:-1]
    if not (number.isascii() and number.isdigit()) or int(number) * unit >= 1 << 64:
        raise UsageError(f"--memory-budget {text!r}: expected bytes, as 300000, 300k, 4M or 1G")
    return int(number) * unit


def bytes_text(count: float) -> str:
    """Bytes in the unit that reads best: 512 B, 12.3 kB, 4.56 MB."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"
