"""Which shards are not what today's text, prompts, models and settings would make of them, and why.

`stage_runs` says what each shard was really made with; this compares it with what would be used now.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gem_assets.configuration import RunConfiguration
from gem_assets.llm.roles import OFFLINE_MODEL, ConfigurationError
from gem_assets.stages.catalog import DEFAULT_WAY, STAGES, WAYS, own_stages, reads, stage_of
from gem_assets.stages.stage import RAW_ROWS, Stage
from gem_assets.stages.versions import PROMPT, StageVersion, asks_anew, describe_difference, version_of
from gem_assets.store.home import Home
from gem_assets.store.raw_versions import raw_versions
from gem_assets.store.stage_runs import StageRun, current_stage_run

Cause = Literal["missing", "changed", "input", "upstream", "failed"]
Work = Literal["derive", "depends", "buy"]
"""What redoing it takes: nothing, for no model is asked or its answers are in the journal; nothing as far as
what is asked stays the same, which `rehearsal.settle` finds out; or answers that must be bought."""


@dataclass(frozen=True)
class Stale:
    """A shard of an asset that should be materialised, and why."""

    asset: str
    shard: str
    reason: str
    cause: Cause
    work: Work


def find_stale(
    configuration: RunConfiguration, shards: Sequence[str], until: str | None = None
) -> list[Stale]:
    """List what is missing, changed or unfinished, shard by shard, in the order of the stages.

    What stands on something stale is listed too: it will read new input. A way beside the default one is
    looked at where it was taken before and a model fills its roles. `until` names the last asset to look at.
    """
    wanted = chain_to(until) if until else STAGES
    versions = current_versions(configuration, wanted if until else DEFAULT_WAY.stages)
    home = configuration.home
    raw = raw_versions(home, shards)
    return [
        stale
        for shard in shards
        for stale in _of_shard(home, shard, raw[shard], _followed(home, shard, wanted, until), versions)
    ]


def current_versions(
    configuration: RunConfiguration, needed: Sequence[Stage] = DEFAULT_WAY.stages
) -> dict[str, StageVersion]:
    """Name, per asset, what a run started now would use; others whose role has no model are left out.

    Raises:
        ConfigurationError: a variable of a role of one of the stages that are `needed` is wrong.
    """
    versions: dict[str, StageVersion] = {}
    for stage in STAGES:
        try:
            versions[stage.asset] = version_of(stage, configuration)
        except ConfigurationError:
            if stage in needed:
                raise
    return versions


def chain_to(asset: str) -> tuple[Stage, ...]:
    """Give the stages from the first one to the one that makes an asset."""
    chain = [stage_of(asset)]
    while (upstream := reads(chain[0])) != RAW_ROWS:
        chain.insert(0, stage_of(upstream))
    return tuple(chain)


def _followed(home: Home, shard: str, wanted: Sequence[Stage], until: str | None) -> list[Stage]:
    """Leave out the own stages of other ways that were never taken on a shard, unless they are asked for."""
    left_out: set[str] = set()
    for way in WAYS:
        own = own_stages(way)
        asked_for = way is DEFAULT_WAY or any(stage.asset == until for stage in own)
        if not asked_for and all(current_stage_run(home, stage.asset, shard) is None for stage in own):
            left_out |= {stage.asset for stage in own}
    return [stage for stage in wanted if stage.asset not in left_out]


def _of_shard(
    home: Home, shard: str, raw_version: str, stages: Sequence[Stage], versions: Mapping[str, StageVersion]
) -> Iterator[Stale]:
    data_versions = {RAW_ROWS: raw_version}
    found: dict[str, Stale] = {}
    for stage in stages:
        upstream, version = reads(stage), versions.get(stage.asset)
        if version is None or upstream not in data_versions:
            continue  # no model fills its role, or that of a stage before it
        run = current_stage_run(home, stage.asset, shard)
        data_versions[stage.asset] = run.data_version if run else ""
        stale = _judge(stage, shard, run, version, data_versions[upstream])
        if stale is None and upstream in found:
            work = _work(version, "depends")
            stale = Stale(stage.asset, shard, f"{upstream} is stale", "upstream", work)
        if stale is not None:
            found[stage.asset] = stale
            yield stale


def _judge(
    stage: Stage, shard: str, run: StageRun | None, version: StageVersion, input_version: str
) -> Stale | None:
    if run is None:
        return Stale(stage.asset, shard, "never materialised", "missing", _work(version, "buy"))
    if run.code_version != version.code_version:
        reason, bought = _change(run, version)
        return Stale(stage.asset, shard, reason, "changed", _work(version, "buy" if bought else "depends"))
    if run.input_version != input_version:
        return Stale(stage.asset, shard, "its input changed", "input", _work(version, "depends"))
    if run.failed:
        return Stale(stage.asset, shard, f"{run.failed} inputs failed", "failed", _work(version, "buy"))
    return None


def _change(run: StageRun, version: StageVersion) -> tuple[str, bool]:
    """Say what is different from what made a shard, and whether the model is asked something new."""
    if run.made_with:
        difference = describe_difference(run.made_with, version.made_with)
        return difference, asks_anew(run.made_with, version.made_with)
    # Written before runs told what they were made with: prompts and model are all that is known.
    prompts = {value for name, value in version.made_with.items() if name.startswith(PROMPT)}
    bought = run.model != version.model or not set(run.prompt_versions) <= prompts
    return "made by an earlier version of gem_assets", bought


def _work(version: StageVersion, work: Work) -> Work:
    """A stage that asks no paid model buys nothing."""
    return "derive" if version.model in (None, OFFLINE_MODEL) else work


WORK_WORDS: dict[Work, str] = {
    "derive": "derive again",
    "depends": "derive again, buy what is asked otherwise",
    "buy": "buy",
}


def summarise_stale(found: Sequence[Stale]) -> str:
    """Count what is stale by what redoing it takes."""
    counts = Counter(item.work for item in found)
    parts = [f"{counts[work]} to {words}" for work, words in WORK_WORDS.items() if counts[work]]
    return f"{len(found)} stale" + (f": {', '.join(parts)}" if parts else "")
