"""What asking a model for one part of a benchmark came to: what BFCL and tau2-bench have in common."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gem_assets.evaluation.evaluated_models import EvaluationError
from gem_assets.evaluation.relay_server import Tally


@dataclass(frozen=True, kw_only=True)
class Answering:
    """Tokens and cost are of all answers, whenever they were bought; seconds are of this run."""

    whole: int
    """Entries or tasks of the part, of which a trial asks some."""
    failed: int
    refused: int
    unparsed: int
    requests: int
    bought: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    seconds: float
    package: str
    data_hash: str
    errors: tuple[str, ...] = ()

    @property
    def wanted(self) -> str:
        """Say what was asked for: how many of what."""
        raise NotImplementedError

    def check(self) -> None:
        """Raise EvaluationError where something failed: it was not answered, so it is not wrong."""
        if self.failed:
            raise EvaluationError(
                f"{self.failed} of {self.wanted} were not answered ({self.errors[0]}): run it again, "
                "what was answered is journaled"
            )


def count_answering(
    rows: Sequence[Mapping[str, Any]], wanted: int, asked: Tally, others: Iterable[Tally], seconds: float
) -> dict[str, Any]:
    """Count what `Answering` holds but for the part itself.

    `asked` tells of the evaluated model's requests, `others` of those that a benchmark puts to other models.
    """
    failed = [row for row in rows if row["error_kind"] == "failed"]
    missing = wanted - len(rows)
    tallies = [asked, *others]
    costs = [tally.cost for tally in tallies]
    summed = ("requests", "bought", "input_tokens", "output_tokens")
    return {
        "failed": len(failed) + missing,
        "refused": sum(row["error_kind"] == "refused" for row in rows),
        "unparsed": asked.unparsed,
        **{name: sum(getattr(tally, name) for tally in tallies) for name in summed},
        "cost": None if None in costs else sum(cost for cost in costs if cost is not None),
        "seconds": round(seconds, 1),
        "errors": tuple(
            [row["error"] for row in failed[:3]] + ["the harness wrote nothing about some"] * bool(missing)
        ),
    }
