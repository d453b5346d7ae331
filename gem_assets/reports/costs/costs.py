"""What the models cost so far, and what the shards that are not done yet would cost. Pure but for reading.

Real spending is the journal's: each call once. Does not belong here: how it is written (`text.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gem_assets.reports.queries import rows_of
from gem_assets.stages.staleness import Stale
from gem_assets.store.connections import Connection


@dataclass(frozen=True)
class Spent:
    """One stage under one prompt with one model. `cost` is the priced part, `unpriced` counts the rest."""

    stage: str
    prompt_version: str
    model: str
    calls: int
    answers: int
    input_tokens: int
    output_tokens: int
    cost: float
    unpriced: int
    unreadable: int


@dataclass(frozen=True)
class Measured:
    """Means over the inputs of a stage that a model judged; cost is None where none had a price."""

    asset: str
    inputs: int
    kept_children: float
    input_tokens: float
    output_tokens: float
    cost: float | None
    unpriced: int


@dataclass(frozen=True)
class ShardStage:
    """What a shard holds of a stage."""

    shard: str
    number: int
    asset: str
    reads: str
    ends_way: bool
    row_count: int
    written: bool
    judged: int
    failed: int
    kept_rows: int


@dataclass(frozen=True)
class Expected:
    """What is still to be asked at a stage, and what that would take. A cost of None is unknown."""

    asset: str
    inputs: float
    input_tokens: float | None
    output_tokens: float | None
    cost: float | None


@dataclass(frozen=True)
class Costs:
    """All that `gem cost` says. `unmeasured` stages keep the forecast from going further."""

    spent: tuple[Spent, ...]
    measured: Mapping[str, Measured]
    forecast: tuple[Expected, ...]
    unmeasured: tuple[str, ...]
    trajectories: int
    expected_trajectories: float | None
    forgotten: float = 0.0
    """US dollars of calls that were taken out of the journal."""


@dataclass
class _Tally:
    inputs: dict[str, float] = field(default_factory=dict)
    unmeasured: set[str] = field(default_factory=set)
    trajectories: float = 0.0


def read_costs(connection: Connection, stale: Sequence[Stale], spent_for_good: float) -> Costs:
    """Read what was spent and forecast what `stale` would take; the connection sees the live tables."""
    spent = tuple(Spent(**row) for row in rows_of(connection, "cost_spent"))
    measured = {row["asset"]: Measured(**row) for row in rows_of(connection, "cost_measured")}
    shards = [ShardStage(**row) for row in rows_of(connection, "cost_shards")]
    kept = connection.execute(
        "SELECT count(*) FROM outcomes WHERE outcome = 'kept' "
        "AND asset IN (SELECT asset FROM stages WHERE ends_way) "
        "AND generator IS DISTINCT FROM 'offline/procedural'"
    ).fetchone()
    tally = _forecast(shards, measured, {(item.asset, item.shard): item for item in stale})
    return Costs(
        spent=spent,
        measured=measured,
        forecast=tuple(_expected(asset, inputs, measured) for asset, inputs in tally.inputs.items()),
        unmeasured=tuple(sorted(tally.unmeasured)),
        trajectories=int(kept[0]) if kept else 0,
        expected_trajectories=None if tally.unmeasured else tally.trajectories,
        forgotten=max(0.0, spent_for_good - sum(line.cost for line in spent)),
    )


def _forecast(
    shards: Sequence[ShardStage], measured: Mapping[str, Measured], stale: Mapping[tuple[str, str], Stale]
) -> _Tally:
    """Follow each shard through the stages; `expected` holds how many records each asset will have kept."""
    tally = _Tally()
    expected: dict[tuple[str, str], float] = {}
    for place in shards:
        key = (place.shard, place.asset)
        if place.reads == "raw_rows":
            expected[key] = float(place.kept_rows if place.written else place.row_count)
            continue
        item = stale.get((place.asset, place.shard))
        if item is None:
            expected[key] = float(place.kept_rows)
            continue
        free = 0 if item.cause == "changed" and item.work != "derive" else place.judged
        pending = max(0.0, expected.get((place.shard, place.reads), 0.0) - free)
        if pending:
            tally.inputs[place.asset] = tally.inputs.get(place.asset, 0.0) + pending
        if pending and place.asset not in measured:
            tally.unmeasured.add(place.asset)
        kept = measured[place.asset].kept_children if place.asset in measured else 0.0
        expected[key] = (place.kept_rows if free else 0) + pending * kept
        if place.ends_way:
            tally.trajectories += pending * kept
    return tally


def _expected(asset: str, inputs: float, measured: Mapping[str, Measured]) -> Expected:
    mean = measured.get(asset)
    if mean is None:
        return Expected(asset, inputs, None, None, None)
    cost = None if mean.cost is None else inputs * mean.cost
    return Expected(asset, inputs, inputs * mean.input_tokens, inputs * mean.output_tokens, cost)
