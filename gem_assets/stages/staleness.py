"""Which shards are not what today's text, prompts, models and settings would make of them, and why.

`stage_runs` says what each shard was really made with; this compares it with what would be used now.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gem_assets.configuration import RunConfiguration
from gem_assets.stages.catalog import (
    ASSETS,
    STAGES,
    code_version,
    documents_code_version,
    model_identity,
)
from gem_assets.store.home import Home
from gem_assets.store.raw_versions import raw_versions
from gem_assets.store.stage_runs import StageRun, current_stage_run


@dataclass(frozen=True)
class Stale:
    """A shard of an asset that should be materialised, and why."""

    asset: str
    shard: str
    reason: str


def find_stale(
    configuration: RunConfiguration, shards: Sequence[str], until: str = ASSETS[-1]
) -> list[Stale]:
    """List what is missing, changed or unfinished, shard by shard, in the order of the stages.

    What stands on something stale is listed too: it will read new input.
    """
    versions = current_code_versions(configuration)
    wanted = ASSETS[: ASSETS.index(until) + 1]
    home = configuration.home
    raw = raw_versions(home, shards)
    return [stale for shard in shards for stale in _of_shard(home, shard, raw[shard], wanted, versions)]


def current_code_versions(configuration: RunConfiguration) -> dict[str, str]:
    """Hash, per asset, what a run started now would use."""
    settings, models = configuration.settings, configuration.models
    asking = {stage.asset: code_version(stage, model_identity(stage, models), settings) for stage in STAGES}
    return {"documents": documents_code_version(settings)} | asking


def _of_shard(
    home: Home, shard: str, input_version: str, wanted: Sequence[str], versions: dict[str, str]
) -> Iterator[Stale]:
    upstream = None
    for asset in wanted:
        run = current_stage_run(home, asset, shard)
        reason = _reason(run, versions[asset], input_version)
        if reason is None and upstream is not None:
            reason = f"{upstream} is stale"
        if reason is not None:
            yield Stale(asset, shard, reason)
            upstream = asset
        input_version = run.data_version if run else ""


def _reason(run: StageRun | None, version: str, input_version: str) -> str | None:
    if run is None:
        return "never materialised"
    if run.code_version != version:
        return "prompt, model or settings changed"
    if run.input_version != input_version:
        return "its input changed"
    return f"{run.failed} inputs failed" if run.failed else None
