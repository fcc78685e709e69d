"""docs/operators.md from the registry of core operators and from ONNX's node tests.

    python tests/conformance/operators.py
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
from collections import defaultdict
from pathlib import Path

from report import subjects
from suite import cases

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operators.md"
TEXT = """# Core operators

ONNX's operators, in all their versions, are rewritten into these {count} core operators at import. A backend
implements these and no others. Sizes may be formulas over symbols everywhere an attribute is a Dim; tensors
broadcast as NumPy's do. "From" lists the ONNX operators in whose tests the operator appears before any
optimisation.

{families}

## Operators of other domains

{others}

Made by `python tests/conformance/operators.py` from `exporter/edgec/ops`.
"""


def sources() -> dict[str, set[str]]:
    """By core operator, the ONNX operators whose tests use it right after import."""
    from edgec.frontends.onnx import ExportError, import_model

    found: dict[str, set[str]] = defaultdict(set)
    for name, case in cases().items():
        if case.kind != "node":
            continue
        try:
            model = import_model(case.model)
        except ExportError:
            continue
        for entry in model.entries.values():
            for graph in entry.walk():
                for node in graph.nodes:
                    found[node.op.name].add(subjects()[name])
    return found


def page() -> str:
    from edgec.ops import REGISTRY

    used = sources()
    families: dict[str, list[str]] = defaultdict(list)
    for name, cls in REGISTRY.items():
        families[cls.__module__.rsplit(".", 1)[1]].append(_section(name, cls, used[name]))
    parts = [f"## {stem}\n\n" + "\n\n".join(families[stem]) for stem in sorted(families)]
    return TEXT.format(count=len(REGISTRY), families="\n\n".join(parts), others=_others())


def _others() -> str:
    """The operators outside of ONNX's own domain that have a form, by domain."""
    from edgec.frontends.onnx.registry import HANDLERS, REFUSED

    domains: dict[str, list[str]] = defaultdict(list)
    for domain, name in HANDLERS:
        if domain and (domain, name) not in REFUSED:
            domains[domain].append(name)
    return "\n\n".join(f"`{d}`: {', '.join(sorted(domains[d]))}." for d in sorted(domains))


def _section(name: str, cls: type, used: set[str]) -> str:
    lines = [f"### `{name}`", "", inspect.getdoc(cls) or ""]
    attributes = [_attribute(f) for f in dataclasses.fields(cls)]
    if attributes:
        lines += ["", "Attributes: " + ", ".join(attributes) + "."]
    if used:
        lines += ["", "From: " + ", ".join(sorted(used, key=lambda s: ("." in s, s))) + "."]
    return "\n".join(lines)


def _attribute(field: dataclasses.Field[object]) -> str:
    default = "" if field.default is dataclasses.MISSING else f" = {_shown(field.default)}"
    return f"`{field.name}: {field.type}{default}`"


def _shown(default: object) -> str:
    return default.name if isinstance(default, enum.Enum) else repr(default)


if __name__ == "__main__":
    PAGE.write_text(page())
