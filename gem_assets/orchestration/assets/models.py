"""Asset 8: the models trained on a recipe's rows, one partition per recipe, by Dagster Pipes.

Thin: the trainer is a process in an environment of its own (`training/`), and torch stays out of this one.
"""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg

from gem_assets.datasets.exports.rows import Task
from gem_assets.orchestration.assets.datasets import policy_examples, recipes, synthesizer_examples
from gem_assets.orchestration.assets.partitions import one_run_per_shard
from gem_assets.orchestration.assets.shards import Materialized
from gem_assets.orchestration.resources.workplace import Workplace
from gem_assets.store.home import StoreError
from gem_assets.training.configurations import choose_configuration
from gem_assets.training.curve import curve_markdown
from gem_assets.training.launching import STOPPED, StoppedError, begin, check_end
from gem_assets.training.runs import Run, list_models, prepare_run, read_training
from gem_assets.training.trainer import TrainerError, clean, find_trainer

# A checkpoint of a large model takes minutes to write; the trainer saves and then ends.
PATIENCE_SECONDS = 600

_SHOWN = (
    *("rows", "tokens", "learnt_tokens", "too_long", "with_control_tokens", "steps", "seconds", "device"),
    *("parameters", "peak_memory_mb", "validation_loss", "configuration"),
)


class TrainingChoice(dg.Config):
    """How to train; what on is the partition's recipe."""

    configuration: str = "smoke"
    """A name that `gem train --config` knows, or the path of a TOML file."""
    base: str | None = None
    """A model to start from instead of the configuration's."""


def model_asset(
    rows: dg.AssetsDefinition,
) -> Callable[[Callable[..., Materialized]], dg.AssetsDefinition]:
    """Declare what both models have in common; name and description are the function's."""

    def declare(compute: Callable[..., Materialized]) -> dg.AssetsDefinition:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)  # backfill_policy is beta in Dagster 1.13
            return dg.asset(
                deps=[rows],
                kinds={"pytorch", "huggingface"},
                partitions_def=recipes,
                backfill_policy=one_run_per_shard,
                group_name="models",
                # A killed trainer goes on from its last checkpoint.
                retry_policy=dg.RetryPolicy(max_retries=1, delay=5),
            )(compute)

    return declare


@model_asset(synthesizer_examples)
def synthesizer_model(
    context: dg.AssetExecutionContext, config: TrainingChoice, workplace: dg.ResourceParam[Workplace]
) -> Materialized:
    """The Trajectory Synthesizer: text in, tools and trajectory out, in one call."""
    return _train(context, config, workplace, "synthesizer")


@model_asset(policy_examples)
def policy_model(
    context: dg.AssetExecutionContext, config: TrainingChoice, workplace: dg.ResourceParam[Workplace]
) -> Materialized:
    """An agent that was trained on the trajectories."""
    return _train(context, config, workplace, "policy")


MODEL_ASSETS = (synthesizer_model, policy_model)


def _check_of(model: dg.AssetsDefinition, task: Task) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=model, name="loss_fell", description="Did every model's loss fall while it was trained?"
    )
    def loss_fell(workplace: dg.ResourceParam[Workplace]) -> dg.AssetCheckResult:
        trained = [read_training(path) for path in list_models(workplace.home, task)]
        risen = [
            f"{found['recipe']}, {found['configuration']}: {found['curve'][0][1]} → {found['curve'][-1][1]}"
            for found in trained
            if found["curve"][-1][1] >= found["curve"][0][1]
        ]
        return dg.AssetCheckResult(
            passed=not risen,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"models": len(trained), "risen": "; ".join(risen) or "none"},
        )

    return loss_fell


MODEL_CHECKS = (_check_of(synthesizer_model, "synthesizer"), _check_of(policy_model, "policy"))


def _train(
    context: dg.AssetExecutionContext, config: TrainingChoice, workplace: Workplace, task: Task
) -> Materialized:
    try:
        run = prepare_run(
            workplace.home,
            task,
            context.partition_key,
            choose_configuration(workplace.home, config.configuration, config.base),
            find_trainer(workplace.configuration),
        )
    except StoreError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    if run.is_done:
        context.log.info("trained already, on the same rows with the same configuration")
    else:
        _follow(context, run, workplace.configuration.child_environment)
    found = read_training(run.published)
    return dg.MaterializeResult(
        metadata=_metadata(run, found),
        data_version=dg.DataVersion(run.version),
    )


def _follow(context: dg.AssetExecutionContext, run: Run, environment: Mapping[str, str]) -> None:
    begin(run)
    client = dg.PipesSubprocessClient(termination_timeout_seconds=PATIENCE_SECONDS)
    try:
        client.run(context=context, command=run.command, env=clean(environment))
    except dg.DagsterExecutionInterruptedError as error:
        # Left to rise, the retry policy would train again what somebody has just stopped.
        raise dg.Failure(STOPPED, allow_retries=False) from error
    except Exception as error:
        # The client raises one kind of error whatever happened; what the trainer told says more.
        try:
            check_end(run)
        except StoppedError as told:
            raise dg.Failure(str(told), allow_retries=False) from error
        except TrainerError as told:
            mendable = "continue" not in str(told)
            raise dg.Failure(str(told), allow_retries=not mendable) from error
        raise
    check_end(run)


def _metadata(run: Run, found: dict[str, Any]) -> dict[str, Any]:
    points = found["curve"]
    return {
        "loss_first": points[0][1],
        "loss_last": points[-1][1],
        "loss": dg.MetadataValue.md(curve_markdown(points)),
        "curve": dg.MetadataValue.json(points),
        "checkpoint": dg.MetadataValue.path(run.published),
        "trainer": dg.MetadataValue.json(found["trainer"]),
        **{name: found[name] for name in _SHOWN if name in found},
    }
