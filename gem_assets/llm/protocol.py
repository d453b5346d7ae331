"""The one seam between stages and models: what is asked, what comes back, and how asking can go wrong.

Stages see only this module and `asking.py`; providers, journal and retries live behind `Llm`.
"""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from gem_assets.llm.sampling import OTHER_SAMPLING, Sampling
from gem_assets.records.base import Record
from gem_assets.records.outcome import FailureReason
from gem_assets.records.provenance import Provenance

RefusalKind = Literal["unparseable", "refused", "too_long", "truncated", "empty"]


class ChatMessage(Record):
    """One message of a request, as the provider sees it."""

    role: Literal["system", "user", "assistant"]
    content: str


class Request(Record):
    """One question to a model.

    `messages` is all a remote model sees. `payload` is the same question in parts, for the offline
    generator, which does not read prompts; it is neither sent nor part of the journal's key.
    """

    task: str
    """Name of the prompt: `filter_document`, `extract_workflows` …"""
    prompt_version: str
    messages: tuple[ChatMessage, ...]
    response_schema: Mapping[str, Any] | None = None
    """JSON Schema of the answer, for tasks that answer JSON."""
    sample: int = 0
    """Asking again on purpose takes the next number; the same number is the same answer."""
    payload: Mapping[str, Any] = {}
    sampling: Sampling = OTHER_SAMPLING
    """How the answer is drawn, unless the role's settings say otherwise."""


class Completion(Record):
    """A model's answer. `provenance` carries model, tokens, cost, seconds and the journal key."""

    text: str
    reasoning: str | None = None
    finish_reason: str | None = None
    provenance: Provenance


class Llm(Protocol):
    """A model in a role."""

    def identity_for(self, sampling: Sampling) -> str:
        """Name the model with the sampling that shapes its answers to requests with this one."""
        ...

    @property
    def is_model(self) -> bool:
        """False for the offline baseline generator, which cannot judge."""
        ...

    async def complete(self, request: Request) -> Completion:
        """Answer, from the journal if it was answered before.

        Raises:
            RefusedError: definitive for this request; asking again would give the same.
            FailedError: the model or the machine broke; a later run may succeed.
            StopRunError: no request can succeed until a setting is changed.
        """
        ...

    async def record_parse(self, completion: Completion, result: str) -> None:
        """Note in the journal whether the answer could be read: `ok`, or what was wrong."""
        ...


class LlmError(Exception):
    """Anything that keeps a request from being answered."""


class RefusedError(LlmError):
    """No usable answer to this request, and asking again would not change that."""

    def __init__(self, kind: RefusalKind, evidence: str, provenance: Provenance) -> None:
        super().__init__(f"{kind}: {evidence}")
        self.kind: RefusalKind = kind
        self.evidence = evidence
        self.provenance = provenance


class FailedError(LlmError):
    """Transport or provider broke; nothing is known about the record."""

    def __init__(self, reason: FailureReason, evidence: str, provenance: Provenance | None = None) -> None:
        super().__init__(f"{reason}: {evidence}")
        self.reason = reason
        self.evidence = evidence
        self.provenance = provenance or Provenance()


class StopRunError(LlmError):
    """A setting is wrong (key, model name, base URL, quota): one sentence that names what to change."""
