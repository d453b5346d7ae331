"""Answers whole chat requests of another program (a benchmark's harness) with a role's model.

The request goes on as it came, tools and all, but for what the role's settings set; the answer is journaled
like every other, so a harness that is run again asks nothing again. Does not belong here: HTTP
(`evaluation/relay_server.py`).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gem_assets.llm.answers import Reading
from gem_assets.llm.buying import Inquiry
from gem_assets.llm.client import LiteLlm
from gem_assets.llm.faults.faults import Accept, AskAgain, Refuse
from gem_assets.llm.journal.calls import Call, Question, call_key
from gem_assets.llm.journal.journal import Journal
from gem_assets.llm.limits.pacing import Pace
from gem_assets.llm.models import JOURNAL
from gem_assets.llm.money.budget import Budget
from gem_assets.llm.protocol import RefusedError
from gem_assets.llm.provider import Send, close_sessions, litellm_sender
from gem_assets.llm.roles import RoleSettings
from gem_assets.llm.sampling import Sampling

Thinking = Literal["default", "on", "off"]

# What a harness may ask for. All else (store, user, stream …) is its provider's business, not the model's.
PASSED = (
    "tools", "tool_choice", "parallel_tool_calls", "temperature", "top_p", "max_tokens", "stop", "seed",
    "response_format",
)  # fmt: skip
# So many answers without text and call are bought before "nothing" counts as what the model says.
EMPTY_ANSWERS = 2


@dataclass(frozen=True)
class Relayed:
    """An answer in the OpenAI shape, and what it took. An unknown cost is None; `bought`: it was paid now."""

    body: dict[str, Any]
    key: str
    bought: bool
    input_tokens: int
    output_tokens: int
    cost: float | None


class ChatRelay(LiteLlm):
    """Puts chat requests to one role's model. What the model says is the answer, cut off or empty alike."""

    def __init__(
        self,
        settings: RoleSettings,
        journal: Journal,
        send: Send,
        *,
        task: str,
        version: str,
        thinking: Thinking = "default",
        pace: Pace | None = None,
    ) -> None:
        super().__init__(settings, journal, send, pace)
        self._task = task
        self._version = version
        self._thinking: Thinking = thinking

    async def answer(self, body: Mapping[str, Any]) -> Relayed:
        """Answer a request's body, from the journal where it was answered before.

        Raises:
            RefusedError: there is no answer to this request and will be none.
            FailedError: the model or the machine broke; a later run may succeed.
            StopRunError: no request can succeed until a setting is changed.
        """
        inquiry = self._pass_on(body)
        key = inquiry.question.key
        before = await self._journal.find(key)
        known = before is not None and self._judge(before, inquiry.sampling) is not None
        call = await self._flights.join(key, lambda: self._answer(inquiry))
        verdict = self._judge(call, inquiry.sampling)
        if isinstance(verdict, Refuse):
            raise RefusedError(
                verdict.kind, call.refusal_evidence or verdict.kind, call.provenance(call.prompt_version)
            )
        return Relayed(
            body=_completion(call, call.reading),
            key=key,
            bought=not known,
            input_tokens=call.input_tokens,
            output_tokens=call.output_tokens,
            cost=call.cost,
        )

    def _pass_on(self, body: Mapping[str, Any]) -> Inquiry:
        settings = self.settings
        passed = {name: body[name] for name in PASSED if body.get(name) is not None}
        ours = {name: getattr(settings, name) for name in ("temperature", "top_p", "max_tokens")}
        passed |= {name: value for name, value in ours.items() if value is not None}
        if settings.reasoning_effort is not None:
            passed["reasoning_effort"] = settings.reasoning_effort
        if self._thinking != "default":
            # How vLLM and SGLang hand a switch to the model's chat template.
            switch = {"enable_thinking": self._thinking == "on"}
            passed["extra_body"] = {"chat_template_kwargs": switch}
        messages = tuple(body["messages"])
        question = Question(
            key=call_key(settings.model, messages, None, {"passed": passed}, 0),
            task=self._task,
            role=settings.role,
            prompt_version=self._version,
            model=settings.model,
            base_url=settings.base_url,
            sample=0,
        )
        return Inquiry(question, self._allowed(passed), messages, None, passed)

    def _allowed(self, passed: Mapping[str, Any]) -> Sampling:
        """Say how long an answer may get: what budgets set aside. It is never asked for again, longer."""
        usual = self.settings.sampling()
        most = int(passed.get("max_tokens") or usual.max_tokens_ceiling)
        return usual.model_copy(update={"max_tokens": most, "max_tokens_ceiling": most})

    def _judge(self, call: Call | None, sampling: Sampling) -> Accept | AskAgain | Refuse | None:
        if call is None or call.status == "started":
            return None
        if call.status == "refused":
            return Refuse(call.refusal_kind or "refused")
        if not call.reading.has_choice:
            return AskAgain("no choice") if call.answers < EMPTY_ANSWERS else Refuse("empty")
        return Accept()


@asynccontextmanager
async def open_relays(
    roles: Sequence[tuple[str, RoleSettings, Thinking]],
    budget: Budget,
    home: Path,
    run_id: str,
    version: str,
    pace: Pace | None = None,
) -> AsyncIterator[dict[str, ChatRelay]]:
    """Open relays by task for use in the running event loop; `home` (GEM_HOME) holds the journal."""
    journal = Journal(home / JOURNAL, run_id, budget)
    relays = {
        task: ChatRelay(
            settings,
            journal,
            litellm_sender(settings),
            task=task,
            version=version,
            thinking=thinking,
            pace=pace,
        )
        for task, settings, thinking in roles
    }
    try:
        yield relays
    finally:
        for relay in relays.values():
            await relay.close()
        await asyncio.to_thread(journal.close)
        await close_sessions()


def _completion(call: Call, reading: Reading) -> dict[str, Any]:
    """Write an answer as a server without extras would: reasoning stays in the journal.

    Harnesses keep it out of the history too, but only where the server tells it apart from the text.
    """
    response = call.response or {}
    choice = response["choices"][0]
    said = choice.get("message") or {}
    message: dict[str, Any] = {"role": "assistant", "content": reading.text or None}
    if said.get("tool_calls"):
        message["tool_calls"] = [_tool_call(one) for one in said["tool_calls"]]
    elif message["content"] is None:
        message["content"] = ""
    usage = {"prompt_tokens": reading.input_tokens, "completion_tokens": reading.output_tokens}
    return {
        "id": response.get("id") or call.key,
        "object": "chat.completion",
        "created": int(call.started_at),
        "model": reading.model or call.model,
        "choices": [{"index": 0, "message": message, "finish_reason": reading.finish_reason or "stop"}],
        "usage": {**usage, "total_tokens": sum(usage.values())},
    }


def _tool_call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call.get("function") or {}
    arguments = function.get("arguments")
    return {
        "id": call.get("id") or "call",
        "type": "function",
        "function": {
            "name": function.get("name") or "",
            "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments or {}),
        },
    }
