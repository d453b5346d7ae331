"""What a materialisation shows in the UI: numbers that plot over shards, what changed, and where to look.

Does not belong here: the counting itself (`store/shards.py`).
"""

import re
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

import dagster as dg

from gem_assets.orchestration.resources.addresses import Addresses
from gem_assets.stages.stage import Measure
from gem_assets.store.connections import Connection, column_types, parquet_sql
from gem_assets.store.sql_files import read_sql
from gem_assets.store.stage_runs import StageRun


def run_metadata(run: StageRun, addresses: Addresses) -> dict[str, Any]:
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
        "report": dg.MetadataValue.url(addresses.report),
        "history": dg.MetadataValue.url(addresses.history(run.asset, run.shard, run.run_id)),
    }
    reasons = {f"reason/{reason}": count for reason, count in run.reasons.items()}
    return {key: value for key, value in (known | reasons).items() if value is not None}


def describe_change(before: StageRun | None, run: StageRun) -> str:
    """Tell what is different from the previous materialisation of the same shard, as markdown."""
    if before is None:
        return "first materialisation of this shard"
    pairs = {
        "prompt": (", ".join(before.prompt_versions), ", ".join(run.prompt_versions)),
        "model": (before.model, run.model),
        "code version": (before.code_version, run.code_version),
        "input": (before.input_version, run.input_version),
        "rows": (before.data_version, run.data_version),
        **{name: (getattr(before, name), getattr(run, name)) for name in ("kept", "rejected", "failed")},
    }
    changed = [f"| {name} | {was} | {now} |" for name, (was, now) in pairs.items() if was != now]
    if not changed:
        return f"nothing since run {before.run_id}"
    return "\n".join([f"| since {before.run_id[:8]} | was | is |", "|---|---|---|", *changed])


def describe_commands(run: StageRun, record: str) -> str:
    """Give the commands that show a shard's rows, its rejections, its history and the chain of a record."""
    return _template("commands").substitute(asset=run.asset, shard=run.shard, record=record)


def describe_asset(said: str, asset: str, addresses: Addresses) -> str:
    """Add, to what an asset's description says, where to look and what to type."""
    return _template("description").substitute(
        said=said, asset=asset, report=addresses.report, viewer=addresses.viewer
    )


def rows_metadata(
    connection: Connection, files: Sequence[Path], run: StageRun, measures: Sequence[Measure]
) -> dict[str, Any]:
    """Tell of a partition's rows: the commands that show them, and the means of the stage's measures."""
    found = connection.execute(f"SELECT min(record_id) FROM {parquet_sql(files)}").fetchone()
    record = found[0] if found and found[0] else "RECORD_ID"
    look = {"look": dg.MetadataValue.md(describe_commands(run, record))}
    return look | _means(connection, files, measures)


def column_schema(asset: str) -> dict[str, dg.TableSchema]:
    """Show an asset's columns in the UI, each with the comment of its declaration."""
    return column_schema_of(f"{asset}_outcomes")


def column_schema_of(table: str) -> dict[str, dg.TableSchema]:
    """Show a table's columns in the UI, each with the comment of its declaration."""
    comments = dict(re.findall(r"^\s+(\w+) .*?-- (.+)$", read_sql("tables", table), re.MULTILINE))
    columns = [dg.TableColumn(name, kind, comments.get(name)) for name, kind in column_types(table)]
    return {"dagster/column_schema": dg.TableSchema(columns)}


def _means(connection: Connection, files: Sequence[Path], measures: Sequence[Measure]) -> dict[str, float]:
    """Average a stage's measures over the records that files keep, as they are and as they were before it."""
    columns = {f"mean_{one.name}": one.column for one in measures}
    columns |= {f"mean_{one.name}_before": one.before for one in measures if one.before}
    if not columns:
        return {}
    averages = ", ".join(f"avg({column})" for column in columns.values())
    row = connection.execute(f"SELECT {averages} FROM {parquet_sql(files)} WHERE outcome = 'kept'").fetchone()
    return {name: value for name, value in zip(columns, row or (), strict=False) if value is not None}


def _template(name: str) -> Template:
    return Template(Path(__file__).with_name(f"{name}.md").read_text("utf-8"))
