"""Build a recipe's data set: read, choose, measure, write. Commands and assets call it.

Rows are written choice first, so that what is derived from it is never newer than the choice.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gem_assets.configuration import RunConfiguration
from gem_assets.datasets.benchmarks import Benchmarks, load_benchmarks
from gem_assets.datasets.candidates import read_candidates
from gem_assets.datasets.choosing import Choice, choose
from gem_assets.datasets.dataset_files import OUTCOMES, read_recipe_rows, write_recipe_rows
from gem_assets.datasets.diversity import Metric, measure_diversity
from gem_assets.datasets.examples import Kind, write_examples
from gem_assets.datasets.recipe_staleness import choice_version
from gem_assets.datasets.recipes import Recipe
from gem_assets.records.base import content_hash, make_id
from gem_assets.records.provenance import Provenance
from gem_assets.settings import Settings
from gem_assets.store.connections import open_live, open_memory
from gem_assets.store.home import Home
from gem_assets.store.tables import as_json, as_text


@dataclass(frozen=True)
class DatasetRun:
    """What a run chose: inputs = kept + rejected."""

    recipe: Recipe
    run_id: str
    started_at: datetime
    finished_at: datetime
    inputs: int
    kept: int
    rejected: int
    reasons: dict[str, int]
    splits: dict[str, int]
    contamination: dict[str, str]
    blocking_hits: int
    """Kept trajectories that hold words of a benchmark; only a recipe that merely reports has any."""
    warning_hits: int
    input_version: str
    data_version: str
    metrics: tuple[Metric, ...]


def build_dataset(
    settings: Settings, recipe: Recipe, run_id: str, benchmarks: Benchmarks | None = None
) -> DatasetRun:
    """Choose a recipe's trajectories and write the choice, its hits and its figures.

    Raises:
        StoreError: another process is building the same recipe, or the disk is full.
    """
    home, started = Home(settings.home), datetime.now(UTC)
    benchmarks = benchmarks or load_benchmarks()
    with open_live(home) as connection:
        choices = choose(read_candidates(connection, recipe), recipe, benchmarks, settings.rules)
    run = _summarise(recipe, run_id, started, choices, benchmarks)
    write_recipe_rows(home, OUTCOMES, recipe.name, [_row(choice, run) for choice in choices], run_id)
    hits = [row for choice in choices for row in _hit_rows(choice, run)]
    write_recipe_rows(home, "contamination_hits", recipe.name, hits, run_id)
    write_recipe_rows(home, "dataset_metrics", recipe.name, _metric_rows(run), run_id)
    _log(home, run)
    return run


def build_all(configuration: RunConfiguration, recipe: Recipe, run_id: str) -> DatasetRun:
    """Choose a recipe's trajectories and write both kinds of training rows."""
    run = build_dataset(configuration.settings, recipe, run_id)
    kinds: tuple[Kind, ...] = ("policy_examples", "synthesizer_examples")
    for kind in kinds:
        write_examples(configuration, recipe.name, kind)
    return run


def _summarise(
    recipe: Recipe, run_id: str, started: datetime, choices: Sequence[Choice], benchmarks: Benchmarks
) -> DatasetRun:
    kept = [choice for choice in choices if choice.reason is None]
    reasons = Counter(str(choice.reason) for choice in choices if choice.reason is not None)
    chosen = [[c.candidate.key, str(c.reason), c.split or "", c.candidate.content_hash] for c in choices]
    return DatasetRun(
        recipe=recipe,
        run_id=run_id,
        started_at=started,
        finished_at=datetime.now(UTC),
        inputs=len(choices),
        kept=len(kept),
        rejected=len(choices) - len(kept),
        reasons=dict(sorted(reasons.items())),
        splits=dict(sorted(Counter(str(choice.split) for choice in kept).items())),
        contamination=benchmarks.status,
        blocking_hits=sum(any(hit.blocking for hit in choice.hits) for choice in kept),
        warning_hits=sum(not hit.blocking for choice in kept for hit in choice.hits),
        input_version=content_hash([[c.candidate.key, c.candidate.content_hash] for c in choices]),
        data_version=content_hash([choice_version(recipe), chosen]),
        metrics=tuple(measure_diversity(choice.candidate.trajectory for choice in kept)),
    )


def _row(choice: Choice, run: DatasetRun) -> dict[str, Any]:
    candidate, trajectory = choice.candidate, choice.candidate.trajectory
    procedure = trajectory.workflow.procedure
    return {
        "recipe": run.recipe.name,
        "record_id": make_id(f"trajectory_dataset/{run.recipe.name}", candidate.record_id),
        "parent_id": candidate.record_id,
        "ordinal": 0,
        "document_id": candidate.document_id,
        "shard": candidate.shard,
        "outcome": "kept" if choice.reason is None else "rejected",
        "reason": None if choice.reason is None else str(choice.reason),
        "evidence": None if choice.evidence is None else as_text(choice.evidence),
        "matched_id": choice.matched.record_id if choice.matched else None,
        "similarity": choice.similarity,
        "split": choice.split,
        "document_group": choice.document_group,
        "corpus": candidate.corpus,
        "license": candidate.license,
        "judge_status": candidate.judge_status,
        "platform": procedure.platform,
        "domains": list(procedure.domains),
        "task_category": procedure.task_category,
        **trajectory.shape.model_dump(exclude={"patterns"}),
        "patterns": list(trajectory.shape.patterns),
        **Provenance(
            prompt_version=candidate.prompt_version, model=candidate.model, generator=candidate.generator
        ).model_dump(mode="json"),
        "run_id": run.run_id,
        "code_version": choice_version(run.recipe),
        "content_hash": candidate.content_hash,
        "payload": candidate.payload if choice.reason is None else None,
    }


def _hit_rows(choice: Choice, run: DatasetRun) -> list[dict[str, Any]]:
    row = _row(choice, run)
    shared = {name: row[name] for name in ("recipe", "record_id", "shard", "document_id", "run_id")}
    return [
        {
            **shared,
            "position": position,
            "blocking": hit.blocking,
            **hit.model_dump(exclude={"place", "quote"}),
            "place": as_text(hit.place),
            "quote": as_text(hit.quote),
        }
        for position, hit in enumerate(choice.hits)
    ]


def _metric_rows(run: DatasetRun) -> list[dict[str, Any]]:
    shared = {"recipe": run.recipe.name, "run_id": run.run_id}
    return [
        {**shared, "metric": metric.name, "label": as_text(metric.label), "value": float(metric.value)}
        for metric in run.metrics
    ]


def _log(home: Home, run: DatasetRun) -> None:
    """Add the run to the recipe's own; a run that is repeated counts once."""
    with open_memory() as connection:
        before = read_recipe_rows(connection, home, "dataset_runs", run.recipe.name)
    row = {
        "recipe": run.recipe.name,
        "run_id": run.run_id,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "asset": run.recipe.asset,
        "inputs": run.inputs,
        "kept": run.kept,
        "rejected": run.rejected,
        "reasons": as_json(run.reasons),
        "splits": as_json(run.splits),
        "contamination": as_json(run.contamination),
        "recipe_json": as_json(run.recipe.model_dump(mode="json")),
        "input_version": run.input_version,
        "data_version": run.data_version,
    }
    rows = [*(old for old in before if old["run_id"] != run.run_id), row]
    write_recipe_rows(home, "dataset_runs", run.recipe.name, rows, run.run_id)
