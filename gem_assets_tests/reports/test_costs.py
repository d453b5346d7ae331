from gem_assets.reports.costs.costs import Costs, Measured, ShardStage, Spent, _forecast
from gem_assets.reports.costs.text import render_costs
from gem_assets.stages.catalog import ASSETS, reads, stage_of
from gem_assets.stages.staleness import Stale

MEANS = {
    "procedural_documents": Measured("procedural_documents", 10, 0.5, 100, 10, 0.001, 0),
    "workflows": Measured("workflows", 5, 2.0, 100, 50, 0.002, 0),
    "draft_trajectories": Measured("draft_trajectories", 10, 1.0, 100, 500, None, 10),
    "refined_trajectories": Measured("refined_trajectories", 10, 0.5, 100, 500, 0.01, 0),
    "validated_trajectories": Measured("validated_trajectories", 5, 0.8, 100, 50, 0.02, 0),
}


def shard(name: str, rows: int, *written: tuple[int, int, int]) -> list[ShardStage]:
    """A shard whose first stages hold (judged, failed, kept rows)."""
    held = [*written, *[(0, 0, 0)] * (len(ASSETS) - len(written))]
    return [
        ShardStage(
            name,
            number,
            asset,
            reads(stage_of(asset)),
            asset == ASSETS[-1],
            rows,
            number < len(written),
            *held[number],
        )
        for number, asset in enumerate(ASSETS)
    ]


def never(name: str, first: int = 0) -> dict[tuple[str, str], Stale]:
    return {
        (asset, name): Stale(asset, name, "never materialised", "missing", "buy") for asset in ASSETS[first:]
    }


def test_yields_and_fan_out_carry_through_the_stages_of_a_new_shard():
    tally = _forecast(shard("a-00000", 100), MEANS, never("a-00000"))
    assert tally.inputs == {
        "procedural_documents": 100,
        "workflows": 50,
        "draft_trajectories": 100,
        "refined_trajectories": 100,
        "validated_trajectories": 50,
    }
    assert tally.trajectories == 40
    assert tally.unmeasured == set()


def test_a_shard_that_is_done_costs_nothing_more():
    held = [(100, 0, 100), (100, 0, 50), (50, 0, 90), (90, 0, 90), (90, 0, 40), (40, 0, 30)]
    assert _forecast(shard("a-00000", 100, *held), MEANS, {}).inputs == {}


def test_a_pilots_answers_are_not_counted_again():
    held = [(100, 0, 100), (20, 80, 10), (10, 0, 20), (20, 0, 20), (20, 0, 10), (10, 0, 8)]
    stale = {
        (asset, "a-00000"): Stale(asset, "a-00000", "80 inputs failed", "failed", "buy")
        for asset in ASSETS[1:]
    }
    tally = _forecast(shard("a-00000", 100, *held), MEANS, stale)
    assert tally.inputs["procedural_documents"] == 80
    assert tally.inputs["workflows"] == 40
    assert tally.trajectories == 32


def test_a_changed_prompt_asks_all_of_it_again():
    held = [(100, 0, 100), (100, 0, 50), (50, 0, 90), (90, 0, 90), (90, 0, 40), (40, 0, 30)]
    changed = Stale("validated_trajectories", "a-00000", "prompt changed", "changed", "buy")
    tally = _forecast(shard("a-00000", 100, *held), MEANS, {(changed.asset, changed.shard): changed})
    assert tally.inputs == {"validated_trajectories": 40}


def test_what_was_never_measured_is_named_and_not_guessed():
    tally = _forecast(shard("a-00000", 100), {}, never("a-00000"))
    assert tally.unmeasured == {"procedural_documents"}
    text = render_costs(Costs((), {}, (), ("procedural_documents",), 0, None))
    assert "nothing was bought" in text


def test_unknown_prices_are_unknown_and_never_nothing():
    spent = (
        Spent("workflows", "extract_workflows@1", "m", 3, 4, 300, 30, 0.5, 1, 0),
        Spent("workflows", "extract_workflows@2", "n\x1b[2J", 2, 2, 300, 30, 0.0, 2, 0),
    )
    text = render_costs(Costs(spent, MEANS, (), (), 2, None, forgotten=0.25))
    assert "$0.50 + unknown" in text
    assert "3 calls of unknown price" in text
    assert "2 validated trajectories, at least $0.25 each" in text
    assert "$0.25 for calls that were forgotten" in text
    assert "\x1b" not in text
