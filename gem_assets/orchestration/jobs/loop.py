"""The job that closes the loop: choose rows, train a small Synthesizer, serve it, let it write, check that.

One op that runs `gem synthesizer-loop`, because the model lives only as long as its server: data set, model
and shards are runs of their own, as with the command.
"""

import subprocess
import sys
from pathlib import Path

import dagster as dg
from pydantic import Field

from gem_assets.orchestration.resources.workplace import Workplace
from gem_assets.reports.comparison.ways import read_ways, ways_markdown

PATIENCE_SECONDS = 600
"""For a training that saves before it ends."""


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
    options = ["--recipe", config.recipe, "--config", config.configuration, "--limit", str(config.limit)]
    options += [] if config.corpus is None else ["--corpus", config.corpus]
    # As somebody would type it: this room is below that of commands.
    gem = str(Path(sys.executable).with_name("gem"))
    command = [gem, "synthesizer-loop", "--as-it-is", *options]
    last, code = _follow(context, command, workplace)
    if code:
        raise dg.Failure(last or f"the loop ended with status {code}", allow_retries=False)
    told = ways_markdown(read_ways(workplace.home))
    context.add_output_metadata({"beside_the_pipeline": dg.MetadataValue.md(told)})


def _follow(context: dg.OpExecutionContext, command: list[str], workplace: Workplace) -> tuple[str, int]:
    """Log what a command prints; gives its last line and its exit code, and ends it with this run."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=workplace.configuration.child_environment,
    )
    assert process.stdout is not None
    last = ""
    try:
        for line in process.stdout:
            last = line.rstrip() or last
            context.log.info("%s", line.rstrip())
        return last.removeprefix("gem: "), process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


@dg.job(
    config={"ops": {"train_serve_synthesize_verify": {"config": LoopOptions().model_dump()}}},
    description="Train a small Synthesizer, serve it here, synthesize from text, verify, compare.",
    tags={"gem/unit": "recipe"},
)
def synthesizer_loop() -> None:
    """One op: the whole loop."""
    train_serve_synthesize_verify()
