"""A role that asks through its provider's batch interface: at batch price, within a day.

What is not in the journal is noted, submitted as one batch when the run's stage closes, and fails for now
with the reason `cancelled`; a later run collects the answers into the journal and goes on. Does not belong
here: what the journal keeps of it (`batches.py`), who runs again (`orchestration/jobs/batch_sensor.py`).
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gem_assets.llm.answers import read_answer
from gem_assets.llm.batch import batches
from gem_assets.llm.batch.batches import Batch, Waiting
from gem_assets.llm.client import LiteLlm
from gem_assets.llm.configuration import ModelConfiguration
from gem_assets.llm.faults.faults import Refuse, Symptom, classify
from gem_assets.llm.faults.symptoms import read_error
from gem_assets.llm.journal.calls import Bought
from gem_assets.llm.journal.journal import Journal
from gem_assets.llm.money.prices import at_most, find_price, known_price, unknown_price_sentence
from gem_assets.llm.protocol import Completion, FailedError, Request, StopRunError
from gem_assets.llm.provider import BatchDoor
from gem_assets.llm.roles import SHARED_ROLES, RoleSettings
from gem_assets.llm.sampling import Sampling
from gem_assets.records.outcome import FailureReason

logger = logging.getLogger(__name__)
WAITS_FOR = "waits for"
ENDED = frozenset(("completed", "failed", "expired", "cancelled"))


@dataclass
class Batcher:
    """Implements `protocol.Llm` over batches; `direct` is the role's model that reads the journal."""

    settings: RoleSettings
    journal: Journal
    direct: LiteLlm
    door: BatchDoor
    _keys: dict[str, list[str]] = field(default_factory=dict)
    """What was noted by this run, by model: a provider takes one model in a batch."""
    _collecting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _collected: bool = False

    def identity_for(self, sampling: Sampling) -> str:
        """The model's: how it is asked does not shape its answers."""
        return self.direct.identity_for(sampling)

    @property
    def is_model(self) -> bool:
        """True: this one can judge, in its time."""
        return True

    async def complete(self, request: Request) -> Completion:
        """Answer from the journal, else note the request for the next batch and fail for now."""
        async with self._collecting:
            if not self._collected:
                self._collected = True
                await collect(self.settings, self.journal, self.door)
        known = await self.direct.answer_from_journal(request)
        if known is not None:
            return known
        waiting = await self._waiting(request)
        batch = await self.journal.change(lambda connection: batches.note_request(connection, waiting))
        if batch is None:
            self._keys.setdefault(waiting.model, []).append(waiting.question.key)
        where = f"batch {batch}" if batch else "the batch that this run submits"
        raise FailedError(FailureReason.CANCELLED, f"{WAITS_FOR} {where}: run again when it is done")

    async def record_parse(self, completion: Completion, result: str) -> None:
        """Note in the journal whether the answer could be read."""
        await self.direct.record_parse(completion, result)

    async def close(self) -> None:
        """Submit what was noted."""
        noted, self._keys = self._keys, {}
        try:
            for keys in noted.values():
                await self._submit(keys)
        finally:
            await self.direct.close()

    async def _waiting(self, request: Request) -> Waiting:
        inquiry, body, allowance = await self.direct.describe(request)
        model = str(body["model"])
        price = await find_price(self.settings, model, batch=True)
        caps = [cap.variable for cap in self.journal.budget.caps]
        if price is None and caps:
            raise StopRunError(unknown_price_sentence(self.settings, model, caps, batch=True))
        amount = at_most(price, inquiry.messages, allowance) if price else 0.0
        return Waiting(inquiry.question, body, allowance, amount)

    async def _submit(self, keys: list[str]) -> None:
        settings, journal = self.settings, self.journal
        begun = await journal.change(
            lambda connection: batches.begin_batch(
                connection, settings.role, settings.pool, keys, journal.budget, journal.me
            )
        )
        if begun is None:
            return
        name, gathered = begun
        try:
            provider_id = await self.door.submit(name, [_line(waiting) for waiting in gathered])
        except Exception as error:
            said = read_error(error, settings.secrets).evidence
            await journal.change(lambda connection: batches.end_batch(connection, name, said))
            raise StopRunError(
                f"{settings.role}: the batch was not accepted ({said}); unset {settings.variable('batch')} "
                "to ask directly"
            ) from None
        await journal.change(lambda connection: batches.note_submitted(connection, name, provider_id))
        logger.info("%s: %d requests submitted as batch %s", settings.role, len(gathered), name)


async def collect(settings: RoleSettings, journal: Journal, door: BatchDoor) -> int:
    """Take in what the provider has finished; returns how many batches were closed."""
    closed = 0
    for batch in await journal.change(lambda connection: batches.open_batches(connection, settings.pool)):
        found = await _find_again(batch, journal, door)
        if found is None:
            continue
        status, lines, problem = await door.read(str(found.provider_id))
        if status not in ENDED:
            continue
        for line in lines:
            await _take_in(settings, journal, found.name, line)
        await journal.change(
            lambda connection, name=found.name, said=problem: batches.end_batch(connection, name, said)
        )
        closed += 1
    return closed


async def collect_ready(configuration: ModelConfiguration, journal: Path) -> int:
    """Take in what providers have finished for any role; returns how many batches were closed."""
    known = [configuration.role(role) for role in SHARED_ROLES if role != "judge"]
    roles = [settings for settings in (*known, *configuration.panel()) if settings.batch]
    if not roles or not journal.is_file():
        return 0
    opened = Journal(journal, "collecting")
    try:
        return sum([await collect(settings, opened, BatchDoor(settings)) for settings in roles])
    finally:
        await asyncio.to_thread(opened.close)


async def _find_again(batch: Batch, journal: Journal, door: BatchDoor) -> Batch | None:
    """Know a batch by the provider's id; one that was never accepted is given up, its requests wait anew."""
    if batch.provider_id is not None:
        return batch
    if batch.owner.is_alive:
        return None
    accepted = await door.find(batch.name)
    if accepted is None:
        said = "its process died before it was accepted"
        await journal.change(lambda connection: batches.end_batch(connection, batch.name, said))
        return None
    await journal.change(lambda connection: batches.note_submitted(connection, batch.name, accepted))
    return replace(batch, provider_id=accepted)


async def _take_in(settings: RoleSettings, journal: Journal, name: str, line: Mapping[str, Any]) -> None:
    key = str(line.get("custom_id"))
    waiting = await journal.change(lambda connection: batches.find_request(connection, name, key))
    if waiting is None:
        return  # taken in before
    reply = line.get("response") or {}
    body = reply.get("body") or {}
    if reply.get("status_code") == 200 and body.get("choices") is not None:
        await journal.collect(waiting.question, _bought(settings, waiting, body))
        return
    error = body.get("error") or line.get("error") or {}
    said = str(error.get("message") or json.dumps(error))
    symptom = Symptom("http", said, reply.get("status_code"), str(error.get("code") or ""))
    verdict = classify(symptom, first_call=False, adaptable=False)
    kind = verdict.kind if isinstance(verdict, Refuse) else None
    await journal.collect_failure(
        waiting.question, waiting.request, kind, symptom.evidence, waiting.allowance
    )


def _bought(settings: RoleSettings, waiting: Waiting, body: Mapping[str, Any]) -> Bought:
    reading = read_answer(body)
    price = known_price(settings, waiting.model, batch=True)
    return Bought(
        response=body,
        request=waiting.request,
        answered_by=reading.model,
        finish_reason=reading.finish_reason,
        allowance=waiting.allowance,
        input_tokens=reading.input_tokens,
        output_tokens=reading.output_tokens,
        cost=price.of(reading.input_tokens, reading.output_tokens) if price else None,
        seconds=0.0,
    )


def _line(waiting: Waiting) -> dict[str, Any]:
    body = {**waiting.request, "model": str(waiting.request["model"]).partition("/")[2]}
    return {
        "custom_id": waiting.question.key,
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": body,
    }
