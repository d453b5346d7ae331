"""`gem cost` on a terminal. Does not belong here: the reckoning (`costs.py`)."""

from collections.abc import Sequence

from gem_assets.display import figures
from gem_assets.display.columns import aligned
from gem_assets.display.visible import plain
from gem_assets.reports.costs.costs import Costs, Expected, Spent

ASSUMPTIONS = (
    "assumes what was measured so far: yield, fan-out, tokens and cost per judged input, failures left out;",
    "that the documents to come are like those, and that no answer is in the journal yet (such cost nothing)",
)


def render_costs(costs: Costs) -> str:
    """Tell what was spent, what a trajectory cost, and what is still to come."""
    return "\n".join([*_spent(costs), "", *_forecast(costs)])


def _spent(costs: Costs) -> list[str]:
    if not costs.spent:
        return ["nothing was bought: no call stands in the journal"]
    header = ("stage", "prompt", "model", "calls", "tokens in", "out", "unreadable", "cost")
    cells = [header, *map(_spent_cells, costs.spent)]
    total = sum(line.cost for line in costs.spent)
    unpriced = sum(line.unpriced for line in costs.spent)
    lines = ["spent, each call once", *aligned(cells, left=(0, 1, 2))]
    lines.append(
        f"in all {figures.money(total)} for {figures.things(sum(s.calls for s in costs.spent), 'call')}"
    )
    if unpriced:
        lines.append(
            f"and {figures.things(unpriced, 'call')} of unknown price: set GEM_INPUT_PRICE and "
            "GEM_OUTPUT_PRICE, US dollars per million tokens"
        )
    if costs.forgotten > 1e-9:
        lines.append(f"and {figures.money(costs.forgotten)} for calls that were forgotten since")
    if costs.trajectories:
        per = total / costs.trajectories
        known = "" if not unpriced else " at least"
        lines.append(
            f"{figures.things(costs.trajectories, 'validated trajectory')},{known} {figures.money(per)} each"
        )
    return lines


def _spent_cells(line: Spent) -> tuple[str, ...]:
    cost = figures.money(line.cost)
    if line.unpriced:
        cost = figures.UNKNOWN if line.unpriced == line.calls else f"{cost} + unknown"
    return (
        line.stage,
        line.prompt_version,
        plain(line.model),
        figures.count(line.calls),
        figures.compact(line.input_tokens),
        figures.compact(line.output_tokens),
        figures.count(line.unreadable),
        cost,
    )


def _forecast(costs: Costs) -> list[str]:
    if not costs.forecast:
        return ["nothing is left to buy"]
    header = ("stage", "inputs", "tokens in", "out", "cost")
    lines = ["still to run", *aligned([header, *map(_expected_cells, costs.forecast)])]
    if costs.unmeasured:
        return [
            *lines,
            f"not measured yet, so not forecast: {', '.join(costs.unmeasured)} and what follows; "
            "`gem run --limit 20` measures",
        ]
    return [*lines, _sum(costs.forecast, costs.expected_trajectories), *ASSUMPTIONS]


def _expected_cells(expected: Expected) -> tuple[str, ...]:
    tokens = [
        figures.NONE if value is None else figures.compact(round(value))
        for value in (expected.input_tokens, expected.output_tokens)
    ]
    measured = expected.input_tokens is not None
    cost = figures.money(expected.cost) if measured else figures.NONE
    return (expected.asset, figures.count(round(expected.inputs)), *tokens, cost)


def _sum(forecast: Sequence[Expected], trajectories: float | None) -> str:
    costs = [expected.cost for expected in forecast]
    known = [cost for cost in costs if cost is not None]
    total = figures.money(sum(known)) if len(known) == len(costs) else figures.UNKNOWN
    kept = f", some {figures.count(round(trajectories))} validated trajectories" if trajectories else ""
    return f"in all {total}{kept}"
