"""The policies of a run over a round: opened once for all of its steps, and closed with the run."""

from collections.abc import Generator
from dataclasses import replace

import dagster as dg

from gem_assets.itool.policies.held import HeldPolicy
from gem_assets.itool.rounds.site import Site


class RunPolicies:
    """Keeps the policy of one step open for the next one: loading a model can take minutes."""

    def __init__(self) -> None:
        self._held: HeldPolicy | None = None

    def held_by(self, site: Site) -> Site:
        """Give the site with policies that stay open until another model is asked for, or trained."""
        held = self._held = self._held or HeldPolicy(site.policy)
        return replace(site, opening=held.policy, before_training=held.close)

    def close(self) -> None:
        """End the policy that is open, where one is."""
        if self._held is not None:
            self._held.close()


@dg.resource(description="Policies that are held open between the steps of a round.")
def run_policies(context: dg.InitResourceContext) -> Generator[RunPolicies]:
    """Hand the steps of a run one holder of policies."""
    policies = RunPolicies()
    try:
        yield policies
    finally:
        policies.close()
