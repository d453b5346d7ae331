"""Dialogues written by hand in styles of their own: a compact text format and its reader.

`=== name` starts a dialogue, with `| reason` behind it where it is defective. `tool name(arg: type, …) text`
declares a tool, `source:` and `constraint: tool | predicate | rule | sentence` what it comes from; then the
turns: S system, U user, A assistant, C a call (joins the assistant text before it), R its result.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from gem_assets.calibration.planting.plain import Plain

FILES = Path(__file__).parent / "handwritten"
_TOOL = re.compile(r"tool ([\w.-]+)\((.*?)\) (.*)")
_ROLES = {"S": "system", "U": "user", "A": "assistant", "C": "assistant", "R": "tool"}


@cache
def handwritten(kind: str) -> tuple[tuple[Plain, tuple[str, ...]], ...]:
    """Read the `clean` or `defective` dialogues, each with the reasons it is to give; `later` ones, too."""
    found: list[tuple[Plain, tuple[str, ...]]] = []
    for path in sorted(FILES.glob(f"{kind}*.txt")):
        for block in re.split(r"^=== ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
            head, _, body = block.partition("\n")
            name, _, reasons = head.partition("|")
            found.append((_read(name.strip(), body), tuple(reasons.split())))
    return tuple(found)


def _read(name: str, body: str) -> Plain:
    plain = Plain(name, [], [], [], "")
    for line in body.splitlines():
        if line.startswith("tool "):
            plain.tools.append(_tool(line))
        elif line.startswith("source: "):
            plain.source = line.removeprefix("source: ")
        elif line.startswith("constraint: "):
            plain.constraints.append(_constraint(line.removeprefix("constraint: ")))
        elif line.strip():
            _turn(
                plain,
                line[0],
                line[3:].replace("\\n", "\n") if line[0] == "R" and line[3] not in "{[" else line[3:],
            )
    return plain


def _tool(line: str) -> dict[str, Any]:
    found = _TOOL.fullmatch(line)
    if found is None:
        raise ValueError(f"no tool: {line}")
    arguments = [part.strip().split(":") for part in found[2].split(",") if part.strip()]
    properties = {name.strip().rstrip("?"): {"type": kind.strip()} for name, kind in arguments}
    required = [name.strip() for name, _ in arguments if not name.strip().endswith("?")]
    parameters = {"type": "object", "properties": properties, "required": required}
    return {"name": found[1], "description": found[3], "parameters": parameters}


def _constraint(line: str) -> dict[str, Any]:
    tool, predicate, rule, sentence = (part.strip() for part in line.split(" | "))
    return {
        "tool": None if tool == "null" else tool,
        "predicate": None if predicate == "null" else predicate,
        "rule": rule,
        "sentence": sentence,
    }


def _turn(plain: Plain, mark: str, text: str) -> None:
    messages = plain.messages
    number = sum(len(message["tool_calls"]) for message in messages)
    if mark == "C":
        name, _, arguments = text.partition(" ")
        call = {"call_id": f"c{number}", "name": name, "arguments": json.loads(arguments)}
        if messages and messages[-1]["role"] == "assistant":
            messages[-1]["tool_calls"].append(call)
        else:
            messages.append({"role": "assistant", "content": "", "tool_calls": [call], "call_id": None})
        return
    answered = sum(message["role"] == "tool" for message in messages)
    call_id = f"c{answered}" if mark == "R" else None
    messages.append({"role": _ROLES[mark], "content": text, "tool_calls": [], "call_id": call_id})
