"""What the journal holds: questions, the answers bought to them, and the name a question goes by.

Does not belong here: the file (`journal.py`).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from gem_assets.llm.answers import Reading, read_answer
from gem_assets.llm.limits.places import Window
from gem_assets.llm.protocol import RefusalKind
from gem_assets.records.provenance import Provenance

Status = Literal["started", "done", "refused"]


@dataclass(frozen=True)
class Question:
    """What is asked, by its name, and what is noted beside it."""

    key: str
    task: str
    role: str
    prompt_version: str
    model: str
    base_url: str | None
    sample: int


@dataclass(frozen=True)
class Claim:
    """How an attempt to take a question in hand ended.

    `taken`: another process has it, or answered it since. `full`: the model has as many calls as it should.
    `in_flight` counts the calls at the model, with this one.
    """

    state: Literal["ours", "taken", "full"]
    window: Window | None = None
    in_flight: int = 1


@dataclass(frozen=True)
class Bought:
    """An answer that was just received, to the request as it was sent. An unknown cost is None."""

    response: Mapping[str, Any]
    request: Mapping[str, Any]
    answered_by: str | None
    finish_reason: str | None
    allowance: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    seconds: float


@dataclass(frozen=True)
class Call:
    """A row of the journal, with its bodies read. Tokens, cost and seconds are of all `answers`."""

    key: str
    status: Status
    task: str
    role: str
    prompt_version: str
    model: str
    answered_by: str | None
    base_url: str | None
    sample: int
    request: dict[str, Any]
    response: dict[str, Any] | None
    finish_reason: str | None
    refusal_kind: RefusalKind | None
    refusal_evidence: str | None
    parse_result: str | None
    answers: int
    allowance: int | None
    input_tokens: int
    output_tokens: int
    cost: float | None
    seconds: float
    owner: str
    pid: int
    run_id: str
    started_at: float
    finished_at: float | None

    @cached_property
    def reading(self) -> Reading:
        """The answer's parts; empty where there is none."""
        return read_answer(self.response or {})

    def provenance(self, prompt_version: str) -> Provenance:
        """Stamp the price of the answers on whoever uses them, the first time and from the journal alike."""
        return Provenance(
            prompt_version=prompt_version,
            model=self.answered_by or self.model,
            generator="model",
            call_keys=(self.key,),
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cost=self.cost,
            seconds=self.seconds,
        )


@dataclass(frozen=True)
class Asked:
    """A question about to be sent, as `request`; `before` is the row as it was looked up."""

    question: Question
    request: Mapping[str, Any]
    before: Call | None = None

    @property
    def answers(self) -> int:
        """How many answers the journal held."""
        return self.before.answers if self.before else 0


@dataclass(frozen=True)
class Totals:
    """Sums over the calls of one role, task, model and status.

    `unknown_cost` counts the calls that have no price, `unreadable` those whose answer could not be read.
    """

    role: str
    task: str
    model: str
    status: Status
    calls: int
    answers: int
    input_tokens: int
    output_tokens: int
    cost: float
    unknown_cost: int
    unreadable: int


def call_key(
    model: str,
    messages: Iterable[Mapping[str, Any]],
    schema: Mapping[str, Any] | None,
    sampling: Mapping[str, Any],
    sample: int,
) -> str:
    """Name a question by what the model sees: 64 hex digits.

    Neither the address nor the key, the prompt's version, timeouts nor the length an answer may have are
    part of it.
    """
    seen = {
        "model": model,
        "messages": list(messages),
        "schema": schema,
        "sampling": dict(sampling),
        "sample": sample,
    }
    canonical = json.dumps(seen, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
