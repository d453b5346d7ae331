"""What can go wrong between a question and its answer, and what is done about it: one table, first row wins.

Pure: no waiting, no network. Does not belong here: reading a provider's exception (`symptoms.py`), waiting
(`pacing.py`).
"""

import re
from dataclasses import dataclass
from typing import Literal

from gem_assets.llm.answers import Reading
from gem_assets.llm.faults.allowance import Room, room_for_answer
from gem_assets.llm.protocol import RefusalKind
from gem_assets.records.outcome import FailureReason

LONGEST_EVIDENCE = 300
Kind = Literal["http", "timeout", "connection", "cut_off", "not_a_completion"]


@dataclass(frozen=True)
class Symptom:
    """A failed request as far as it matters. `text` is the provider's message, whole and free of keys."""

    kind: Kind
    text: str
    status: int | None = None
    code: str = ""
    retry_after: float | None = None
    """Seconds the provider asks to wait."""

    @property
    def evidence(self) -> str:
        """The beginning of the message, for a sentence or a column."""
        return self.text if len(self.text) <= LONGEST_EVIDENCE else f"{self.text[:LONGEST_EVIDENCE]}…"


@dataclass(frozen=True)
class Retry:
    """Ask again after a pause, at most `most` times for this fault (None: as often as there are tries)."""

    reason: FailureReason
    after_seconds: float | None = None
    most: int | None = None
    transport: bool = True
    """Counts for the circuit breaker: the server is not there, rather than busy."""


@dataclass(frozen=True)
class Refuse:
    """This request has no answer."""

    kind: RefusalKind


@dataclass(frozen=True)
class Stop:
    """No request can succeed. `sentence` may name {model}, {base_url}, {api_key}, {max_tokens}: variables.

    With `doubtful` the request itself may be at fault instead; a control question tells.
    """

    sentence: str
    doubtful: bool = False


@dataclass(frozen=True)
class Drop:
    """Ask again without this parameter, now and from here on."""

    parameter: str


@dataclass(frozen=True)
class Lower:
    """Ask again with less room for the answer."""

    room: Room


Verdict = Retry | Refuse | Stop | Drop | Lower


@dataclass(frozen=True)
class Row:
    """Applies when every condition that is given holds; `text` is searched in code and message."""

    verdict: Verdict
    kind: Kind = "http"
    status: tuple[int, ...] = ()
    text: str = ""
    first_call: bool | None = None


_QUOTA = r"insufficient_quota|insufficient.balance|credit balance is too low|billing_hard_limit"
_MODERATION = r"content.?filter|content.?policy|content management policy|moderation|data_inspection|flagged"
_CONTEXT = (
    r"context.{0,10}length|context.{0,10}window|contextwindow|maximum context|prompt is too long"
    r"|input is too long|too many (input )?tokens|exceeds? the (model's )?max\w* .{0,20}tokens"
)
_SERVER = FailureReason.SERVER_ERROR

TABLE: tuple[Row, ...] = (
    Row(Retry(FailureReason.CONNECTION), kind="connection"),
    # A second hang is rather the request's length than chance, and each costs the whole timeout.
    Row(Retry(FailureReason.TIMEOUT, most=1), kind="timeout"),
    # It may have been paid: one more, not six.
    Row(Retry(_SERVER, most=1), kind="cut_off"),
    Row(
        Stop("{base_url} seems wrong: what answers there is no chat completion; it usually ends in /v1"),
        kind="not_a_completion",
        first_call=True,
    ),
    Row(Retry(_SERVER), kind="not_a_completion"),
    Row(Stop("no key: set {api_key}"), text=r"missing credentials|api_?key.{0,40}must be set"),
    Row(Stop("the provider of the model is not known: write {model} as PROVIDER/NAME, or set {base_url}"),
        text=r"llm provider not provided"),
    Row(Stop("the account has no credit left: top it up, or set another {api_key}"), text=_QUOTA),
    Row(Stop("the account has no credit left: top it up, or set another {api_key}"), status=(402,)),
    Row(Retry(FailureReason.RATE_LIMITED, most=20, transport=False), status=(429,)),
    Row(Stop("the key was not accepted: set {api_key}"), status=(401,)),
    Row(Refuse("refused"), status=(400, 403, 422), text=_MODERATION),
    Row(Stop("access was denied: check {api_key} and whether it may use {model}"), status=(403,)),
    Row(Stop("no such model or address: check {model} (a served name with a slash may need hosted_vllm/ in "
             "front) and {base_url}"), status=(404, 405)),
    Row(Refuse("too_long"), status=(413,)),
    Row(Refuse("too_long"), status=(400, 422), text=_CONTEXT),
    Row(Stop("the request was not accepted: check the sampling settings and {model}", doubtful=True),
        status=(400, 422), first_call=True),
    Row(Refuse("refused"), status=(400, 422)),
    Row(Retry(FailureReason.TIMEOUT, most=1), status=(408,)),
    Row(Retry(_SERVER)),
)  # fmt: skip

_PARAMETERS = ("response_format", "reasoning_effort", "temperature", "top_p", "max_tokens")
_UNSUPPORTED = (
    r"unsupported|not supported|n.t support|unknown param|unrecognized|not permitted|not allowed"
    r"|only the default|extra inputs"
)


def classify(symptom: Symptom, *, first_call: bool, adaptable: bool = True) -> Verdict:
    """Decide what a failed request calls for.

    `first_call`: nothing succeeded in this run so far. `adaptable`: another form of the request (Drop, Lower)
    has not been tried yet.
    """
    if adaptable and symptom.kind == "http" and symptom.status in (400, 422):
        adapted = _adapt(symptom)
        if adapted is not None:
            return adapted
    verdict = next(row.verdict for row in TABLE if _applies(row, symptom, first_call))
    if isinstance(verdict, Retry) and symptom.retry_after is not None:
        return Retry(verdict.reason, symptom.retry_after, verdict.most, verdict.transport)
    return verdict


def _applies(row: Row, symptom: Symptom, first_call: bool) -> bool:
    return (
        row.kind == symptom.kind
        and (not row.status or symptom.status in row.status)
        and (row.first_call is None or row.first_call == first_call)
        and (not row.text or re.search(row.text, f"{symptom.code} {symptom.text}", re.I | re.S) is not None)
    )


def _adapt(symptom: Symptom) -> Drop | Lower | None:
    """See whether another form of the same request would be accepted."""
    room = room_for_answer(symptom.text)
    if room is not None:
        return Lower(room)
    if not re.search(_UNSUPPORTED, f"{symptom.code} {symptom.text}", re.I):
        return None
    named = [(symptom.text.find(name), name) for name in _PARAMETERS if name in symptom.text]
    return Drop(min(named)[1]) if named else None


@dataclass(frozen=True)
class Accept:
    """The answer is complete."""


@dataclass(frozen=True)
class AskAgain:
    """Buy another answer to the same question, because: `reason`."""

    reason: str


def classify_answer(
    reading: Reading, *, bought: int, allowance: int, ceiling: int
) -> Accept | AskAgain | Refuse:
    """Decide about an answer that arrived.

    `bought` answers were paid for this question so far; the last one was allowed `allowance` tokens, and
    `ceiling` is the most that the settings allow.
    """
    if reading.finish_reason == "content_filter" or (reading.refusal and not reading.text.strip()):
        return Refuse("refused")
    if reading.finish_reason == "length":
        return AskAgain("cut off") if allowance < ceiling else Refuse("truncated")
    if not reading.has_choice or not reading.text.strip():
        return AskAgain("empty") if bought < 2 else Refuse("empty")
    return Accept()
