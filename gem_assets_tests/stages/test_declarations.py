"""What every declaration of a stage says is so, and a wrong one is one sentence."""

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest

from gem_assets.extensions import DeclarationError
from gem_assets.records.document import Document
from gem_assets.records.outcome import Reason
from gem_assets.settings import Settings
from gem_assets.stages.catalog import SYNTHESIZED, WAYS, WRITTEN, check_ways, own_stages, reads, ways_of
from gem_assets.stages.stage import Measure, Stage, Way
from gem_assets.stages.versions import version_of
from gem_assets.store.connections import column_types
from gem_assets.store.sql_files import outcome_assets, read_sql
from gem_assets.store.tables import own_columns
from gem_assets_tests.configured import configured
from gem_assets_tests.fakes import ScriptedLlm
from gem_assets_tests.recorded_answers import CHECKOUT
from gem_assets_tests.stages.chain import SETTINGS, chain, recorded_answer, status_of

STAGES = tuple(dict.fromkeys(stage for way in WAYS for stage in way.stages))
FILTER = WRITTEN.stages[1]
# Where prompts are looked for: what stands in them is part of a stage's version by itself.
NO_RESULT = {"home", "prompts"}


def named(stage: Stage) -> str:
    return stage.asset


class Watched(Settings):
    """Settings that remember which of their fields were read."""

    def __getattribute__(self, name: str) -> Any:
        if name in Settings.model_fields:
            READ.add(name)
        return super().__getattribute__(name)


READ: set[str] = set()


@pytest.mark.parametrize("is_model", [True, False])
@pytest.mark.parametrize("stage", WRITTEN.stages, ids=named)
def test_a_stage_reads_no_setting_it_does_not_declare(stage: Stage, is_model: bool):
    links = chain()
    given = status_of(links.row) if stage is WRITTEN.stages[0] else links.input_of(stage.asset)
    settings = Watched.model_validate(SETTINGS.model_dump())
    READ.clear()
    llm = ScriptedLlm(recorded_answer, is_model=is_model) if stage.role else None
    asyncio.run(stage.run(given, llm, settings))
    assert set(stage.settings) >= READ - NO_RESULT


@pytest.mark.parametrize("stage", STAGES, ids=named)
def test_a_table_holds_the_columns_a_stage_gives_and_says_what_they_are(stage: Stage):
    declared = dict(column_types(stage.table))
    assert read_sql("tables", stage.table).startswith("-- ")
    if stage.asset in chain().records:
        given = set(stage.columns(chain().records[stage.asset]))
        assert given <= {name for name, _ in own_columns(stage.table)}
    for one in stage.measures:
        assert declared[one.column] in ("INTEGER", "DOUBLE", "BIGINT")


def test_there_is_a_table_for_each_stage_and_no_other():
    assert sorted(outcome_assets()) == sorted(stage.asset for stage in STAGES)


def test_ways_share_what_they_share_and_each_has_its_own_end():
    assert [reads(stage) for stage in WRITTEN.stages] == ["raw_rows", *(s.asset for s in WRITTEN.stages[:-1])]
    assert own_stages(SYNTHESIZED) == SYNTHESIZED.stages[2:]
    assert ways_of(FILTER) == WAYS
    assert len({way.result.asset for way in WAYS}) == len(WAYS)


@pytest.mark.parametrize("stage", STAGES, ids=named)
def test_a_rejection_has_a_reason_of_its_stage(stage: Stage):
    prefixes = (stage.prefix, *stage.other_prefixes)
    assert any(str(reason).startswith(f"{prefix}_") for prefix in prefixes for reason in stage.reasons)


@pytest.mark.parametrize(
    ("stage", "sentence"),
    [
        (replace(FILTER, settings=("no_such_setting",)), "no_such_setting"),
        (replace(FILTER, measures=(Measure("words", "word_count"),)), "word_count"),
        (replace(FILTER, prefix="nobody"), "nobody_unparseable"),
        (replace(FILTER, takes=Reason), "takes Reason"),  # pyright: ignore[reportArgumentType]
        (replace(FILTER, asset=WRITTEN.stages[2].asset), "declared twice"),
    ],
    ids=["setting", "measure", "reason", "record", "asset"],
)
def test_a_wrong_declaration_is_one_sentence(stage: Stage, sentence: str):
    first, _, *others = WRITTEN.stages
    with pytest.raises(DeclarationError, match=sentence) as caught:
        check_ways([replace(WRITTEN, stages=(first, stage, *others))])
    assert "\n" not in str(caught.value)


def test_an_asset_has_one_place_on_all_ways():
    short = Way("short", "Too short.", "short", (WRITTEN.stages[0], WRITTEN.stages[-1]))
    with pytest.raises(DeclarationError, match=r"gives Document, and .* takes Trajectory"):
        check_ways([WRITTEN, short])
    other = replace(FILTER, description="Another.")
    with pytest.raises(DeclarationError, match="declared twice"):
        check_ways(
            [WRITTEN, replace(SYNTHESIZED, stages=(WRITTEN.stages[0], other, *SYNTHESIZED.stages[2:]))]
        )


@pytest.mark.parametrize("stage", STAGES, ids=named)
def test_a_version_names_what_it_is_made_of(stage: Stage):
    environment = {"GEM_MODEL": "openai/a", "GEM_SYNTHESIZER_MODEL": "openai/s"}
    version = version_of(stage, configured(SETTINGS, environment))
    parts = set(version.made_with)
    assert "code" in parts
    assert {f"prompt {name}" for name in stage.prompts} <= parts
    assert {name.split(".")[0] for name in parts if name.startswith("setting ")} == {
        f"setting {name}" for name in stage.settings
    }
    assert ("model" in parts) is (stage.role is not None)
    assert all(isinstance(value, str) for value in version.made_with.values())
    assert issubclass(stage.gives, Document) or stage.asset != "documents"


def test_no_file_lists_the_stages_by_hand():
    """A file may name a stage and the one before it, and no more."""
    names = [stage.asset for stage in STAGES if stage.asset != "documents"]
    quoted = re.compile(rf"""["'`.\s(]({"|".join(names)})(?:_outcomes)?["'`\s);,]""")
    folders = (CHECKOUT / "gem_assets", CHECKOUT / "sql")
    files = [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in (".py", ".sql", ".js", ".html")
    ]
    listing = {
        path.relative_to(CHECKOUT).as_posix()
        for path in files
        if len(set(quoted.findall(path.read_text("utf-8")))) > 2
    }
    assert len(files) > 400
    assert listing == set()
