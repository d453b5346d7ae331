"""Ask a model a prompt and read the answer: one repair turn, and a paid answer is never thrown away.

Does not belong here: transport, journal, retries (behind `Llm.complete`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from gem_assets.llm.protocol import ChatMessage, Completion, FailedError, Llm, RefusedError, Request
from gem_assets.llm.sampling import OTHER_SAMPLING, Sampling
from gem_assets.prompts.prompt import Prompt
from gem_assets.records.provenance import Provenance

T = TypeVar("T")


class AnswerError(ValueError):
    """An answer cannot be read; the message says what is missing, in words a model can act upon."""


@dataclass(frozen=True)
class Answer(Generic[T]):
    """A parsed answer and how it came about."""

    value: T
    provenance: Provenance


async def ask(
    llm: Llm,
    prompt: Prompt,
    fields: Mapping[str, str],
    parse: Callable[[str], T],
    *,
    payload: Mapping[str, Any],
    response_schema: Mapping[str, Any] | None = None,
    sample: int = 0,
    sampling: Sampling = OTHER_SAMPLING,
) -> Answer[T]:
    """Render `prompt` with `fields`, ask, and parse; on an unreadable answer ask once for a repair.

    Raises:
        RefusedError: kind `unparseable` after the repair turn, or whatever `complete` raises.
    """
    request = Request(
        task=prompt.name,
        prompt_version=prompt.version,
        messages=(ChatMessage(role="user", content=prompt.render(fields)),),
        response_schema=response_schema,
        sample=sample,
        payload=payload,
        sampling=sampling,
    )
    completion = await llm.complete(request)
    try:
        return await _read(llm, completion, parse, completion.provenance)
    except AnswerError as error:
        turn = prompt.beside("repair_answer").render({"problem": str(error)})
        repair = _repair_request(request, completion, turn)
    repaired = await _complete_repair(llm, repair, completion.provenance)
    provenance = completion.provenance.plus(repaired.provenance).model_copy(update={"recovered": True})
    try:
        return await _read(llm, repaired, parse, provenance)
    except AnswerError as error:
        raise RefusedError("unparseable", str(error), provenance) from error


async def _read(
    llm: Llm, completion: Completion, parse: Callable[[str], T], provenance: Provenance
) -> Answer[T]:
    try:
        value = parse(completion.text)
    except AnswerError as error:
        await llm.record_parse(completion, str(error))
        raise
    await llm.record_parse(completion, "ok")
    return Answer(value, provenance)


async def _complete_repair(llm: Llm, repair: Request, spent: Provenance) -> Completion:
    """Ask for the repair; where that goes wrong, the first call still counts in what was spent."""
    try:
        return await llm.complete(repair)
    except RefusedError as error:
        raise RefusedError(error.kind, error.evidence, spent.plus(error.provenance)) from error
    except FailedError as error:
        raise FailedError(error.reason, error.evidence, spent.plus(error.provenance)) from error


def _repair_request(request: Request, completion: Completion, turn: str) -> Request:
    turns = (ChatMessage(role="assistant", content=completion.text), ChatMessage(role="user", content=turn))
    return request.model_copy(update={"messages": request.messages + turns})
