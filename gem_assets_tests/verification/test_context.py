"""What a system message that says nothing of a domain means for identifiers nobody gave."""

import pytest

from gem_assets.records.message import Message
from gem_assets.records.tool import Tool, ToolCall
from gem_assets.verification.grounding.context import tells_of_a_domain
from gem_assets_tests.verification.dialogues import verify
from gem_assets_tests.verification.handwritten import handwritten

GENERIC = (
    "You are a helpful assistant that can use tools.",
    "You are an expert in composing functions. You are given a question and a set of possible functions. If "
    "none of them can be used, or the question lacks a required parameter, point it out.",
    "You are a function calling AI model. You may call one or more functions to assist with the user query. "
    'Do not guess values.\n<tools>\n{"name": "cancel_flight", "description": "Cancel a flight."}\n</tools>',
    "Be concise. Ask when a value is missing; never invent ids.",
    "Today Date: 26 Jul 2026. You are Qwen, a reliable personal assistant. Think step by step.",
    "",
)
ABOUT_SOMETHING = (
    "Ferry desk.",
    "You are a helpful assistant of Acme Airlines. You can help users book, change and cancel flights.",
    "Help the user with the tools. The customer has plan PLN-3301.",
)


@pytest.mark.parametrize("system", GENERIC)
def test_frameworks_prompts_tell_of_no_domain(system: str):
    assert not tells_of_a_domain(system)


@pytest.mark.parametrize(
    "system",
    [
        *ABOUT_SOMETHING,
        *(plain.messages[0]["content"] for kind in ("clean", "later") for plain, _ in handwritten(kind)),
    ],
)
def test_a_system_message_of_a_service_does(system: str):
    assert tells_of_a_domain(system)


@pytest.mark.parametrize(
    ("system", "reason"),
    [(ABOUT_SOMETHING[0], "verify_ungrounded_id"), *((one, "verify_guessed_id") for one in GENERIC)],
)
def test_a_strange_id_rejects_only_where_the_dialogue_has_a_domain(system: str, reason: str):
    call = ToolCall(call_id="a", name="cancel_booking", arguments={"booking_ref": "FB-20931"})
    messages = [
        Message(role="system", content=system),
        Message(role="user", content="cancel my crossing"),
        Message(role="assistant", content="", tool_calls=(call,)),
        Message(role="tool", content='{"booking_ref": "FB-20931", "status": "cancelled"}', call_id="a"),
        Message(role="assistant", content="It is cancelled."),
    ]
    tool = Tool(name="cancel_booking", description="Cancel.", parameters={"type": "object", "properties": {}})
    assert [finding.reason for finding in verify([tool], messages).findings] == [reason]
