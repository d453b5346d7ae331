"""The Synthesizer beside the pipeline: what each way takes for a validated trajectory.

The number the paper never gave: "matches the pipeline at what share of the cost".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gem_assets.display import figures
from gem_assets.display.columns import aligned
from gem_assets.reports.queries import read_rows
from gem_assets.store.connections import attach_live, open_live
from gem_assets.store.home import Home

_SYNTHESIZED = ("synthesized_trajectories_outcomes", "validated_synthesized_trajectories_outcomes")
_PIPELINE = (
    "procedural_documents_outcomes",
    "workflows_outcomes",
    "draft_trajectories_outcomes",
    "refined_trajectories_outcomes",
    "validated_trajectories_outcomes",
)


@dataclass(frozen=True)
class Way:
    """One way from procedural documents to validated trajectories, over the shards both ways were run on."""

    way: str
    documents: int
    validated: int
    fruitful_documents: int
    missing_tool: int
    """Validated trajectories in which the assistant says that no tool serves."""
    input_tokens: int
    output_tokens: int
    seconds: float
    cost: float | None
    rejected: int
    failed: int
    commonest_reason: str

    @property
    def yield_share(self) -> float | None:
        """Documents that gave a validated trajectory, of those that were reached."""
        return self.fruitful_documents / self.documents if self.documents else None

    @property
    def missing_tool_share(self) -> float | None:
        """Of the validated trajectories; None where there is none."""
        return self.missing_tool / self.validated if self.validated else None

    def per_trajectory(self, spent: float | None) -> float | None:
        """Share what was spent among the validated trajectories; None where that says nothing."""
        return None if spent is None or not self.validated else spent / self.validated


def read_synthesis(home: Home) -> tuple[Way, ...]:
    """Read both ways out of the shard files, for it looks into dialogues; empty where no shard went both."""
    with open_live(home, _SYNTHESIZED) as connection:
        if connection.execute(f"FROM {_SYNTHESIZED[-1]} LIMIT 1").fetchone() is None:
            return ()
        attach_live(connection, home, _PIPELINE)
        return read_rows(connection, "synthesis", Way)


def synthesis_rows(ways: Sequence[Way]) -> list[tuple[str, ...]]:
    """Write both ways as the rows of one table, its header first."""
    lines: list[tuple[str, list[str]]] = [
        ("procedural documents", [figures.count(way.documents) for way in ways]),
        ("validated trajectories", [figures.count(way.validated) for way in ways]),
        ("documents that gave one", [_share(way.yield_share) for way in ways]),
        ("rejected on the way", [figures.count(way.rejected) for way in ways]),
        ("most often as", [way.commonest_reason or "-" for way in ways]),
        ("failed", [figures.count(way.failed) for way in ways]),
        ("input tokens", [figures.count(way.input_tokens) for way in ways]),
        ("output tokens", [figures.count(way.output_tokens) for way in ways]),
        ("output tokens each", [_each(way, way.output_tokens) for way in ways]),
        ("seconds of calls each", [_each(way, way.seconds, 1) for way in ways]),
        ("dollars each", [_each(way, way.cost, 4) for way in ways]),
        ("say a tool is missing", [_share(way.missing_tool_share) for way in ways]),
    ]
    return [("", *(way.way for way in ways)), *((name, *cells) for name, cells in lines)]


def synthesis_text(ways: Sequence[Way]) -> str:
    """Write both ways as a table for a terminal."""
    if not ways:
        return "No shard went both ways yet: `gem run`, then `gem synthesize`."
    return "\n".join(["each: per validated trajectory", *aligned(synthesis_rows(ways))])


def synthesis_markdown(ways: Sequence[Way]) -> str:
    """Write both ways as a table in markdown."""
    if not ways:
        return "no shard went both ways yet"
    header, *rows = synthesis_rows(ways)
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(
        ["per validated trajectory where it says each", "", *(f"| {' | '.join(line)} |" for line in lines)]
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _each(way: Way, spent: float | None, digits: int = 0) -> str:
    """Write a share of what was spent; a dash where there is no trajectory to share it."""
    share = way.per_trajectory(spent)
    if share is None:
        return "unknown" if way.validated else "-"
    return f"{share:,.{digits}f}"
