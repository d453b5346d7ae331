"""What holds a request back, as one role of one process meets it: places, budget, rates.

The state is in the journal, because processes share it. Does not belong here: pauses and retries
(`buying.py`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from gem_assets.llm.journal.calls import Bought, Claim
from gem_assets.llm.journal.journal import Journal
from gem_assets.llm.limits.crowding import Crowding
from gem_assets.llm.limits.line import Line
from gem_assets.llm.limits.pacing import Pace
from gem_assets.llm.limits.places import Demand
from gem_assets.llm.limits.rates import Take
from gem_assets.llm.money.budget import Exhausted
from gem_assets.llm.money.prices import at_most, byte_count, find_price, unknown_price_sentence
from gem_assets.llm.protocol import StopRunError
from gem_assets.llm.roles import RoleSettings

Messages = Sequence[Mapping[str, Any]]

# What an answer is taken to be long before any came.
EXPECTED_TOKENS = 1000
# English makes a token of about so many bytes; the answer corrects it.
USUAL_BYTES_PER_TOKEN = 4


class Limits:
    """One role's share in what processes agree upon."""

    def __init__(self, settings: RoleSettings, journal: Journal, pace: Pace) -> None:
        self._settings = settings
        self._journal = journal
        self._pace = pace
        self._crowding = Crowding(settings.concurrency, pace.clock)
        self._line = Line(lambda asked: journal.claim(asked, self._demand()), pace.poll_seconds)
        self.enter, self.leave, self.close = self._line.enter, self._line.leave, self._line.close
        self._answers, self._answered_tokens = 0, 0

    async def before_request(self, key: str, model: str, messages: Messages, allowance: int) -> None:
        """Wait until a request may go out.

        Raises:
            StopRunError: the budget does not allow it, or cannot be kept because a price is not known.
        """
        if self._journal.budget.caps:
            await self._reserve(key, model, messages, allowance)
        takes = self._takes(messages)
        while takes and (seconds := await self._journal.take(takes)):
            await self._pace.sleep(seconds)

    async def after_answer(self, claim: Claim, messages: Messages, bought: Bought) -> None:
        """Learn from an answer how many calls the model takes, and how long answers are."""
        if self._settings.tpm is not None:
            used = bought.input_tokens + bought.output_tokens
            await self._journal.settle_rate(self._rate_name("tpm"), self._expected_tokens(messages), used)
        self._answers += 1
        self._answered_tokens += bought.output_tokens
        if claim.window is not None:
            places = self._crowding.answered(
                claim.window, claim.in_flight, bought.seconds, bought.output_tokens
            )
            await self._advise(claim, places)

    async def after_refusal(self, claim: Claim) -> None:
        """Learn that the model has too many calls."""
        if claim.window is not None:
            await self._advise(claim, self._crowding.turned_away(claim.window))

    async def _advise(self, claim: Claim, places: float | None) -> None:
        if places is not None and claim.window is not None:
            await self._journal.change_window(self._settings.pool, claim.window.version, places)
            self._line.look_again()

    def _demand(self) -> Demand:
        settings = self._settings
        at_hand = self._line.at_hand
        return Demand(settings.pool, settings.model, settings.base_url, settings.concurrency, at_hand)

    async def _reserve(self, key: str, model: str, messages: Messages, allowance: int) -> None:
        price = await find_price(self._settings, model)
        if price is None:
            caps = [cap.variable for cap in self._journal.budget.caps]
            raise StopRunError(unknown_price_sentence(self._settings, model, caps))
        amount = at_most(price, messages, allowance)
        while (refused := await self._journal.reserve(key, amount)) is not None:
            if isinstance(refused, Exhausted):
                raise StopRunError(refused.sentence)
            await self._pace.sleep(self._pace.poll_seconds)

    def _takes(self, messages: Messages) -> list[Take]:
        limits = {"rpm": self._settings.rpm, "tpm": self._settings.tpm}
        amounts = {"rpm": 1.0, "tpm": self._expected_tokens(messages)}
        return [
            Take(self._rate_name(kind), per_minute, amounts[kind])
            for kind, per_minute in limits.items()
            if per_minute is not None
        ]

    def _rate_name(self, kind: str) -> str:
        return f"{kind} {self._settings.pool}"

    def _expected_tokens(self, messages: Messages) -> float:
        asked = sum(map(byte_count, messages)) / USUAL_BYTES_PER_TOKEN
        answer = self._answered_tokens / self._answers if self._answers else EXPECTED_TOKENS
        return asked + answer
