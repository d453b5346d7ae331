"""A remote model in a role: the journal first, then the server.

Does not belong here: sending and retries (`buying.py`), litellm (`provider.py`).
"""

import asyncio
from typing import Any

from gem_assets.llm.buying import Buyer, Inquiry, Refusal
from gem_assets.llm.faults.faults import Accept, AskAgain, Refuse, classify_answer
from gem_assets.llm.journal.calls import Asked, Call, Claim, Question, call_key
from gem_assets.llm.journal.flights import Flights
from gem_assets.llm.journal.journal import Journal
from gem_assets.llm.limits.limits import Limits
from gem_assets.llm.limits.pacing import Pace
from gem_assets.llm.protocol import Completion, FailedError, RefusedError, Request
from gem_assets.llm.provider import Send
from gem_assets.llm.roles import RoleSettings
from gem_assets.llm.sampling import Sampling
from gem_assets.records.provenance import Provenance


class LiteLlm:
    """Implements `protocol.Llm` over any provider litellm speaks to. Lives in one event loop."""

    def __init__(
        self, settings: RoleSettings, journal: Journal, send: Send, pace: Pace | None = None
    ) -> None:
        self.settings = settings
        self._journal = journal
        self._pace = pace or Pace()
        self._limits = Limits(settings, journal, self._pace)
        self._buyer = Buyer(settings, send, self._pace, self._limits)
        self._flights: Flights[Call] = Flights()
        self._purchases: set[asyncio.Task[Call | None]] = set()

    def identity_for(self, sampling: Sampling) -> str:
        """Model name with the sampling that shapes its answers."""
        return self.settings.identity_for(sampling)

    @property
    def is_model(self) -> bool:
        """True: this one can judge."""
        return True

    async def complete(self, request: Request) -> Completion:
        """Answer from the journal, else buy the answer; see `protocol.Llm` for the errors."""
        inquiry = self._inquiry(request)
        try:
            call = await self._flights.join(inquiry.question.key, lambda: self._answer(inquiry))
        except FailedError as failed:
            spent = await self._spent_on(inquiry, request)
            raise FailedError(failed.reason, failed.evidence, spent) from None
        return self._completion(call, inquiry, request)

    def _completion(self, call: Call, inquiry: Inquiry, request: Request) -> Completion:
        provenance = call.provenance(request.prompt_version)
        verdict = self._judge(call, inquiry.sampling)
        if isinstance(verdict, Refuse):
            raise RefusedError(verdict.kind, self._evidence(call, verdict), provenance)
        return Completion(
            text=call.reading.text,
            reasoning=call.reading.reasoning,
            finish_reason=call.reading.finish_reason,
            provenance=provenance,
        )

    async def answer_from_journal(self, request: Request) -> Completion | None:
        """Answer if nothing has to be bought for it, else None; raises RefusedError as `complete` does."""
        inquiry = self._inquiry(request)
        call = await self._journal.find(inquiry.question.key)
        verdict = self._judge(call, inquiry.sampling)
        if call is None or not isinstance(verdict, (Accept, Refuse)):
            return None
        return self._completion(call, inquiry, request)

    async def describe(self, request: Request) -> tuple[Inquiry, dict[str, Any], int]:
        """Say how a request would be sent now, and how many tokens its answer would be allowed.

        What was too long for the role's model is for its fallback.
        """
        inquiry = self._inquiry(request)
        call = await self._journal.find(inquiry.question.key)
        cut_off = call is not None and call.finish_reason == "length"
        sampling = inquiry.sampling
        allowance = sampling.max_tokens_ceiling if cut_off else sampling.max_tokens
        too_long = call is not None and call.refusal_kind == "too_long"
        model = self.settings.fallback if too_long else None
        return inquiry, self._buyer.parameters(inquiry, allowance, model), allowance

    async def record_parse(self, completion: Completion, result: str) -> None:
        """Note in the journal whether the answer could be read."""
        for key in completion.provenance.call_keys:
            self._journal.note_parse(key, result)

    async def close(self) -> None:
        """End what nobody waits for any more; before the journal is closed.

        Requests that are under way are waited for a while: they are paid for.
        """
        self._buyer.close()
        await self._flights.drain()
        if self._purchases:
            await asyncio.wait(self._purchases, timeout=self._pace.grace_seconds)
        for purchase in self._purchases:
            purchase.cancel()
        await asyncio.gather(*self._purchases, return_exceptions=True)
        await self._limits.close()

    def _inquiry(self, request: Request) -> Inquiry:
        settings, sampling = self.settings, self.settings.sampling(request.sampling)
        messages = tuple({"role": message.role, "content": message.content} for message in request.messages)
        drawn: dict[str, float | str] = {"temperature": sampling.temperature, "top_p": sampling.top_p}
        if settings.reasoning_effort is not None:
            drawn["reasoning_effort"] = settings.reasoning_effort
        question = Question(
            key=call_key(settings.model, messages, request.response_schema, drawn, request.sample),
            task=request.task,
            role=settings.role,
            prompt_version=request.prompt_version,
            model=settings.model,
            base_url=settings.base_url,
            sample=request.sample,
        )
        return Inquiry(question, sampling, messages, request.response_schema)

    async def _spent_on(self, inquiry: Inquiry, request: Request) -> Provenance:
        """Say what answers that did not settle the question cost, where there were any."""
        call = await self._journal.find(inquiry.question.key)
        if call is not None:
            return call.provenance(request.prompt_version)
        return Provenance(prompt_version=request.prompt_version, model=self.settings.model, generator="model")

    async def _answer(self, inquiry: Inquiry) -> Call:
        """Come by a row of the journal that settles the question, buying as many answers as that takes."""
        key = inquiry.question.key
        call: Call | None = None
        while True:
            call = call or await self._journal.find(key)
            verdict = self._judge(call, inquiry.sampling)
            if call is not None and isinstance(verdict, (Accept, Refuse)):
                if isinstance(verdict, Refuse) and call.status == "done":
                    evidence, allowance = self._evidence(call, verdict), call.allowance or 0
                    asked = call.answered_by or call.model
                    await self._journal.refuse(key, verdict.kind, evidence, asked, allowance)
                return call
            claim = await self._claim(inquiry, call)
            if claim.state == "taken":
                # Another process is at it: its answer will do.
                call = None
                await self._pace.sleep(self._pace.poll_seconds)
                continue
            # A task of its own: a request that is out is worth its answer, even if nobody waits for it.
            purchase = asyncio.create_task(self._purchase(inquiry, call, claim))
            self._purchases.add(purchase)
            purchase.add_done_callback(self._purchased)
            call = await asyncio.shield(purchase)

    async def _claim(self, inquiry: Inquiry, call: Call | None) -> Claim:
        request = self._buyer.parameters(inquiry, inquiry.sampling.max_tokens)
        try:
            return await self._limits.enter(Asked(inquiry.question, request, call))
        except asyncio.CancelledError:
            await self._journal.release(inquiry.question.key)  # it may have been written since
            raise

    async def _purchase(self, inquiry: Inquiry, call: Call | None, claim: Claim) -> Call | None:
        """Buy one answer and write it down, or the final no; the row, where it is at hand."""
        key, settled = inquiry.question.key, False
        try:
            was_cut_off = call is not None and call.finish_reason == "length"
            outcome = await self._buyer.buy(inquiry, claim, was_cut_off=was_cut_off)
            if isinstance(outcome, Refusal):
                ceiling = inquiry.sampling.max_tokens_ceiling
                await self._journal.refuse(key, outcome.kind, outcome.evidence, outcome.asked, ceiling)
                return None
            bought = await self._journal.commit(inquiry.question, outcome)
            settled = True
            await self._limits.after_answer(claim, inquiry.messages, outcome)
            return bought
        finally:
            if not settled:
                await self._journal.release(key)
            self._limits.leave()

    def _purchased(self, purchase: asyncio.Task[Call | None]) -> None:
        self._purchases.discard(purchase)
        if not purchase.cancelled():
            purchase.exception()  # seen by those who wait; nobody may be left

    def _evidence(self, call: Call, verdict: Refuse) -> str:
        if call.refusal_evidence is not None:
            return call.refusal_evidence
        if verdict.kind == "truncated":
            limit = self.settings.variable("max_tokens")
            return f"cut off after {call.allowance} tokens ({limit} allows no more)"
        if verdict.kind == "empty":
            return f"the model answered nothing, {call.answers} times"
        return call.reading.refusal or "the provider's content filter took the answer"

    def _judge(self, call: Call | None, sampling: Sampling) -> Accept | AskAgain | Refuse | None:
        """Say what a row means; None where there is no answer yet, or a setting may bring another."""
        if call is None or call.status == "started":
            return None
        ceiling, allowance = sampling.max_tokens_ceiling, call.allowance or 0
        if call.status == "refused":
            if call.refusal_kind == "too_long" and self.settings.fallback not in (None, call.answered_by):
                return None
            if call.refusal_kind != "truncated" or allowance >= ceiling:
                return Refuse(call.refusal_kind or "refused")
        return classify_answer(call.reading, bought=call.answers, allowance=allowance, ceiling=ceiling)
