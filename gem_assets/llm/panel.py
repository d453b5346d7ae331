"""Several models in one role: a panel of judges, each with its own settings, journal key and price.

Does not belong here: how their answers become one verdict (`stages/judging.py`).
"""

from gem_assets.llm.protocol import Completion, Llm, Request
from gem_assets.llm.sampling import Sampling


class Panel:
    """Implements `protocol.Llm` in name only: its members are asked, one by one, by whoever knows panels."""

    def __init__(self, members: tuple[Llm, ...]) -> None:
        self.members = members

    def identity_for(self, sampling: Sampling) -> str:
        """All members, in order."""
        return " + ".join(member.identity_for(sampling) for member in self.members)

    @property
    def is_model(self) -> bool:
        """Whether every member can judge."""
        return all(member.is_model for member in self.members)

    async def complete(self, request: Request) -> Completion:
        """Refuse: there is no one answer of a panel."""
        raise TypeError(f"the task {request.task} was put to a panel as if it were one model")

    async def record_parse(self, completion: Completion, result: str) -> None:
        """Refuse, as `complete` does."""
        raise TypeError(f"an answer of {completion.provenance.model} was handed to a panel")


def members_of(llm: Llm) -> tuple[Llm, ...]:
    """The models behind a role: a panel's members, or the one."""
    return llm.members if isinstance(llm, Panel) else (llm,)
