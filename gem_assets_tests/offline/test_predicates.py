"""A predicate is right or there is none: sentences in many styles, each with what may be said of calls."""

import re
from pathlib import Path

import pytest

from gem_assets.offline.text.blocks import sentences
from gem_assets.offline.workflow.actions import Action
from gem_assets.offline.workflow.entities import Entity
from gem_assets.offline.workflow.predicates import predicates
from gem_assets.offline.workflow.tools import Spec

TABLE = Path(__file__).with_name("predicate_table.txt")
STATUSES = ("Draft", "Submitted", "Approved", "Shipped")


def read_table():
    """Rows: the sentence, a line `| tool(parameters)`, a line `= predicate` or `= none`."""
    blocks = [block.split("\n") for block in re.split(r"\n\s*\n", TABLE.read_text("utf-8").strip())]
    rows = [[line for line in block if line and not line.startswith("#")] for block in blocks]
    return [(row[0], row[1][2:], [line[2:] for line in row[2:]]) for row in rows if row]


def make_spec(text):
    name, inner = re.fullmatch(r"(\w+)\((.*)\)", text).groups()
    verb, noun = name.split("_", 1)
    properties = {}
    for part in inner.split(", ") if inner else []:
        key, _, kind = part.partition(":")
        if "/" in kind:
            properties[key] = {"type": "string", "enum": kind.split("/")}
        elif kind == "date":
            properties[key] = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
        elif kind == "list":
            properties[key] = {"type": "array", "items": {"type": "string"}, "minItems": 1}
        else:
            unit = kind.partition(" ")[2]
            properties[key] = {
                "type": kind.split(" ")[0],
                "description": f"X in {unit}." if unit else "X.",
            }
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return Spec(name, "write", "", schema, Action(verb, noun, (), ""))


ROWS = read_table()


def test_the_table_is_long_and_half_of_it_are_traps():
    traps = [row for row in ROWS if row[2] == ["none"]]
    assert len(ROWS) >= 60
    assert 0.4 * len(ROWS) <= len(traps) <= 0.7 * len(ROWS)


@pytest.mark.parametrize(("sentence", "tools", "expected"), ROWS, ids=[row[0][:60] for row in ROWS])
def test_says_what_the_sentence_says_or_nothing(sentence, tools, expected):
    specs = [make_spec(text) for text in tools.split(" & ")]
    found = predicates(sentences(sentence)[0], specs, Entity("booking", STATUSES))
    assert [predicate for _, predicate, _ in found] == ([] if expected == ["none"] else expected)
