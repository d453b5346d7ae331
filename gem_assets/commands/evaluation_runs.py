"""`gem evaluate`: one run per category, one after the other, then the tables and the report.

Imports no Dagster: the worker does. One at a time because a category by itself keeps the server busy.
"""

from dataclasses import dataclass

import click

from gem_assets.commands.display import Display
from gem_assets.commands.running import materialise_and_rebuild
from gem_assets.configuration import RunConfiguration
from gem_assets.evaluation import bfcl, tau2
from gem_assets.evaluation.benchmark_files import LIMIT_TAG, PARTS, THREADS_TAG
from gem_assets.evaluation.evaluated_models import (
    EvaluatedModel,
    EvaluationError,
    Mode,
    check_name,
    describe_model,
    remember,
)
from gem_assets.evaluation.harness_process import find_python
from gem_assets.llm.relay import Thinking
from gem_assets.orchestration.runs.launch import JobOrder
from gem_assets.reports.benchmarks.scores import read_benchmarks
from gem_assets.reports.benchmarks.text import render_benchmarks
from gem_assets.store.connections import open_live
from gem_assets.store.files import sweep

_DIMENSIONS = {"bfcl": "category", "tau2": "domain"}


@dataclass(frozen=True)
class EvaluationWanted:
    """What is asked for, as the options say it."""

    benchmark: str
    model: str | None = None
    base_url: str | None = None
    name: str | None = None
    categories: str | None = None
    limit: int | None = None
    mode: Mode = "fc"
    thinking: Thinking = "default"
    recipe: str | None = None
    threads: int | None = None


def run_evaluation(configuration: RunConfiguration, wanted: EvaluationWanted) -> int:
    """Evaluate a model; returns the exit code.

    Raises:
        ConfigurationError: no model is set, or a variable of its role is wrong.
        EvaluationError: there is no such category, no harness, or the name is taken.
    """
    home = configuration.home
    chosen = choose_parts(wanted.benchmark, wanted.categories)
    parts = _check_harness(configuration, wanted, chosen)
    evaluated = describe_model(
        configuration,
        wanted.model,
        wanted.base_url,
        mode=wanted.mode,
        thinking=wanted.thinking,
        recipe=wanted.recipe,
        name=wanted.name,
    )
    if wanted.name is None:
        evaluated = _named_apart(configuration, wanted.benchmark, evaluated)
    remember(home, evaluated)
    sweep(home.root)
    click.echo(f"{evaluated.name}: {evaluated.model}, {wanted.benchmark}, {', '.join(parts)}")
    failed = _execute(configuration, wanted, evaluated, parts)
    with open_live(home) as connection:
        click.echo(render_benchmarks(read_benchmarks(connection)))
    click.echo(f"report        {home.reports / 'yield_report.html'}#benchmarks")
    where = f"FROM {wanted.benchmark}_scores WHERE evaluated_model = '{evaluated.name}'"
    click.echo(f'entries       gem sql --live "{where}"')
    return 1 if failed or parts != chosen else 0


def choose_parts(benchmark: str, chosen: str | None) -> tuple[str, ...]:
    """Read --categories; raises EvaluationError with the names there are."""
    parts = PARTS[benchmark]
    wanted = (
        tuple(dict.fromkeys(part.strip() for part in chosen.split(",") if part.strip())) if chosen else parts
    )
    unknown = [part for part in wanted if part not in parts]
    if unknown or not wanted:
        raise EvaluationError(f"{benchmark} has no category {', '.join(unknown)}: {', '.join(parts)}")
    return wanted


def _check_harness(
    configuration: RunConfiguration, wanted: EvaluationWanted, parts: tuple[str, ...]
) -> tuple[str, ...]:
    """Say what is missing before a worker starts; returns the parts that can be evaluated."""
    if wanted.benchmark == "bfcl":
        find_python(configuration.bfcl_python, bfcl.PYTHON, bfcl.ENVIRONMENT)
        return parts
    checkout = tau2.find_checkout(configuration.tau2_checkout)
    find_python(configuration.tau2_python, tau2.PYTHON, tau2.ENVIRONMENT)
    configuration.models.role("user_simulator")
    if checkout.profile.judged & set(parts):
        tau2.read_judge(configuration)
    lacking = {part: said for part in parts if (said := checkout.lacking(part)) is not None}
    if wanted.categories or len(lacking) == len(parts):
        # What was asked for by name is not left out.
        for said in lacking.values():
            raise EvaluationError(said)
    for part, said in lacking.items():
        click.echo(f"{part} is left out: {said}", err=True)
    return tuple(part for part in parts if part not in lacking)


def _named_apart(
    configuration: RunConfiguration, benchmark: str, evaluated: EvaluatedModel
) -> EvaluatedModel:
    """Give scores that cannot be compared with the paper's a name of their own."""
    if benchmark != "tau2":
        return evaluated
    profile = tau2.find_checkout(configuration.tau2_checkout).profile
    if profile.incomparable is None:
        return evaluated
    return evaluated.model_copy(update={"name": check_name(f"{evaluated.name}-tau2-{profile.name}")})


def _execute(
    configuration: RunConfiguration,
    wanted: EvaluationWanted,
    evaluated: EvaluatedModel,
    parts: tuple[str, ...],
) -> int:
    tags = {} if wanted.threads is None else {THREADS_TAG: str(wanted.threads)}
    if wanted.limit is not None:
        tags[LIMIT_TAG] = str(wanted.limit)
    orders = [
        JobOrder(
            None,
            job=wanted.benchmark,
            partition={"evaluated_model": evaluated.name, _DIMENSIONS[wanted.benchmark]: part},
            tags=tags,
        )
        for part in parts
    ]
    return materialise_and_rebuild(configuration, orders, 1, Display(len(orders)))
