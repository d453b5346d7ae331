"""What a materialisation shows in the UI: numbers that plot over shards, and the schema of the columns."""

from typing import Any

import dagster as dg

from gem_assets.store.connections import Connection
from gem_assets.store.stage_runs import StageRun
from gem_assets.store.tables import column_types


def run_metadata(run: StageRun) -> dict[str, Any]:
    """Write a stage's run as metadata. Each number is a key of its own, so that the UI plots it by shard."""
    known: dict[str, Any] = {
        "inputs": run.inputs,
        "kept": run.kept,
        "rejected": run.rejected,
        "failed": run.failed,
        "yield": run.yield_share,
        "dagster/partition_row_count": run.kept_rows + run.rejected_rows + run.failed,
        "kept_rows": run.kept_rows,
        "input_tokens": run.input_tokens,
        "output_tokens": run.output_tokens,
        "cost_usd": run.cost,
        "seconds": run.seconds,
        "model": run.model,
        "prompt_versions": ", ".join(run.prompt_versions) or None,
        "gem_code_version": run.code_version,
    }
    reasons = {f"reason/{reason}": count for reason, count in run.reasons.items()}
    return {key: value for key, value in (known | reasons).items() if value is not None}


def shape_metadata(connection: Connection, path: str) -> dict[str, float]:
    """Average messages, tools and calls over a shard's kept trajectories; empty where it kept none."""
    row = connection.execute(
        "SELECT avg(message_count), avg(tool_count), avg(call_count) "
        "FROM read_parquet(?) WHERE outcome = 'kept'",
        [path],
    ).fetchone()
    names = ("mean_messages", "mean_tools", "mean_calls")
    return {} if row is None else {f: v for f, v in zip(names, row, strict=True) if v is not None}


def column_schema(asset: str) -> dict[str, dg.TableSchema]:
    """Show an asset's columns in the UI."""
    columns = [dg.TableColumn(name, kind) for name, kind in column_types(f"{asset}_outcomes")]
    return {"dagster/column_schema": dg.TableSchema(columns)}
