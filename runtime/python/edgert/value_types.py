"""Types of values as the library writes them: "f32[batch, 3]", "sequence(f32[?, 3])", "map(i64, f32[])"."""

from __future__ import annotations

from typing import NamedTuple, Optional

from edgert.dtypes import CONTAINERS


class ValueType(NamedTuple):
    """An element type's or container's short name, what a container holds (None: not known), a map's keys."""

    name: str
    held: Optional[ValueType] = None
    key: str = ""

    @property
    def is_container(self) -> bool:
        return self.name in CONTAINERS


def parse_type(text: str) -> Optional[ValueType]:
    """The type that a text says; None for "?". Shapes are the library's concern.

    >>> parse_type("map(i64, f32[])")
    ValueType(name='map', held=ValueType(name='f32', held=None, key=''), key='i64')
    """
    text = text.strip()
    name, separator, inside = text.partition("(")
    if text == "?":
        return None
    if name not in CONTAINERS or not separator:
        return ValueType(text.partition("[")[0])
    inside, key = inside[: inside.rfind(")")], ""
    if name == "map" and inside != "?":
        key, _, inside = inside.partition(",")
    return ValueType(name, parse_type(inside), key.strip())
