"""Launch a backfill of what is stale in a running Dagster, through its own interface.

Imports no Dagster: `gem backfill --stale` asks whether one is alive, and does the work itself otherwise.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

from gem_assets.configuration import RunConfiguration
from gem_assets.orchestration.resources.addresses import Addresses
from gem_assets.stages.staleness import Stale, find_stale
from gem_assets.store.home import Home

LAUNCH = """
mutation Launch($backfill: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $backfill) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""


class LaunchError(Exception):
    """A running Dagster refused the backfill; its own sentence."""


def dagster_is_alive(home: Home, url: str) -> bool:
    """Say whether a Dagster with this very home answers on this machine."""
    try:
        answer = ask(url, "{ instance { info } }", {}, timeout=3)
    except (OSError, ValueError, LaunchError):
        return False
    return str(home.dagster) in json.dumps(answer)


def launch_stale(configuration: RunConfiguration, shards: Sequence[str]) -> str | None:
    """Launch one backfill of all that is stale of these shards; returns its id, or None where nothing is.

    Raises:
        LaunchError: no Dagster answers, or it refuses.
    """
    stale = find_stale(configuration, shards)
    return launch(stale, Addresses.of(configuration).graphql) if stale else None


def launch(stale: Sequence[Stale], url: str) -> str:
    """Launch one backfill of exactly these shards of these assets; returns its id."""
    shards: dict[str, list[str]] = {}
    for item in stale:
        shards.setdefault(item.asset, []).append(item.shard)
    wanted = [
        {
            "assetKey": {"path": [asset]},
            "partitions": {"ranges": [{"start": shard, "end": shard} for shard in names]},
        }
        for asset, names in shards.items()
    ]
    backfill = {"partitionsByAssets": wanted, "tags": [{"key": "gem/backfill", "value": "stale"}]}
    result = ask(url, LAUNCH, {"backfill": backfill})["launchPartitionBackfill"]
    if result["__typename"] != "LaunchBackfillSuccess":
        raise LaunchError(result.get("message") or f"Dagster refused the backfill: {result['__typename']}")
    return str(result["backfillId"])


def ask(url: str, query: str, variables: Mapping[str, Any], timeout: float = 60) -> dict[str, Any]:
    """Ask Dagster's GraphQL interface on this machine."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            answer = json.load(response)
    except urllib.error.URLError as error:
        raise LaunchError(f"no Dagster answers at {url} ({error.reason}): start it with `make ui`") from error
    if answer.get("errors"):
        raise LaunchError(str(answer["errors"][0]["message"]))
    return dict(answer["data"])
