"""Runs that are under way in a running Dagster: cancelled as its own button does, and waited for.

Imports no Dagster, like `backfill.py`, whose door to its interface this uses.
"""

import time
from collections.abc import Callable

from gem_assets.orchestration.instance.backfill import ask

UNDER_WAY = """
{
  runsOrError(filter: {statuses: [STARTING, STARTED, CANCELING]}) {
    ... on Runs { results { runId } }
  }
}
"""
TERMINATE = """
mutation Terminate($runs: [String!]!) {
  terminateRuns(runIds: $runs, terminatePolicy: SAFE_TERMINATE) { __typename }
}
"""


def runs_under_way(url: str) -> list[str]:
    """List the runs that have a process; raises LaunchError where no Dagster answers."""
    return [run["runId"] for run in ask(url, UNDER_WAY, {})["runsOrError"].get("results", [])]


def cancel_runs(url: str, seconds: float, hurried: Callable[[], bool] = lambda: False) -> int:
    """Cancel what is under way and wait until it has ended, so long as nobody is in a hurry.

    Runs that start meanwhile are left: they have bought nothing, and Dagster starts them again.

    Returns:
        How many are under way still.

    Raises:
        LaunchError: no Dagster answers.
    """
    cancelled = runs_under_way(url)
    if cancelled:
        ask(url, TERMINATE, {"runs": cancelled})
    until = time.monotonic() + seconds
    while (left := set(cancelled) & set(runs_under_way(url))) and time.monotonic() < until and not hurried():
        time.sleep(0.5)
    return len(left)
