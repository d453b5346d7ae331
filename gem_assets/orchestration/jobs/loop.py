"""The job that closes the loop: choose rows, train a small Synthesizer, serve it, let it write, check that.

One op, because the model lives only as long as its server: the assets `synthesizer_model` and
`synthesized_trajectories` are the same steps for a model that is served for longer.
"""

import dagster as dg
from pydantic import Field

from gem_assets.llm.protocol import StopRunError
from gem_assets.orchestration.jobs.synthesis import run_loop
from gem_assets.orchestration.resources.workplace import Workplace
from gem_assets.reports.comparison.ways import read_ways, ways_markdown
from gem_assets.store.home import StoreError
from gem_assets.store.raw import shard_names
from gem_assets.training.command import Wanted


class LoopOptions(dg.Config):
    """What to train on, and what to write from."""

    recipe: str = Field(default="default", description="Rows of this recipe train the Synthesizer.")
    configuration: str = Field(default="smoke", description="A configuration that `gem train` knows.")
    corpus: str | None = Field(default=None, description="Synthesize from this corpus only.")
    limit: int = Field(default=6, ge=1, description="Documents to synthesize from, at most.")


@dg.op
def train_serve_synthesize_verify(
    context: dg.OpExecutionContext, config: LoopOptions, workplace: dg.ResourceParam[Workplace]
) -> None:
    """Close the loop once, and set the Synthesizer beside the pipeline."""
    wanted = Wanted("synthesizer", config.recipe, config.configuration)
    shards = shard_names(workplace.home, config.corpus)
    try:
        code = run_loop(
            workplace.configuration,
            wanted,
            shards,
            config.limit,
            lambda line: context.log.info("%s", line),
        )
    except (StoreError, StopRunError) as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    told = ways_markdown(read_ways(workplace.home))
    context.add_output_metadata({"beside_the_pipeline": dg.MetadataValue.md(told)})
    if code:
        raise dg.Failure("the training was stopped, or too many calls failed", allow_retries=False)


@dg.job(
    config={"ops": {"train_serve_synthesize_verify": {"config": LoopOptions().model_dump()}}},
    description="Train a small Synthesizer, serve it here, synthesize from text, verify, compare.",
    tags={"gem/unit": "recipe"},
)
def synthesizer_loop() -> None:
    """One op: the whole loop."""
    train_serve_synthesize_verify()
