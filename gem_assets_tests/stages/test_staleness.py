"""One change makes exactly those shards of those assets stale that it can change."""

from pathlib import Path

import pytest

from gem_assets.prompts.prompt import PROMPTS
from gem_assets.records.outcome import Failed, FailureReason
from gem_assets.settings import CorpusSettings, ExtractionSettings, RuleSettings, Settings
from gem_assets.stages.catalog import ASSETS, STAGES
from gem_assets.stages.staleness import Stale, current_code_versions, find_stale
from gem_assets.store.connections import open_memory
from gem_assets.store.home import Home
from gem_assets.store.shards import read_kept
from gem_assets.store.stage_runs import current_stage_run
from gem_assets_tests.fakes import ScriptedLlm
from gem_assets_tests.stages.chain import carry, chain, put_rows, recorded_answer, recorded_rows, serve
from gem_assets_tests.store.writing import write

SHARDS = ("demo-00000", "demo-00001")
CHANGED = "prompt, model or settings changed"
ASKING = ASSETS[1:]
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
    return find_stale(settings, environment or {}, shards)


def expected(*changed: str, shards: tuple[str, ...] = SHARDS, reason: str = CHANGED) -> list[Stale]:
    """The changed assets for that reason, and what stands on the nearest stale one before it."""
    found: list[Stale] = []
    for shard in shards:
        before = None
        for asset in ASSETS:
            if asset in changed:
                found.append(Stale(asset, shard, reason))
                before = asset
            elif before is not None:
                found.append(Stale(asset, shard, f"{before} is stale"))
                before = asset
    return found


def test_nothing_is_stale_after_everything_was_made(unchanged: Settings):
    assert stale(unchanged) == []


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.asset)
def test_a_prompt_makes_its_own_asset_stale_and_what_stands_on_it(
    unchanged: Settings, stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    text = (PROMPTS / f"{stage.prompt}.md").read_text("utf-8")
    (tmp_path / f"{stage.prompt}.md").write_text(text + "\nBe brief.\n", "utf-8")
    monkeypatch.setenv("GEM_PROMPTS", str(tmp_path))
    assert stale(unchanged) == expected(stage.asset)


def test_the_prompt_of_the_repair_turn_makes_every_asking_asset_stale(
    unchanged: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "repair_answer.md").write_text("Wrong: $problem")
    monkeypatch.setenv("GEM_PROMPTS", str(tmp_path))
    assert stale(unchanged) == expected(*ASKING)


@pytest.mark.parametrize("text", [None, "same"])
def test_a_directory_of_prompts_that_changes_none_makes_nothing_stale(
    unchanged: Settings, text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    if text:
        original = (PROMPTS / "filter_document.md").read_bytes()
        (tmp_path / "filter_document.md").write_bytes(original)
    monkeypatch.setenv("GEM_PROMPTS", str(tmp_path))
    assert stale(unchanged) == []


@pytest.mark.parametrize(
    ("environment", "changed"),
    [
        ({"GEM_FILTER_MODEL": "openai/a"}, ("procedural_documents",)),
        ({"GEM_TEACHER_MODEL": "openai/a"}, TEACHER),
        ({"GEM_JUDGE_MODEL": "openai/a"}, ("validated_trajectories",)),
        ({"GEM_MODEL": "openai/a"}, ASKING),
        ({"GEM_POLICY_MODEL": "openai/a"}, ()),
        ({"GEM_API_KEY": "a key that nobody has"}, ()),
        ({"GEM_CONCURRENCY": "3"}, ()),
    ],
)
def test_a_model_makes_the_assets_of_its_role_stale(
    unchanged: Settings, environment: dict[str, str], changed: tuple[str, ...]
):
    assert stale(unchanged, environment) == expected(*changed)


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
    before, after = (current_code_versions(unchanged, given | more) for more in ({}, change))
    assert all((before[asset] == after[asset]) is same for asset in ASKING)
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
    assert stale(unchanged.model_copy(update=changes)) == expected(*changed)


@pytest.mark.parametrize("asset", ASSETS[:-1])
def test_a_shard_that_holds_other_rows_makes_the_next_asset_of_this_shard_stale(
    settings: Settings, carried: Home, asset: str
):
    run = current_stage_run(carried, asset, SHARDS[0])
    assert run is not None
    same = {name: getattr(run, name) for name in ("code_version", "input_version", "model")}
    write(carried, [], asset, "later", shard=SHARDS[0], **same)
    following = ASSETS[ASSETS.index(asset) + 1]
    assert stale(settings) == expected(following, shards=SHARDS[:1], reason="its input changed")


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
    assert first == Stale(asset, SHARDS[1], "never materialised")
    following = ASSETS[ASSETS.index(asset) + 1 :]
    assert [(item.asset, item.shard) for item in others] == [(name, SHARDS[1]) for name in following]


def test_new_text_makes_its_own_shard_stale_and_the_shard_whose_text_it_supersedes(
    settings: Settings, carried: Home
):
    rows = list(recorded_rows().values())
    changed = rows[0].model_copy(update={"text": rows[0].text + "\n\nOpen on Sundays too."})
    put_rows(carried, [changed.model_copy(update={"version": 2})], first=2)
    found = stale(settings, shards=(*SHARDS, "demo-00002"))
    assert found[:6] == expected("documents", shards=SHARDS[:1], reason="its input changed")
    assert found[6:] == [Stale(asset, "demo-00002", "never materialised") for asset in ASSETS]


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
    same = {name: getattr(run, name) for name in ("code_version", "input_version", "model")}
    outcomes = [(given, Failed(FailureReason.TIMEOUT, "slow")) for given in inputs]
    write(carried, outcomes, "validated_trajectories", "broke", shard=SHARDS[0], **same)
    assert stale(settings) == [Stale("validated_trajectories", SHARDS[0], "2 inputs failed")]


def test_only_the_shards_and_assets_asked_for_are_looked_at(unchanged: Settings):
    changed = unchanged.model_copy(update={"corpus": CorpusSettings(minimum_characters=101)})
    found = find_stale(changed, {}, SHARDS[:1], until="workflows")
    assert [item.asset for item in found] == ["documents", "procedural_documents", "workflows"]
    assert {item.shard for item in found} == {SHARDS[0]}
