"""A process that executes runs for commands: reads one order per line, answers one line per order.

Orders: {"shard": "demo-00000", "assets": ["documents", …]}, {"job": "bfcl", "partition": {…}, …} or
{"tables": true}. It ends when its input does, and interrupts its run when the command that started it is
gone, so that it does not outlive it.
"""

import json
import os
import signal
import sys
import threading
import time
import traceback
from typing import Any, TextIO

import dagster as dg

from gem_assets.configuration import read_configuration
from gem_assets.orchestration.assets.partitions import add_missing
from gem_assets.orchestration.assets.shards import STOPS
from gem_assets.orchestration.instance.opening import PROCESS_TAG, open_instance
from gem_assets.orchestration.jobs.code_location import build_definitions
from gem_assets.orchestration.resources.progress import VARIABLE
from gem_assets.settings import read_environment

PARENT_SECONDS = 1.0
"""Between two looks at whether the parent is still there."""


def main() -> None:
    """Work through the orders on standard input."""
    # Answers go out by a descriptor of their own: whatever a library prints must not be taken for one.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    os.environ[VARIABLE] = str(answers.fileno())
    threading.Thread(target=_stop_with, args=(os.getppid(),), daemon=True).start()
    configuration = read_configuration(read_environment())
    instance = open_instance(configuration.home)
    serve(sys.stdin, answers, build_definitions(configuration), instance)


def _stop_with(parent: int) -> None:
    """Interrupt this process, as its launcher would, when its parent has ended without a word."""
    while os.getppid() == parent:
        time.sleep(PARENT_SECONDS)
    os.killpg(os.getpgrp(), signal.SIGTERM)


def serve(orders: TextIO, answers: TextIO, definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
    """Execute each order as a Dagster run and report how it ended."""
    for line in orders:
        order = json.loads(line)
        try:
            answer = execute(order, definitions, instance)
        except Exception as error:  # the order failed; the next one must still be served
            traceback.print_exc(file=sys.stderr)
            answer = {"ok": False, "problem": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")


def execute(
    order: dict[str, Any], definitions: dg.Definitions, instance: dg.DagsterInstance
) -> dict[str, Any]:
    """Run one order in this process."""
    tags = {**order.get("tags", {}), PROCESS_TAG: str(os.getpid())}
    if order.get("tables"):
        job = definitions.resolve_job_def("tables")
        result = job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    elif "job" in order:
        result = _execute_job(order, definitions, instance, tags)
    else:
        # Without checks, which look at all shards: they are run once, with the tables.
        job = definitions.resolve_job_def("stages").get_subset(
            asset_selection={dg.AssetKey(asset) for asset in order["assets"]}, asset_check_selection=set()
        )
        result = job.execute_in_process(
            {"resources": {"options": {"config": order.get("options", {})}}},
            instance=instance,
            partition_key=order["shard"],
            tags=tags,
            raise_on_error=False,
        )
    return {"ok": result.success, "run_id": result.run_id, "made": _made(result), **_problem(result)}


def _execute_job(
    order: dict[str, Any], definitions: dg.Definitions, instance: dg.DagsterInstance, tags: dict[str, str]
) -> dg.ExecuteInProcessResult:
    """Run a job, or some of its assets without their checks, over one partition."""
    job, key = definitions.resolve_job_def(order["job"]), order["partition"]
    if order["assets"]:
        selected = {dg.AssetKey(asset) for asset in order["assets"]}
        job = job.get_subset(asset_selection=selected, asset_check_selection=set())
    if order["partitions"]:
        add_missing(instance, order["partitions"], [key])
    return job.execute_in_process(
        order["config"] or None,
        instance=instance,
        partition_key=key if isinstance(key, str) else dg.MultiPartitionKey(key),
        tags=tags,
        raise_on_error=False,
    )


def _made(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    """Gather the plain values of the metadata, by asset."""
    return {
        event.step_materialization_data.materialization.asset_key.to_user_string(): {
            name: value.value
            for name, value in event.step_materialization_data.materialization.metadata.items()
            if isinstance(value, dg.IntMetadataValue | dg.FloatMetadataValue | dg.TextMetadataValue)
        }
        for event in result.get_asset_materialization_events()
    }


def _problem(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    """Say what went wrong, and whether it would go wrong with every other shard."""
    if result.success:
        return {"problem": None}
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            if data.user_failure_data and data.user_failure_data.description:
                told = data.user_failure_data
                return {"problem": told.description, "stops": STOPS in told.metadata}
            if data.error:
                cause = data.error.cause or data.error
                return {"problem": cause.message.strip()}
    return {"problem": "the run failed"}


if __name__ == "__main__":
    main()
