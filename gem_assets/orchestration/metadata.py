"""What a materialisation shows in the UI: numbers that plot over shards, what changed, and where to look.

Does not belong here: the counting itself (`store/shards.py`).
"""

import re
from typing import Any

import dagster as dg

from gem_assets.store.connections import Connection
from gem_assets.store.sql_files import read_sql
from gem_assets.store.stage_runs import StageRun
from gem_assets.store.tables import column_types

PAGES = "http://127.0.0.1:3001"
REPORT_URL = f"{PAGES}/yield_report.html"
VIEWER_URL = f"{PAGES}/trajectories/index.html"


def run_metadata(run: StageRun, before: StageRun | None) -> dict[str, Any]:
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
        "changed": dg.MetadataValue.md(describe_change(before, run)),
        "look": dg.MetadataValue.md(describe_queries(run)),
        "report": dg.MetadataValue.url(REPORT_URL),
        "history": dg.MetadataValue.url(
            f"{VIEWER_URL}#history={run.shard}&asset={run.asset}&run={run.run_id}"
        ),
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


def describe_queries(run: StageRun) -> str:
    """Give the commands that show a shard's rows, its rejections and its history."""
    where = f"WHERE shard = '{run.shard}'"
    return "\n".join(
        [
            "```",
            f'gem sql --live "FROM {run.asset}_outcomes {where}"',
            f"gem sql --live \"FROM rejections {where} AND asset = '{run.asset}'\"",
            f"gem sql --live \"FROM stage_runs {where} AND asset = '{run.asset}'\"",
            "```",
        ]
    )


def shape_metadata(connection: Connection, path: str) -> dict[str, float]:
    """Average messages, tools and calls over a shard's kept trajectories, before refinement and now."""
    names = ("message_count", "tool_count", "call_count")
    held = {row[0] for row in connection.execute("DESCRIBE FROM read_parquet(?)", [path]).fetchall()}
    wanted = [column for name in names for column in (name, f"draft_{name}") if column in held]
    averages = ", ".join(f"avg({column})" for column in wanted)
    row = connection.execute(
        f"SELECT {averages} FROM read_parquet(?) WHERE outcome = 'kept'", [path]
    ).fetchone()
    found = zip(wanted, row or (), strict=False)
    return {f"mean_{column.removesuffix('_count')}s": value for column, value in found if value is not None}


def column_schema(asset: str) -> dict[str, dg.TableSchema]:
    """Show an asset's columns in the UI, each with the comment of its declaration."""
    table = f"{asset}_outcomes"
    comments = dict(re.findall(r"^\s+(\w+) .*?-- (.+)$", read_sql("tables", table), re.MULTILINE))
    columns = [dg.TableColumn(name, kind, comments.get(name)) for name, kind in column_types(table)]
    return {"dagster/column_schema": dg.TableSchema(columns)}
