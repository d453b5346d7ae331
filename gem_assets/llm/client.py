"""A remote model in a role: the journal first, then the server.

Does not belong here: sending and retries (`buying.py`), litellm (`provider.py`).
"""

from gem_assets.llm.answers import read_answer
from gem_assets.llm.buying import Buyer, Inquiry, Refusal
from gem_assets.llm.calls import Call, Question, call_key
from gem_assets.llm.faults import Accept, AskAgain, Refuse, classify_answer
from gem_assets.llm.flights import Flights
from gem_assets.llm.journal import Journal
from gem_assets.llm.pacing import Pace
from gem_assets.llm.protocol import Completion, FailedError, RefusedError, Request
from gem_assets.llm.provider import Send
from gem_assets.llm.roles import RoleSettings, Sampling
from gem_assets.records.provenance import Provenance


class LiteLlm:
    """Implements `protocol.Llm` over any provider litellm speaks to. Lives in one event loop."""

    def __init__(
        self, settings: RoleSettings, journal: Journal, send: Send, pace: Pace | None = None
    ) -> None:
        self.settings = settings
        self._journal = journal
        self._pace = pace or Pace()
        self._buyer = Buyer(settings, send, self._pace)
        self._flights: Flights[Call] = Flights()

    @property
    def identity(self) -> str:
        """Model name with the sampling that shapes its answers."""
        return self.settings.identity

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
            asked = Provenance(
                prompt_version=request.prompt_version, model=self.settings.model, generator="model"
            )
            raise FailedError(failed.reason, failed.evidence, asked) from None
        provenance = _provenance(call, request)
        verdict = _judge(call, inquiry.sampling)
        if isinstance(verdict, Refuse):
            raise RefusedError(verdict.kind, self._evidence(call, verdict), provenance)
        reading = read_answer(call.response or {})
        return Completion(
            text=reading.text,
            reasoning=reading.reasoning,
            finish_reason=reading.finish_reason,
            provenance=provenance,
        )

    async def record_parse(self, completion: Completion, result: str) -> None:
        """Note in the journal whether the answer could be read."""
        for key in completion.provenance.call_keys:
            await self._journal.note_parse(key, result)

    async def close(self) -> None:
        """End what nobody waits for any more; before the journal is closed."""
        await self._flights.drain()

    def _inquiry(self, request: Request) -> Inquiry:
        settings, sampling = self.settings, self.settings.sampling(request.task)
        messages = tuple({"role": message.role, "content": message.content} for message in request.messages)
        drawn = {"temperature": sampling.temperature, "top_p": sampling.top_p}
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

    async def _answer(self, inquiry: Inquiry) -> Call:
        """Come by a row of the journal that settles the question, buying as many answers as that takes."""
        key = inquiry.question.key
        while True:
            call = await self._journal.find(key)
            verdict = _judge(call, inquiry.sampling)
            if call is not None and isinstance(verdict, (Accept, Refuse)):
                if isinstance(verdict, Refuse) and call.status == "done":
                    evidence = self._evidence(call, verdict)
                    await self._journal.refuse(key, verdict.kind, evidence, call.allowance or 0)
                return call
            async with self._buyer.gate.slot():
                claimed = await self._buy_if_free(inquiry, call)
            if not claimed:
                # Another process is at it: its answer will do.
                await self._pace.sleep(self._pace.poll_seconds)

    async def _buy_if_free(self, inquiry: Inquiry, call: Call | None) -> bool:
        """Buy one answer and write it down; False when another process has the question in hand."""
        key, journal = inquiry.question.key, self._journal
        claimed = None  # not known while a cancelled claim may still be written
        try:
            request = self._buyer.parameters(inquiry, inquiry.sampling.max_tokens)
            claimed = await journal.claim(inquiry.question, request, call.answers if call else 0)
            if not claimed:
                return False
            was_cut_off = call is not None and call.finish_reason == "length"
            outcome = await self._buyer.buy(inquiry, was_cut_off=was_cut_off)
            if isinstance(outcome, Refusal):
                ceiling = inquiry.sampling.max_tokens_ceiling
                await journal.refuse(key, outcome.kind, outcome.evidence, ceiling)
            else:
                await journal.commit(inquiry.question, outcome)
        finally:
            if claimed is not False:
                await journal.release(key)
        return True

    def _evidence(self, call: Call, verdict: Refuse) -> str:
        if call.refusal_evidence is not None:
            return call.refusal_evidence
        if verdict.kind == "truncated":
            limit = self.settings.variable("max_tokens")
            return f"cut off after {call.allowance} tokens ({limit} allows no more)"
        if verdict.kind == "empty":
            return f"the model answered nothing, {call.answers} times"
        refusal = read_answer(call.response or {}).refusal
        return refusal or "the provider's content filter took the answer"


def _judge(call: Call | None, sampling: Sampling) -> Accept | AskAgain | Refuse | None:
    """Say what a row means; None where there is no answer yet."""
    if call is None or call.status == "started":
        return None
    ceiling, allowance = sampling.max_tokens_ceiling, call.allowance or 0
    if call.status == "refused" and not (call.refusal_kind == "truncated" and allowance < ceiling):
        return Refuse(call.refusal_kind or "refused")
    reading = read_answer(call.response or {})
    return classify_answer(reading, bought=call.answers, allowance=allowance, ceiling=ceiling)


def _provenance(call: Call, request: Request) -> Provenance:
    """Stamp the price of the answers on whoever uses them, the first time and from the journal alike."""
    return Provenance(
        prompt_version=request.prompt_version,
        model=call.answered_by or call.model,
        generator="model",
        call_keys=(call.key,),
        input_tokens=call.input_tokens,
        output_tokens=call.output_tokens,
        cost=call.cost,
        seconds=call.seconds,
    )
