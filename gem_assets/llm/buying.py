"""Gets one answer from a server, however often that takes: the one retry loop there is.

Does not belong here: the journal and single flight (`client.py`), what a fault means (`faults.py`), how long
to wait (`pacing.py`), what holds a request back (`limits.py`), litellm itself (`provider.py`).
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from gem_assets.llm.answers import read_answer
from gem_assets.llm.faults.faults import Drop, Lower, Refuse, Retry, Stop, Symptom, classify
from gem_assets.llm.faults.symptoms import read_error
from gem_assets.llm.journal.calls import Bought, Claim, Question
from gem_assets.llm.limits.limits import Limits
from gem_assets.llm.limits.pacing import Breaker, Gate, Pace
from gem_assets.llm.money.prices import cost_of
from gem_assets.llm.protocol import FailedError, RefusalKind, StopRunError
from gem_assets.llm.provider import Send, Sent
from gem_assets.llm.roles import RoleSettings
from gem_assets.llm.sampling import Sampling
from gem_assets.records.outcome import FailureReason

logger = logging.getLogger(__name__)

# Where the room must be found by halving, less than this is no use, and the prompt is too long.
SMALLEST_GUESS = 1024
CONTROL_QUESTION = ({"role": "user", "content": "Answer with the word yes."},)


@dataclass(frozen=True)
class Inquiry:
    """A question with all that is needed to put it to a server."""

    question: Question
    sampling: Sampling
    messages: tuple[Mapping[str, Any], ...]
    schema: Mapping[str, Any] | None
    passed: Mapping[str, Any] | None = None
    """The fields of a request that another program wrote (`relay.py`): sent as they are, instead of ours."""


@dataclass(frozen=True)
class Refusal:
    """The server's or our final no to a question."""

    kind: RefusalKind
    evidence: str
    asked: str
    """The model that had the last say."""


@dataclass
class _Effort:
    """How far the attempts at one answer got. `allowance`: tokens the answer may have."""

    model: str
    allowance: int
    claim: Claim
    raised: bool = False
    lowered: bool = False
    faults: Counter[tuple[str, int | None]] = field(default_factory=Counter)


class Buyer:
    """Asks one role's server. What it learns there (dead, takes no temperature) holds for all questions."""

    def __init__(self, settings: RoleSettings, send: Send, pace: Pace, limits: Limits) -> None:
        self._settings = settings
        self._send = send
        self._pace = pace
        self._limits = limits
        self._gate = Gate(pace)
        self._breaker = Breaker(pace)
        self._control = asyncio.Lock()
        self._dropped: set[tuple[str, str]] = set()
        self._stopped: str | None = None
        self._closing = False

    def parameters(self, inquiry: Inquiry, allowance: int, model: str | None = None) -> dict[str, Any]:
        """Write the request as litellm takes it, without what this model was found not to take."""
        model = model or self._settings.model
        wanted = self._wanted(inquiry, allowance)
        kept = {name: value for name, value in wanted.items() if (model, name) not in self._dropped}
        if "max_tokens" in wanted and "max_tokens" not in kept:
            kept["max_completion_tokens"] = allowance  # its later name in the OpenAI interface
        return {"model": model, "messages": list(inquiry.messages), **kept}

    def _wanted(self, inquiry: Inquiry, allowance: int) -> dict[str, Any]:
        if inquiry.passed is not None:
            limit = {"max_tokens": allowance} if "max_tokens" in inquiry.passed else {}
            return {**inquiry.passed, **limit}
        wanted: dict[str, Any] = {
            "temperature": inquiry.sampling.temperature,
            "top_p": inquiry.sampling.top_p,
            "max_tokens": allowance,
        }
        if self._settings.reasoning_effort is not None:
            wanted["reasoning_effort"] = self._settings.reasoning_effort
        if inquiry.schema is not None:
            schema = {"name": inquiry.question.task, "schema": dict(inquiry.schema)}
            wanted["response_format"] = {"type": "json_schema", "json_schema": schema}
        return wanted

    def close(self) -> None:
        """Begin no request any more; those under way may end."""
        self._closing = True

    async def buy(self, inquiry: Inquiry, claim: Claim, *, was_cut_off: bool) -> Bought | Refusal:
        """Ask until there is an answer or a final no; `was_cut_off` allows the answer all there is.

        Raises:
            FailedError: the tries are used up.
            StopRunError: no request can succeed until a setting is changed.
        """
        sampling = inquiry.sampling
        allowance = sampling.max_tokens_ceiling if was_cut_off else sampling.max_tokens
        effort = _Effort(self._settings.model, allowance, claim, raised=was_cut_off)
        while True:
            await self._admit(inquiry, effort)
            parameters = self.parameters(inquiry, effort.allowance, effort.model)
            began = self._pace.clock()
            outcome = await self._try(parameters)
            if isinstance(outcome, Sent):
                self._breaker.success()
                seconds = self._pace.clock() - began
                return self._bought(outcome, parameters, effort, sampling, seconds)
            if self._adapt(outcome, parameters, effort):
                continue
            refusal = await self._recover(outcome, inquiry, effort)
            if refusal is not None:
                return refusal

    async def _admit(self, inquiry: Inquiry, effort: _Effort) -> None:
        """Wait until the next request may go out."""
        await self._gate.wait()
        if not self._stopped and not self._closing:
            key = inquiry.question.key
            await self._limits.before_request(key, effort.model, inquiry.messages, effort.allowance)
        if self._stopped:
            raise StopRunError(self._stopped)
        if self._closing:
            raise FailedError(FailureReason.CANCELLED, "the run was stopped before this was asked")

    def _bought(
        self, sent: Sent, request: Mapping[str, Any], effort: _Effort, sampling: Sampling, seconds: float
    ) -> Bought:
        reading = read_answer(sent.response)
        return Bought(
            response=sent.response,
            request=request,
            answered_by=reading.model,
            finish_reason=reading.finish_reason,
            allowance=sampling.max_tokens_ceiling if effort.lowered else effort.allowance,
            input_tokens=reading.input_tokens,
            output_tokens=reading.output_tokens,
            cost=cost_of(self._settings, effort.model, reading, sent.cost),
            seconds=seconds,
        )

    async def _try(self, parameters: Mapping[str, Any]) -> Sent | Symptom:
        try:
            return await self._send(parameters)
        except TimeoutError:
            return Symptom("timeout", f"no answer within {self._settings.timeout_seconds:g} s")
        except Exception as error:
            return read_error(error, self._settings.secrets)

    async def _recover(self, symptom: Symptom, inquiry: Inquiry, effort: _Effort) -> Refusal | None:
        """Do what a fault calls for; None when the question is to be put again."""
        verdict = classify(symptom, first_call=not self._breaker.answered, adaptable=False)
        if isinstance(verdict, Retry):
            if not verdict.transport:
                await self._limits.after_refusal(effort.claim)
            await self._wait(verdict, symptom, effort)
            return None
        self._breaker.alive()
        if isinstance(verdict, Stop) and not (verdict.doubtful and await self._answers_others(inquiry)):
            self._stop(verdict, symptom)
        kind = verdict.kind if isinstance(verdict, Refuse) else "refused"
        if kind == "too_long" and self._settings.fallback not in (None, effort.model):
            effort.model = str(self._settings.fallback)
            return None
        if kind == "too_long" and effort.raised:
            kind = "truncated"  # the prompt did fit; the answer's allowance no longer does
        return Refusal(kind, symptom.evidence, effort.model)

    def _adapt(self, symptom: Symptom, sent: Mapping[str, Any], effort: _Effort) -> bool:
        """Change the form of the request where that is the remedy; False where it is not, or was no help."""
        verdict = classify(symptom, first_call=not self._breaker.answered)
        if isinstance(verdict, Drop) and verdict.parameter in sent:
            model, name = effort.model, verdict.parameter
            if (model, name) not in self._dropped:
                self._dropped.add((model, name))
                logger.warning(
                    "%s does not take %s, left out from here on: %s", model, name, symptom.evidence
                )
            return True
        if not isinstance(verdict, Lower):
            return False
        room = verdict.room.tokens if verdict.room.exact else min(verdict.room.tokens, effort.allowance // 2)
        if room >= effort.allowance or (not verdict.room.exact and room < SMALLEST_GUESS):
            return False
        effort.allowance, effort.lowered = room, True
        return True

    async def _wait(self, verdict: Retry, symptom: Symptom, effort: _Effort) -> None:
        if verdict.transport:
            arithmetic = self._breaker.failure()
            if arithmetic:
                self._stop(Stop(f"{{base_url}} does not answer, {arithmetic}: is the server up?"), symptom)
        effort.faults[verdict.reason, verdict.most] += 1
        times = effort.faults[verdict.reason, verdict.most]
        wish = verdict.after_seconds or 0.0
        used_up = times > verdict.most if verdict.most else times >= self._pace.tries
        if used_up or wish > self._pace.longest_wish:
            asks = f"; it asks to wait {wish:.0f} s" if wish else ""
            raise FailedError(verdict.reason, f"{symptom.evidence} ({times} times{asks})")
        pause = max(wish, self._pace.pause(times))
        if verdict.transport:
            await self._pace.sleep(pause)
        else:
            self._gate.close_for(pause)

    async def _answers_others(self, inquiry: Inquiry) -> bool:
        """Find out by a question that cannot be at fault whether the settings are."""
        async with self._control:
            if self._breaker.answered:
                return True
            parameters = self.parameters(inquiry, inquiry.sampling.max_tokens)
            outcome = await self._try({**parameters, "messages": list(CONTROL_QUESTION)})
            if isinstance(outcome, Sent):
                self._breaker.success()
            return isinstance(outcome, Sent)

    def _stop(self, verdict: Stop, symptom: Symptom) -> NoReturn:
        # The first reason is the one to tell: calls that were under way fail after it in other ways.
        self._stopped = self._stopped or stop_sentence(self._settings, verdict, symptom)
        raise StopRunError(self._stopped)


def stop_sentence(settings: RoleSettings, verdict: Stop, symptom: Symptom) -> str:
    """Say what to change, naming the variables behind this role, and what the server said."""
    names = {
        "model": f"{settings.variable('model')} (now {settings.model})",
        "base_url": f"{settings.variable('base_url')} (now {settings.base_url or 'not set'})",
        "api_key": settings.variable("api_key"),
    }
    return f"{settings.role}: {verdict.sentence.format(**names)} (it said: {symptom.evidence})"
