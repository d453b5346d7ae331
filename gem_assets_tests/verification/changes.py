"""Ways to bend a clean dialogue, to be combined.

Messages are counted as in the script, negative numbers from the end; calls are numbered by their order.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gem_assets.records.message import Message
from gem_assets.records.tool import ToolCall
from gem_assets_tests.verification.dialogues import Script, tool

Change = Callable[[Script], Script]

ARTICLE = {"article_id": "art_5501", "reason": "too_small"}
SEGMENT = {"ramp": 100, "target": 1280}
# Calls of the parcel dialogue, and of the kiln's, by their order.
FIND, CREATE, WEIGH_IN_VAIN, WEIGH, OPEN = range(5)
SAVE_BISQUE, SAVE_IN_VAIN, SAVE_GLAZE, LIST_DAYS, BOOK, METER = range(6)


def cut(*indices: int) -> Change:
    return lambda script: replace(
        script,
        messages=tuple(
            m for i, m in enumerate(script.messages) if i not in [_at(script, x) for x in indices]
        ),
    )


def insert(index: int, *messages: Message) -> Change:
    def change(script: Script) -> Script:
        place = _at(script, index)
        return replace(script, messages=(*script.messages[:place], *messages, *script.messages[place:]))

    return change


def _at(script: Script, index: int) -> int:
    return index if index >= 0 else len(script.messages) + index


def arguments(number: int, **changes: Any) -> Change:
    return lambda script: script.with_arguments(number, **changes)


def content(index: int, text: str) -> Change:
    return lambda script: script.with_message(_at(script, index), content=text)


def result_of(number: int, text: str) -> Change:
    return lambda script: script.with_result(number, text)


def calling(number: int, *calls: ToolCall) -> Change:
    return lambda script: script.with_message(script.index_of_call(number), tool_calls=calls)


def offering(*names: str, parameters: Any = None) -> Change:
    return lambda script: replace(script, tools=(*script.tools, *(tool(name, parameters) for name in names)))


def schema(name: str, **properties: Any) -> Change:
    """Add properties to the schema of a tool."""

    def change(script: Script) -> Script:
        old = next(tool.parameters for tool in script.tools if tool.name == name)
        return script.with_schema(name, {**old, "properties": {**old["properties"], **properties}})

    return change


def both(*changes: Change) -> Change:
    def change(script: Script) -> Script:
        for each in changes:
            script = each(script)
        return script

    return change


def first(count: int) -> Change:
    return lambda script: replace(script, messages=script.messages[:count])


def sourced(text: str) -> Change:
    return lambda script: replace(script, source=text)
