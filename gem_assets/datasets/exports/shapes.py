"""One training row in the shape of each trainer, as its loader reads it. Pure.

All of them render to the same text with the Qwen3 non-thinking template; what differs is who renders the
calls, and where nested JSON has to travel as text because Arrow would unify schemas and fill in nulls.
"""

import json
from typing import Any

from gem_assets.datasets.exports.rows import TrainingRow

ADP_SCHEMA = "1.2.0"
"""Version of the Agent Data Protocol's schema that this writes."""


def openai_shape(row: TrainingRow) -> dict[str, Any]:
    """Write a row for OpenAI's fine-tuning and those that copy it: weight 0 on what is not to be learnt."""
    messages = [{key: value for key, value in message.items() if key != "name"} for message in row.messages]
    for number in row.unlearned:
        messages[number]["weight"] = 0
    shape: dict[str, Any] = {"messages": messages}
    if row.tools:
        several = any(len(message.get("tool_calls", ())) > 1 for message in messages)
        shape |= {"tools": row.tools, "parallel_tool_calls": several}
    return shape


def trl_shape(row: TrainingRow) -> dict[str, Any]:
    """Write a row for TRL: tools as JSON text; the chat template obeys `train`."""
    return {
        "id": row.example_id,
        "messages": _with_flag(row, "train"),
        "tools": to_text(row.tools),
    }


def axolotl_shape(row: TrainingRow) -> dict[str, Any]:
    """Write a row for Axolotl's `chat_template`: it reads JSON text in tools and arguments."""
    shape: dict[str, Any] = {"id": row.example_id, "messages": _with_flag(row, "train")}
    return shape | ({"tools": to_text(row.tools)} if row.tools else {})


def llamafactory_shape(row: TrainingRow) -> dict[str, Any]:
    """Write a row for LLaMA-Factory's `sharegpt`: the calls stand in the assistant's text already.

    Its `openai` formatting drops text beside calls and encodes arguments twice. It has no loss per message.
    """
    system, turns = "", list(row.messages)
    if turns and turns[0]["role"] == "system":
        system, turns = turns[0]["content"], turns[1:]
    names = {"user": "human", "assistant": "gpt", "tool": "observation"}
    conversations = [
        {"from": names[message["role"]], "value": _rendered(message)} for message in _merged_results(turns)
    ]
    return {
        "id": row.example_id,
        "conversations": conversations,
        "system": system,
        "tools": to_text(row.tools) if row.tools else "",
    }


def swift_shape(row: TrainingRow) -> dict[str, Any]:
    """Write a row for ms-swift: the calls stand in the assistant's text, `loss` per message."""
    messages: list[dict[str, Any]] = []
    for number, message in enumerate(row.messages):
        shape: dict[str, Any] = {"role": message["role"], "content": _rendered(message)}
        if row.unlearned and message["role"] == "assistant":
            shape["loss"] = number not in row.unlearned
        messages.append(shape)
    return {"messages": messages} | ({"tools": to_text(row.tools)} if row.tools else {})


def verl_shape(row: TrainingRow) -> dict[str, Any]:
    """Write a row for verl: JSON text that the dataset class beside the data decodes."""
    return {"id": row.example_id, "messages": to_text(row.messages), "tools": to_text(row.tools)}


def adp_shape(row: TrainingRow) -> dict[str, Any]:
    """Write a row in the Agent Data Protocol; system message and tools are its details."""
    content: list[dict[str, Any]] = []
    details: dict[str, Any] = {"tools": row.tools, "document_id": row.document_id}
    for message in row.messages:
        if message["role"] == "system":
            details["system"] = message["content"]
        elif message["role"] == "assistant":
            content += _actions(message)
        else:
            source = "user" if message["role"] == "user" else "environment"
            seen = {"class_": "text_observation", "content": message["content"], "source": source}
            content.append(seen | ({"tool_call_id": message["tool_call_id"]} if source != "user" else {}))
    return {"schema_version": ADP_SCHEMA, "id": row.example_id, "content": content, "details": details}


def to_text(value: object) -> str:
    """Write JSON as text for a column, so that no schema of it is inferred."""
    return json.dumps(value, ensure_ascii=False)


def _actions(message: dict[str, Any]) -> list[dict[str, Any]]:
    calls = message.get("tool_calls", [])
    if not calls:
        return [{"class_": "message_action", "content": message["content"]}]
    return [
        {
            "class_": "api_action",
            "function": call["function"]["name"],
            "kwargs": json.loads(call["function"]["arguments"]),
            "description": message["content"] if position == 0 and message["content"] else None,
            "tool_call_id": call["id"],
        }
        for position, call in enumerate(calls)
    ]


def _with_flag(row: TrainingRow, flag: str) -> list[dict[str, Any]]:
    if not row.unlearned:
        return row.messages
    return [
        {**message, flag: number not in row.unlearned} if message["role"] == "assistant" else message
        for number, message in enumerate(row.messages)
    ]


def _rendered(message: dict[str, Any]) -> str:
    """Write an assistant's calls into its text, as the template does."""
    calls = [
        f'<tool_call>\n{{"name": "{call["function"]["name"]}", '
        f'"arguments": {call["function"]["arguments"]}}}\n</tool_call>'
        for call in message.get("tool_calls", ())
    ]
    return "\n".join([message["content"], *calls] if message["content"] else calls)


def _merged_results(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put results that follow each other into one, as turns have to alternate."""
    merged: list[dict[str, Any]] = []
    for message in turns:
        if merged and message["role"] == merged[-1]["role"] == "tool":
            joined = f"{merged[-1]['content']}\n</tool_response>\n<tool_response>\n{message['content']}"
            merged[-1] = {**merged[-1], "content": joined}
        else:
            merged.append(message)
    return merged
