"""The same dialogue in every format, and files that are none."""

import json
from pathlib import Path
from typing import Any

import pytest

from gem_assets.reports.verification_text import verification_text
from gem_assets.verification.foreign.foreign import ForeignError, read_file
from gem_assets.verification.foreign.verify_file import OPENAI_LEAVES_OUT, verify_file
from gem_assets.verification.registry import CHECKS

PARAMETERS = {"type": "object", "properties": {"order_id": {"type": "string"}}}
TOOL = {"name": "get_order", "description": "Read.", "parameters": PARAMETERS}
ARGUMENTS = {"order_id": "R-5531"}
RESULT = '{"order_id": "R-5531", "status": "paid"}'


def openai(arguments: Any = '{"order_id": "R-5531"}') -> dict[str, Any]:
    call = {"id": "x", "type": "function", "function": {"name": "get_order", "arguments": arguments}}
    return {
        "messages": [
            {"role": "system", "content": "Shop."},
            {"role": "user", "content": [{"type": "text", "text": "order R-5531?"}]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "x", "content": RESULT},
            {"role": "assistant", "content": "It is paid."},
        ],
        "tools": [{"type": "function", "function": TOOL}],
    }


def sharegpt() -> dict[str, Any]:
    return {
        "system": "Shop.",
        "tools": json.dumps([TOOL]),
        "conversations": [
            {"from": "human", "value": "order R-5531?"},
            {"from": "function_call", "value": json.dumps({"name": "get_order", "arguments": ARGUMENTS})},
            {"from": "observation", "value": RESULT},
            {"from": "gpt", "value": "It is paid."},
        ],
    }


def trl() -> dict[str, Any]:
    record = openai(ARGUMENTS)
    turns = record.pop("messages")
    return {**record, "prompt": turns[:2], "completion": turns[2:]}


def hermes() -> dict[str, Any]:
    call = json.dumps({"name": "get_order", "arguments": ARGUMENTS})
    return {
        "conversations": [
            {
                "from": "system",
                "value": f"Shop. <tools>{json.dumps([{'type': 'function', 'function': TOOL}])}</tools>",
            },
            {"from": "human", "value": "order R-5531?"},
            {"from": "gpt", "value": f"<tool_call>\n{call}\n</tool_call>"},
            {"from": "tool", "value": f"<tool_response>\n{RESULT}\n</tool_response>"},
            {"from": "gpt", "value": "It is paid."},
        ]
    }


@pytest.mark.parametrize("record", [openai(), openai(ARGUMENTS), sharegpt(), trl(), hermes()])
@pytest.mark.parametrize("lines", [True, False])
def test_a_dialogue_is_the_same_in_every_format(tmp_path: Path, record: dict[str, Any], lines: bool):
    path = tmp_path / "file"
    path.write_text(json.dumps(record) + "\n" if lines else json.dumps([record], indent=1))
    (trajectory,) = read_file(path)
    roles = [message.role for message in trajectory.messages]
    assert roles == ["system", "user", "assistant", "tool", "assistant"]
    (call,) = trajectory.messages[2].tool_calls
    assert (call.name, call.arguments, call.malformed) == ("get_order", ARGUMENTS, None)
    assert trajectory.messages[3].call_id == call.call_id
    assert json.loads(trajectory.messages[3].content) == json.loads(RESULT)
    assert [tool.name for tool in trajectory.tools] == ["get_order"]
    verified, summary = verify_file(path)
    assert [finding for one in verified for finding in one.findings] == []
    assert summary.messages is not None
    assert summary.messages.mean == 4


def test_parallel_calls_are_legal_elsewhere_and_not_here(tmp_path: Path):
    record = openai()
    second = {"id": "y", "type": "function", "function": {"name": "get_order", "arguments": "{}"}}
    record["messages"][2]["tool_calls"].append(second)
    record["messages"].insert(4, {"role": "tool", "tool_call_id": "y", "content": "{}"})
    path = tmp_path / "file.json"
    path.write_text(json.dumps(record))
    assert not verify_file(path, "openai")[1].rejected
    reasons = {finding.reason for finding in verify_file(path, "gem")[0][0].findings}
    assert "rule_several_calls" in reasons


def test_an_unreadable_call_is_malformed_and_the_rest_is_read(tmp_path: Path):
    path = tmp_path / "file.json"
    path.write_text(json.dumps(openai("{order_id:")))
    (trajectory,) = read_file(path)
    assert trajectory.messages[2].tool_calls[0].malformed


def test_what_was_invented_is_found_and_printed(tmp_path: Path):
    path = tmp_path / "file.jsonl"
    path.write_text(json.dumps(openai({"order_id": "R-9077"})))
    verified, summary = verify_file(path)
    text = verification_text(verified, summary)
    assert summary.rejected == 1
    assert "line 1: verify_ungrounded_id (error)" in text or "record 1: verify_ungrounded_id" in text


def test_a_terminal_is_not_obeyed(tmp_path: Path):
    path = tmp_path / "file.jsonl"
    path.write_text(json.dumps(openai({"order_id": "R-9077\x1b[2J"})))
    assert "\x1b" not in verification_text(*verify_file(path))


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("", "no trajectory"),
        ('{"messages": []}', "line 1"),
        ('{"messages": [{"role": "pope", "content": "x"}]}', "pope"),
        ('{"a": 1}\nnonsense', "line"),
        ("[1]", "JSON object"),
        ('{"conversations": [{"from": "human", "value": "x"}], "tools": [{"description": "x"}]}', "line 1"),
    ],
)
def test_a_file_of_something_else_is_named_in_one_sentence(tmp_path: Path, content: str, named: str):
    path = tmp_path / "file.jsonl"
    path.write_text(content)
    with pytest.raises(ForeignError, match=named) as error:
        verify_file(path)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named():
    with pytest.raises(ForeignError, match=r"nowhere\.json"):
        verify_file(Path("nowhere.json"))


def test_the_openai_profile_leaves_out_whole_checks():
    left_out = [
        reason for check in CHECKS if OPENAI_LEAVES_OUT.issuperset(check.reasons) for reason in check.reasons
    ]
    assert set(left_out) == OPENAI_LEAVES_OUT
