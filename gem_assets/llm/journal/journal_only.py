"""A model that answers from the journal alone and counts what it would have to buy.

Does not belong here: buying (`client.py`).
"""

from dataclasses import dataclass

from gem_assets.llm.client import LiteLlm
from gem_assets.llm.panel import Panel, members_of
from gem_assets.llm.protocol import Completion, FailedError, Llm, Request
from gem_assets.llm.sampling import Sampling
from gem_assets.records.outcome import FailureReason


@dataclass
class Tally:
    """Calls that are journaled, and calls that would be bought."""

    journaled: int = 0
    new: int = 0


def from_journal(llm: Llm, tally: Tally) -> Llm:
    """Let a model, or each member of a panel, answer from the journal alone."""
    members = tuple(JournalOnly(member, tally) for member in members_of(llm))
    return Panel(members) if isinstance(llm, Panel) else members[0]


class JournalOnly:
    """Implements `protocol.Llm` for a rehearsal: nothing is sent, nothing is written."""

    def __init__(self, model: Llm, tally: Tally) -> None:
        self._model = model
        self._tally = tally

    def identity_for(self, sampling: Sampling) -> str:
        """That of the model it stands for."""
        return self._model.identity_for(sampling)

    @property
    def is_model(self) -> bool:
        """That of the model it stands for."""
        return self._model.is_model

    async def complete(self, request: Request) -> Completion:
        """Answer from the journal; raises FailedError where the answer would have to be bought."""
        if not isinstance(self._model, LiteLlm):
            return await self._model.complete(request)
        found = await self._model.answer_from_journal(request)
        if found is None:
            self._tally.new += 1
            raise FailedError(FailureReason.CANCELLED, "not in the journal")
        self._tally.journaled += 1
        return found

    async def record_parse(self, completion: Completion, result: str) -> None:
        """Write nothing: a rehearsal leaves no trace."""
