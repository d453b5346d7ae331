"""The command that evaluates a model."""

import sys
from typing import Any

import click

from gem_assets.commands.prepared import with_home
from gem_assets.configuration import RunConfiguration


@click.command()
@click.argument("benchmark", type=click.Choice(["bfcl", "tau2"]))
@click.option("--model", help="The served name of the model; GEM_POLICY_MODEL otherwise.")
@click.option("--base-url", help="Where it is served; GEM_POLICY_BASE_URL otherwise.")
@click.option("--name", help="A name for this model with these settings; made of them otherwise.")
@click.option("--categories", help="Some of them (tau2: domains), with commas between; all otherwise.")
@click.option(
    "--limit", type=click.IntRange(1), help="A trial: the first N entries (tau2: tasks) of each category."
)
@click.option(
    "--mode",
    type=click.Choice(["fc", "prompt"]),
    default="fc",
    show_default=True,
    help="fc: the server parses tool calls. prompt: tools stand in the system message.",
)
@click.option(
    "--thinking",
    type=click.Choice(["default", "on", "off"]),
    default="default",
    show_default=True,
    help="Told to the model's chat template; default leaves it to the server.",
)
@click.option("--recipe", help="The recipe whose dataset it was trained on, for the decontamination verdict.")
@click.option("--threads", type=click.IntRange(1, 256), help="Entries at a time: 16, and 4 for tau2.")
@with_home
def evaluate(
    configuration: RunConfiguration,
    benchmark: str,
    **wanted: Any,  # noqa: ANN401
) -> None:
    """Score a served model on a benchmark with the benchmark's own harness, and write the report."""
    from gem_assets.commands.evaluation_runs import EvaluationWanted, run_evaluation

    sys.exit(run_evaluation(configuration, EvaluationWanted(benchmark, **wanted)))
