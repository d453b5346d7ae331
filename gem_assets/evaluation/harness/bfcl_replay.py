"""What an oracle and a mute would have answered to BFCL's entries: the two ends of the scale.

The oracle repeats the benchmark's own calls; the mute never calls anything. Imports nothing of ours.
"""

import ast
import json
from typing import Any

NOTHING_TO_DO = "There is nothing I can do about that."


def oracle_result(truth: list[list[str]], tools: list[dict[str, Any]], mode: str) -> list[list[Any]]:
    """Write the true calls of each turn as one step and end each turn with words, as a model does."""
    parameters = parameter_names(tools)
    return [[*_step(calls, parameters, mode), NOTHING_TO_DO] for calls in truth]


def mute_result(truth: list[list[str]]) -> list[list[Any]]:
    """Answer every turn with the same words and no call."""
    return [[NOTHING_TO_DO] for _ in truth]


def parameter_names(tools: list[dict[str, Any]]) -> dict[str, list[str]]:
    """List each tool's parameters in their order."""
    return {tool["name"]: list(tool["parameters"]["properties"]) for tool in tools}


def _step(calls: list[str], parameters: dict[str, list[str]], mode: str) -> list[Any]:
    if not calls:
        return []
    read = [read_call(text, parameters) for text in calls]
    if mode == "fc":
        return [[{name: json.dumps(arguments)} for name, arguments in read]]
    told = [
        f"{name}({', '.join(f'{key}={value!r}' for key, value in given.items())})" for name, given in read
    ]
    return [f"[{', '.join(told)}]"]


def read_call(text: str, parameters: dict[str, list[str]]) -> tuple[str, dict[str, Any]]:
    """Read a call; positional arguments take the names that the tool's description gives them.

    Raises:
        ValueError, SyntaxError: it is no call with literals as arguments.
    """
    node = ast.parse(text, mode="eval").body
    if not isinstance(node, ast.Call):
        raise ValueError(f"{text!r} is no call")
    name = ast.unparse(node.func)
    given = {
        key: ast.literal_eval(value) for key, value in zip(parameters.get(name, []), node.args, strict=False)
    }
    given |= {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in node.keywords}
    return name, given
