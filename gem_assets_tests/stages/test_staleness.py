"""One change makes exactly those shards of those assets stale that it can change."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from gem_assets.prompts.prompt import PROMPTS
from gem_assets.records.outcome import Failed, FailureReason, Kept
from gem_assets.records.provenance import Provenance
from gem_assets.settings import CorpusSettings, ExtractionSettings, RuleSettings, Settings
from gem_assets.stages.catalog import ASSETS
from gem_assets.stages.staleness import Stale, Work, current_versions, find_stale
from gem_assets.store.connections import open_memory
from gem_assets.store.home import Home
from gem_assets.store.shards import read_kept
from gem_assets.store.stage_runs import current_stage_run
from gem_assets_tests.configured import configured
from gem_assets_tests.fakes import ScriptedLlm
from gem_assets_tests.stages.chain import (
    ASKING,
    carry,
    chain,
    put_rows,
    recorded_answer,
    recorded_rows,
    serve,
)
from gem_assets_tests.store.writing import write

SHARDS = ("demo-00000", "demo-00001")
WRITING = ("draft_trajectories", "refined_trajectories", "validated_trajectories")
TEACHER = ("workflows", "draft_trajectories", "refined_trajectories")


@pytest.fixture
def settings(carried: Home) -> Settings:
    return Settings(home=carried.root)


@pytest.fixture
def unchanged(carried_once: Path) -> Settings:
    """Settings of a home that the test does not write to."""
    return Settings(home=carried_once)


def stale(
    settings: Settings,
    environment: dict[str, str] | None = None,
    shards: tuple[str, ...] = SHARDS,
) -> list[Stale]:
    return find_stale(configured(settings, environment), shards)


def pieces(found: Sequence[Stale]) -> list[tuple[str, str, str]]:
    """Asset, shard, and why: what is stale itself for any cause, what stands on it by what it stands on."""
    return [
        (item.asset, item.shard, item.reason if item.cause == "upstream" else item.cause) for item in found
    ]


def expected(
    *changed: str, shards: tuple[str, ...] = SHARDS, cause: str = "changed"
) -> list[tuple[str, str, str]]:
    """The changed assets for that cause, and what stands on the nearest stale one before it."""
    found: list[tuple[str, str, str]] = []
    for shard in shards:
        before = None
        for asset in ASSETS:
            if asset in changed:
                found.append((asset, shard, cause))
                before = asset
            elif before is not None:
                found.append((asset, shard, f"{before} is stale"))
                before = asset
    return found


def test_nothing_is_stale_after_everything_was_made(unchanged: Settings):
    assert stale(unchanged) == []


@pytest.mark.parametrize("stage", ASKING, ids=lambda stage: stage.asset)
def test_a_prompt_makes_its_own_asset_stale_and_what_stands_on_it(
    unchanged: Settings, stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    text = (PROMPTS / f"{stage.prompts[0]}.md").read_text("utf-8")
    (tmp_path / f"{stage.prompts[0]}.md").write_text(text + "\nBe brief.\n", "utf-8")
    assert pieces(stale(unchanged.model_copy(update={"prompts": tmp_path}))) == expected(stage.asset)


def test_the_prompt_of_the_repair_turn_makes_every_asking_asset_stale(
    unchanged: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "repair_answer.md").write_text("Wrong: $problem")
    assert pieces(stale(unchanged.model_copy(update={"prompts": tmp_path}))) == expected(*ASSETS[1:])


@pytest.mark.parametrize("text", [None, "same"])
def test_a_directory_of_prompts_that_changes_none_makes_nothing_stale(
    unchanged: Settings, text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    if text:
        original = (PROMPTS / "filter_document.md").read_bytes()
        (tmp_path / "filter_document.md").write_bytes(original)
    assert stale(unchanged.model_copy(update={"prompts": tmp_path})) == []


@pytest.mark.parametrize(
    ("environment", "changed"),
    [
        ({"GEM_FILTER_MODEL": "openai/a"}, ("procedural_documents",)),
        ({"GEM_TEACHER_MODEL": "openai/a"}, TEACHER),
        ({"GEM_JUDGE_MODEL": "openai/a"}, ("validated_trajectories",)),
        ({"GEM_MODEL": "openai/a"}, ASSETS[1:]),
        ({"GEM_POLICY_MODEL": "openai/a"}, ()),
        ({"GEM_API_KEY": "a key that nobody has"}, ()),
        ({"GEM_CONCURRENCY": "3"}, ()),
    ],
)
def test_a_model_makes_the_assets_of_its_role_stale(
    unchanged: Settings, environment: dict[str, str], changed: tuple[str, ...]
):
    assert pieces(stale(unchanged, environment)) == expected(*changed)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"GEM_MODEL": "openai/b"}, False),
        ({"GEM_TEMPERATURE": "0.1"}, False),
        ({"GEM_MAX_TOKENS": "99"}, False),
        ({"GEM_BASE_URL": "http://127.0.0.1:1/v1"}, True),
        ({"GEM_TIMEOUT_SECONDS": "7"}, True),
        ({"GEM_API_KEY": "another key that nobody has"}, True),
    ],
)
def test_sampling_counts_and_the_way_to_the_server_does_not(
    unchanged: Settings, change: dict[str, str], same: bool
):
    given = {"GEM_MODEL": "openai/a"}
    before, after = (current_versions(configured(unchanged, given | more)) for more in ({}, change))
    assert all((before[asset] == after[asset]) is same for asset in ASSETS[1:])
    assert before["documents"] == after["documents"]


@pytest.mark.parametrize(
    ("changes", "changed"),
    [
        ({"corpus": CorpusSettings(minimum_characters=101)}, ("documents",)),
        ({"corpus": CorpusSettings(maximum_characters=39_999)}, ("documents",)),
        ({"extraction": ExtractionSettings(minimum_steps=3)}, ("workflows",)),
        ({"extraction": ExtractionSettings(maximum_workflows=2)}, ("workflows",)),
        ({"trajectory_language": "source"}, WRITING),
        ({"judge_samples": 2}, ("validated_trajectories",)),
        ({"rules": RuleSettings(minimum_calls=9)}, ("refined_trajectories", "validated_trajectories")),
        ({"maximum_failed": 1.0}, ()),
        ({"shard_size": 7}, ()),
    ],
)
def test_a_setting_makes_the_assets_stale_that_read_it(
    unchanged: Settings, changes: dict[str, object], changed: tuple[str, ...]
):
    assert pieces(stale(unchanged.model_copy(update=changes))) == expected(*changed)


@pytest.mark.parametrize("asset", ASSETS[:-1])
def test_a_shard_that_holds_other_rows_makes_the_next_asset_of_this_shard_stale(
    settings: Settings, carried: Home, asset: str
):
    run = current_stage_run(carried, asset, SHARDS[0])
    assert run is not None
    same = {name: getattr(run, name) for name in ("code_version", "made_with", "input_version", "model")}
    write(carried, [], asset, "later", shard=SHARDS[0], **same)
    following = ASSETS[ASSETS.index(asset) + 1]
    assert pieces(stale(settings)) == expected(following, shards=SHARDS[:1], cause="input")


def test_a_shard_that_was_made_again_and_holds_the_same_makes_nothing_stale(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    serve(monkeypatch, ScriptedLlm(recorded_answer))
    carry(settings, SHARDS[0], "again")
    assert stale(settings) == []


@pytest.mark.parametrize("asset", ASSETS)
def test_a_shard_that_was_never_made_is_stale(settings: Settings, carried: Home, asset: str):
    carried.shard_file(f"{asset}_outcomes", SHARDS[1]).unlink()
    first, *others = stale(settings)
    assert (first.asset, first.shard, first.cause) == (asset, SHARDS[1], "missing")
    following = ASSETS[ASSETS.index(asset) + 1 :]
    assert [(item.asset, item.shard) for item in others] == [(name, SHARDS[1]) for name in following]


def test_new_text_makes_its_own_shard_stale_and_the_shard_whose_text_it_supersedes(
    settings: Settings, carried: Home
):
    rows = list(recorded_rows().values())
    changed = rows[0].model_copy(update={"text": rows[0].text + "\n\nOpen on Sundays too."})
    put_rows(carried, [changed.model_copy(update={"version": 2})], first=2)
    found = stale(settings, shards=(*SHARDS, "demo-00002"))
    assert pieces(found[:6]) == expected("documents", shards=SHARDS[:1], cause="input")
    assert pieces(found[6:]) == [(asset, "demo-00002", "missing") for asset in ASSETS]


def test_text_that_repeats_nothing_leaves_other_shards_as_they_are(settings: Settings, carried: Home):
    new = next(iter(recorded_rows().values())).model_copy(update={"document_id": "new", "text": "New. " * 50})
    put_rows(carried, [new], first=2)
    assert stale(settings) == []


def test_a_shard_with_failures_is_stale_until_they_are_judged(settings: Settings, carried: Home):
    run = current_stage_run(carried, "validated_trajectories", SHARDS[0])
    assert run is not None
    with open_memory() as connection:
        kind = type(chain().refined)
        inputs = read_kept(connection, carried, "refined_trajectories", SHARDS[0], kind)
    same = {name: getattr(run, name) for name in ("code_version", "made_with", "input_version", "model")}
    outcomes = [(given, Failed(FailureReason.TIMEOUT, "slow")) for given in inputs]
    write(carried, outcomes, "validated_trajectories", "broke", shard=SHARDS[0], **same)
    [broke] = stale(settings)
    assert pieces([broke]) == [("validated_trajectories", SHARDS[0], "failed")]
    assert broke.reason == "2 inputs failed"


def test_only_the_shards_and_assets_asked_for_are_looked_at(unchanged: Settings):
    changed = unchanged.model_copy(update={"corpus": CorpusSettings(minimum_characters=101)})
    found = find_stale(configured(changed), SHARDS[:1], until="workflows")
    assert [item.asset for item in found] == ["documents", "procedural_documents", "workflows"]
    assert {item.shard for item in found} == {SHARDS[0]}


MODEL = {"GEM_MODEL": "openai/a"}


@pytest.fixture
def modelled(carried: Home, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home whose shards a paid model has made."""
    serve(monkeypatch, ScriptedLlm(recorded_answer))
    settings = Settings(home=carried.root)
    for shard in SHARDS:
        carry(settings, shard, "paid", environment=MODEL)
    assert stale(settings, MODEL) == []
    return settings


def work(found: Sequence[Stale]) -> dict[str, set[Work]]:
    return {asset: {item.work for item in found if item.asset == asset} for asset in ASSETS}


def test_a_changed_prompt_or_model_is_bought_and_what_stands_on_it_as_far_as_it_changes(modelled: Settings):
    found = work(stale(modelled, {**MODEL, "GEM_TEACHER_MODEL": "openai/b"}))
    assert found["procedural_documents"] == set()
    assert found["workflows"] == found["draft_trajectories"] == found["refined_trajectories"] == {"buy"}
    assert found["validated_trajectories"] == {"depends"}


def test_a_changed_setting_is_derived_again_as_far_as_it_changes_no_question(modelled: Settings):
    changed = modelled.model_copy(update={"extraction": ExtractionSettings(minimum_steps=3)})
    found = stale(changed, MODEL)
    assert work(found)["workflows"] == {"depends"}
    assert work(found)["draft_trajectories"] == {"depends"}
    assert found[0].reason == "setting extraction.minimum_steps changed from 2 to 3"


def test_a_changed_prompt_is_named_with_both_versions(modelled: Settings, tmp_path: Path):
    text = (PROMPTS / "judge_trajectory.md").read_text("utf-8")
    (tmp_path / "judge_trajectory.md").write_text(text + "\nBe brief.\n", "utf-8")
    found = stale(modelled.model_copy(update={"prompts": tmp_path}), MODEL)
    assert {item.work for item in found} == {"buy"}
    assert re.fullmatch(
        r"prompt judge_trajectory changed from judge_trajectory@\w+ to judge_trajectory@\w+", found[0].reason
    )


def test_what_the_baseline_generator_made_is_never_bought(unchanged: Settings):
    assert {item.work for item in stale(unchanged.model_copy(update={"trajectory_language": "source"}))} == {
        "derive"
    }


def test_a_run_that_does_not_say_what_it_was_made_with_is_compared_by_prompt_and_model(
    modelled: Settings, carried: Home
):
    run = current_stage_run(carried, "validated_trajectories", SHARDS[0])
    assert run is not None
    old = {"code_version": "of another version", "made_with": {}, "input_version": run.input_version}
    with open_memory() as connection:
        inputs = read_kept(connection, carried, "refined_trajectories", SHARDS[0], type(chain().refined))
    spent = Provenance(prompt_version=run.prompt_versions[0])
    outcomes = [(given, Kept((given.record,), spent)) for given in inputs]
    for model, expected_work in ((run.model, "depends"), ("openai/other", "buy")):
        write(carried, outcomes, "validated_trajectories", "old", shard=SHARDS[0], model=model, **old)
        [found] = stale(modelled, MODEL)
        assert (found.reason, found.work) == ("made by an earlier version of gem_assets", expected_work)


def test_another_way_is_looked_at_where_it_was_taken_and_a_model_fills_its_role(
    modelled: Settings, carried: Home
):
    synthesizer = {**MODEL, "GEM_SYNTHESIZER_MODEL": "openai/s"}
    assert stale(modelled, synthesizer) == []
    asked_for = find_stale(configured(modelled, synthesizer), SHARDS[:1], until="synthesized_trajectories")
    assert [(item.asset, item.cause) for item in asked_for] == [("synthesized_trajectories", "missing")]
    write(carried, [], "synthesized_trajectories", "taken", shard=SHARDS[0])
    assert stale(modelled, MODEL) == []
    found = [item.asset for item in stale(modelled, synthesizer)]
    assert found == ["synthesized_trajectories", "validated_synthesized_trajectories"]
