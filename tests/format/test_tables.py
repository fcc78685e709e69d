"""format/tables.py says what schemas/edge.fbs says."""

import re
from pathlib import Path

from edgec.format.tables import ENUMS, EXPR_CODES, SCALARS, STRUCTS, TABLES
from edgec.ops.program import INSTRUCTIONS

SCHEMA = (Path(__file__).parents[2] / "schemas" / "edge.fbs").read_text()
CODE = re.sub(r"//[^\n]*", "", SCHEMA)


def declarations(kind: str) -> dict[str, str]:
    return dict(re.findall(rf"{kind} (\w+)[^{{]*{{([^}}]*)}}", CODE))


def test_tables_agree():
    expected = {}
    for name, body in declarations("table").items():
        fields = re.findall(r"(\w+):\s*([\[\]\w]+)\s*(?:=\s*(-?\d+))?", body)
        enums = set(ENUMS)
        expected[name] = [(f, "uint8" if t in enums else t, int(d or 0)) for f, t, d in fields]
    assert {n: [tuple(f) for f in fields] for n, fields in TABLES.items()} == expected


def test_structs_agree():
    widths = {**SCALARS, "uint16": "<u2"}
    for name, body in declarations("struct").items():
        fields = re.findall(r"(\w+):\s*(\w+)", body)
        names = STRUCTS[name].fields
        assert [n for n, _ in fields] == list(names)
        assert all(names[n][0].str == widths[t].replace("<u1", "|u1") for n, t in fields)


def test_enums_agree():
    for name, body in declarations("enum").items():
        members = re.findall(r"(\w+) = (\d+)", body)
        assert [(m, int(v)) for m, v in members] == [(m, i) for i, m in enumerate(ENUMS[name])]


def test_expression_codes_agree():
    listed = re.search(r"// Codes: (.*?)struct", SCHEMA, re.S).group(1)
    assert tuple(re.findall(r"\d+ ([a-z]+)", listed)) == EXPR_CODES


def test_instruction_codes_are_unique():
    codes = [code for code, _ in INSTRUCTIONS.values()]
    assert len(set(codes)) == len(codes)
