"""Execute BFCL's ground-truth calls on BFCL's own backends, as plain trajectories, one JSON line each.

A script for the Python that has `bfcl_eval` (`pip install --no-deps bfcl-eval filelock mpmath`); it imports
nothing of ours. Categories: base and long context. The trajectories are for checking only, never for export.
"""

import ast
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

CATEGORIES = ("base", "long_context")
DOCS = {
    "GorillaFileSystem": "gorilla_file_system",
    "MathAPI": "math_api",
    "MessageAPI": "message_api",
    "TwitterAPI": "posting_api",
    "TicketAPI": "ticket_api",
    "TradingBot": "trading_bot",
    "TravelAPI": "travel_booking",
    "VehicleControlAPI": "vehicle_control",
}
TYPES = {"dict": "object", "float": "number", "tuple": "array", "any": None}


def main() -> None:
    from bfcl_eval.eval_checker.multi_turn_eval.multi_turn_utils import execute_multi_turn_func_call

    spec = importlib.util.find_spec("bfcl_eval")
    data = Path(str(spec.submodule_search_locations[0])) / "data"  # pyright: ignore[reportOptionalMemberAccess, reportOptionalSubscript]
    docs = {name: lines(data / "multi_turn_func_doc" / f"{file}.json") for name, file in DOCS.items()}
    for category in CATEGORIES:
        file = f"BFCL_v4_multi_turn_{category}.json"
        truths = {row["id"]: row["ground_truth"] for row in lines(data / "possible_answer" / file)}
        for entry in lines(data / file):
            tools = [as_tool(doc) for name in entry["involved_classes"] for doc in docs[name]]
            messages: list[dict[str, Any]] = []
            for turn, calls in zip(entry["question"], truths[entry["id"]], strict=True):
                for message in turn:
                    messages.append(said("user", message["content"]))
                for text in calls:
                    results, _ = execute_multi_turn_func_call(
                        [text],
                        entry["initial_config"],
                        entry["involved_classes"],
                        "truth",
                        entry["id"],
                        long_context=category == "long_context",
                    )
                    messages.extend(exchange(text, results[0], tools, len(messages)))
                messages.append(said("assistant", "Done."))
            sys.stdout.write(json.dumps({"id": entry["id"], "tools": tools, "messages": messages}) + "\n")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def said(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "content": content, "tool_calls": [], "call_id": None}


def exchange(text: str, result: str, tools: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    node = ast.parse(text, mode="eval").body
    assert isinstance(node, ast.Call)
    name = ast.unparse(node.func)
    parameters = next(list(tool["parameters"]["properties"]) for tool in tools if tool["name"] == name)
    arguments = {
        parameter: ast.literal_eval(value) for parameter, value in zip(parameters, node.args, strict=False)
    }
    arguments |= {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in node.keywords}
    call = {"call_id": f"call_{number}", "name": name, "arguments": arguments}
    return [
        {"role": "assistant", "content": "", "tool_calls": [call], "call_id": None},
        {"role": "tool", "content": str(result), "tool_calls": [], "call_id": f"call_{number}"},
    ]


def as_tool(doc: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": doc["name"],
        "description": doc["description"],
        "parameters": as_schema(doc["parameters"]),
    }


def as_schema(node: Any) -> Any:
    if isinstance(node, list):
        return [as_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {key: as_schema(value) for key, value in node.items() if key not in ("optional", "default")}
    kind = node.get("type")
    if isinstance(kind, str):
        schema.pop("type")
        if TYPES.get(kind, kind):
            schema["type"] = TYPES.get(kind, kind)
    return schema


if __name__ == "__main__":
    main()
