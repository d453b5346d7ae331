"""`gem`: every command by name, and how a mistake is told.

Exit 0 done, 1 the work failed, 2 bad usage or input.

Does not belong here: the commands themselves (`commands/`).
"""

from typing import Any

import click

from gem_assets.commands.corpus import drop, ingest
from gem_assets.commands.datasets import dataset, export
from gem_assets.commands.evaluation import evaluate
from gem_assets.commands.itool import itool
from gem_assets.commands.models import cost, doctor, journal
from gem_assets.commands.shards import backfill, prune, run, stale, try_document
from gem_assets.commands.tables import audit, report, sql
from gem_assets.commands.training import synthesize, synthesizer_loop, train
from gem_assets.commands.verification import calibrate_judge, verify
from gem_assets.extensions import DeclarationError
from gem_assets.settings import SettingsError
from gem_assets.store.home import StoreError

COMMANDS = (
    *(ingest, drop),
    *(run, stale, backfill, try_document, prune),
    *(verify, calibrate_judge, dataset, export, evaluate),
    *(train, synthesize, synthesizer_loop, itool),
    *(report, audit, sql),
    *(doctor, cost, journal),
)


class GemGroup(click.Group):
    """Turns what a user can mend into one sentence and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - whatever the command returns
        """Run a command; errors about input or settings never show a traceback."""
        from gem_assets.corpus.walking import IngestionError
        from gem_assets.llm.protocol import StopRunError
        from gem_assets.llm.roles import ConfigurationError
        from gem_assets.prompts.prompt import PromptError
        from gem_assets.verification.foreign.foreign import ForeignError

        try:
            return super().invoke(ctx)
        except (
            SettingsError,
            StoreError,
            DeclarationError,
            ConfigurationError,
            PromptError,
            IngestionError,
            StopRunError,
            ForeignError,
        ) as error:
            click.echo(f"gem: {error}", err=True)
            ctx.exit(2)


@click.group(cls=GemGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gem-assets")
def main() -> None:
    """Turn ordinary text into verified multi-turn tool-use trajectories."""


for _command in COMMANDS:
    main.add_command(_command)


if __name__ == "__main__":
    main()
