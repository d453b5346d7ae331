"""Ways to a trajectory side by side: what each takes for one that is validated.

For the Synthesizer's it is the number the paper never gave: "matches the pipeline at what share of the cost".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gem_assets.display import figures
from gem_assets.display.columns import aligned
from gem_assets.reports.queries import read_rows
from gem_assets.store.connections import attach_live, open_memory
from gem_assets.store.home import Home


@dataclass(frozen=True)
class WayFigures:
    """One way, from what it shares with another to validated trajectories, over the shards of both."""

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


WayPair = tuple[WayFigures, WayFigures]
"""The default way, and another one."""


def read_ways(home: Home) -> tuple[WayPair, ...]:
    """Compare each way with the default one, out of the shard files, for it looks into dialogues.

    Ways that share no shard with the default one are left out.
    """
    pairs: list[WayPair] = []
    with open_memory() as connection:
        attach_live(connection, home)
        # The first stage of all is part of every way; the default way is named first.
        found = connection.execute("SELECT ways FROM stages ORDER BY number LIMIT 1").fetchone()
        for way in found[0][1:] if found else ():
            rows = read_rows(connection, "ways", WayFigures, {"way": way})
            if len(rows) == 2:
                pairs.append((rows[0], rows[1]))
    return tuple(pairs)


def way_rows(ways: WayPair) -> list[tuple[str, ...]]:
    """Write two ways as the rows of one table, its header first."""
    lines: list[tuple[str, list[str]]] = [
        ("shared inputs", [figures.count(way.documents) for way in ways]),
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


def ways_text(pairs: Sequence[WayPair]) -> str:
    """Write each pair of ways as a table for a terminal."""
    if not pairs:
        return "No shard went two ways yet: `gem run`, then `gem synthesize`."
    return "\n\n".join(
        "\n".join(["each: per validated trajectory", *aligned(way_rows(pair))]) for pair in pairs
    )


def ways_markdown(pairs: Sequence[WayPair]) -> str:
    """Write each pair of ways as a table in markdown."""
    if not pairs:
        return "no shard went two ways yet"
    return "\n\n".join(map(_markdown, pairs))


def _markdown(pair: WayPair) -> str:
    header, *rows = way_rows(pair)
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(
        ["per validated trajectory where it says each", "", *(f"| {' | '.join(line)} |" for line in lines)]
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _each(way: WayFigures, spent: float | None, digits: int = 0) -> str:
    """Write a share of what was spent; a dash where there is no trajectory to share it."""
    share = way.per_trajectory(spent)
    if share is None:
        return "unknown" if way.validated else "-"
    return f"{share:,.{digits}f}"
