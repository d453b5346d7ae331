"""The card of an exported data set: what it holds, how it came about, and what was checked.

The prose is `card.md`; this module reads the figures for it.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median
from string import Template
from typing import Any

from gem_assets.datasets.exports.rows import TASKS, TrainingRows
from gem_assets.datasets.tokens import estimate_packing
from gem_assets.store.connections import Connection, open_live
from gem_assets.store.home import Home
from gem_assets.store.sql_files import read_sql

# Mean messages, distinct tools and calls of the paper's 10,000 trajectories, before and after refinement.
PAPER = {"message_count": (30.05, 46.1), "tool_count": (5.01, 8.6), "call_count": (7.83, 16.3)}


def render_card(home: Home, rows: TrainingRows) -> str:
    """Write the card with the recipe's figures."""
    with open_live(home) as connection:
        fields = _fields(connection, rows)
    text = (Path(__file__).parent / "card.md").read_text("utf-8")
    return Template(text).substitute(fields)


def _fields(connection: Connection, rows: TrainingRows) -> dict[str, str]:
    run = _query(connection, "SELECT * FROM latest_dataset_runs WHERE recipe = ?", [rows.recipe])[0]
    metrics = {
        (row["metric"], row["label"]): row["value"]
        for row in _query(
            connection, "SELECT metric, label, value FROM dataset_metrics WHERE recipe = ?", [rows.recipe]
        )
    }
    recipe = json.loads(run["recipe_json"])
    return {
        "configs": _configs(rows),
        "size": _size_category(len(rows.policy)),
        "license": _license(connection, rows.recipe),
        "recipe": rows.recipe,
        "description": recipe["description"],
        "recipe_json": json.dumps(recipe, indent=2, ensure_ascii=False),
        "rows": _rows_table(rows),
        "made_by": _made_by(connection, rows.recipe),
        "choice": _choice(run),
        "stages": _stages(connection),
        "contamination": _contamination(connection, run, rows.recipe),
        "sources": _sources(connection, rows.recipe),
        "shape": _shape(metrics),
        "diversity": _diversity(metrics),
        "counter": _counter(connection, rows.recipe),
    }


def _configs(rows: TrainingRows) -> str:
    lines: list[str] = []
    for task in TASKS:
        lines += [f"- config_name: {task}", "  data_files:"]
        for split in rows.splits(task):
            lines += [f"  - split: {split}", f"    path: {task}/{split}-*.parquet"]
    return "\n".join(lines)


def _license(connection: Connection, recipe: str) -> str:
    """Name the licence where all source texts have the same, known one."""
    found = _query(connection, "SELECT DISTINCT license FROM trajectory_dataset WHERE recipe = ?", [recipe])
    named = [row["license"] for row in found]
    if len(named) == 1 and named[0]:
        return json.dumps(named[0].lower(), ensure_ascii=False)
    return "other"


def _rows_table(rows: TrainingRows) -> str:
    table: list[Sequence[object]] = []
    for task in TASKS:
        for split in rows.splits(task):
            lengths = [row.token_count for row in rows.of(task, split)]
            packing = estimate_packing(lengths)
            table.append(
                (task, split, len(lengths), f"{mean(lengths):,.0f}", f"{median(lengths):,.0f}",
                 f"{max(lengths):,}", packing.too_long, packing.packs, f"{packing.rows_per_pack:.1f}")
            )  # fmt: skip
    head = ("task", "split", "rows", "mean tokens", "median", "longest", "over 32K", "packs of 32K",
            "rows per pack")  # fmt: skip
    return _table(head, table)


def _made_by(connection: Connection, recipe: str) -> str:
    found = _query(
        connection,
        "SELECT coalesce(generator, 'not recorded') AS generator, coalesce(model, 'not recorded') AS model, "
        "coalesce(prompt_version, 'none') AS prompt, coalesce(judge_status, 'none at this stage') AS judged, "
        "count(*) AS rows FROM trajectory_dataset WHERE recipe = ? GROUP BY ALL ORDER BY 5 DESC, 1, 2, 3, 4",
        [recipe],
    )
    return _table(
        ("generator", "model", "prompt", "judgement", "rows"), [list(row.values()) for row in found]
    )


def _choice(run: dict[str, Any]) -> str:
    reasons = json.loads(run["reasons"])
    table: list[Sequence[object]] = [("trajectories to choose from", run["inputs"]), ("kept", run["kept"])]
    table += [(f"left out: {reason}", count) for reason, count in reasons.items()]
    return _table(("", "rows"), table)


def _stages(connection: Connection) -> str:
    found = _query(connection, read_sql("reports", "stage_yield"), [])
    table = [
        (
            row["asset"], row["inputs"], row["kept"], row["rejected"], row["failed"],
            "" if row["yield_share"] is None else f"{row['yield_share']:.1%}",
            f"{row['input_tokens']:,} / {row['output_tokens']:,}",
            "unknown" if row["cost"] is None else f"{row['cost']:.4f}",
            ", ".join(str(model) for model in row["models"] if model),
            ", ".join(row["prompt_versions"]),
        )
        for row in found
    ]  # fmt: skip
    head = ("stage", "inputs", "kept", "rejected", "failed", "yield", "tokens in / out", "US dollars",
            "models", "prompts")  # fmt: skip
    return _table(head, table)


def _contamination(connection: Connection, run: dict[str, Any], recipe: str) -> str:
    lines = [f"- {name}: {status}." for name, status in json.loads(run["contamination"]).items()]
    found = _query(
        connection,
        "SELECT hits.benchmark, hits.kind, chosen.outcome, count(*) AS hits, "
        "count(DISTINCT hits.record_id) AS trajectories FROM contamination_hits AS hits "
        "JOIN trajectory_dataset_outcomes AS chosen USING (recipe, shard, record_id) "
        "WHERE recipe = ? GROUP BY ALL ORDER BY ALL",
        [recipe],
    )
    if not found:
        return "\n".join([*lines, "", "Nothing agrees with any of them."])
    head = ("benchmark", "what agrees", "trajectory", "hits", "trajectories")
    return "\n".join([*lines, "", _table(head, [list(row.values()) for row in found])])


def _sources(connection: Connection, recipe: str) -> str:
    found = _query(
        connection,
        "SELECT corpus, coalesce(license, 'not stated') AS license, "
        "count(DISTINCT document_id) AS documents, count(*) AS rows FROM trajectory_dataset "
        "WHERE recipe = ? GROUP BY ALL ORDER BY ALL",
        [recipe],
    )
    return _table(("corpus", "licence", "documents", "rows"), [list(row.values()) for row in found])


def _shape(metrics: dict[tuple[str, str], float]) -> str:
    table: list[Sequence[object]] = []
    for name, (before, after) in PAPER.items():
        own = [metrics.get((f"{prefix}mean_{name}", "")) for prefix in ("draft_", "")]
        told = ["" if value is None else f"{value:.2f}" for value in own]
        table.append((name.removesuffix("_count"), told[0], told[1], before, after))
    return _table(("mean per trajectory", "draft", "here", "paper's draft", "paper's final"), table)


def _diversity(metrics: dict[tuple[str, str], float]) -> str:
    wholes = ("documents", "distinct_tools", "tools_entropy_bits", "distinct_verbs", "verbs_entropy_bits",
              "distinct_domains", "domains_entropy_bits", "tasks_entropy_bits", "self_overlap")  # fmt: skip
    return _table(
        ("figure", "value"), [(name, f"{metrics[name, '']:.4g}") for name in wholes if (name, "") in metrics]
    )


def _counter(connection: Connection, recipe: str) -> str:
    found = _query(
        connection, "SELECT DISTINCT token_counter FROM policy_examples WHERE recipe = ?", [recipe]
    )
    return ", ".join(row["token_counter"] for row in found)


def _size_category(rows: int) -> str:
    for limit, name in ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K")):
        if rows < limit:
            return name
    return "100K<n<1M"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [_line(head), _line(["---"] * len(head)), *(_line(row) for row in rows)]
    return "\n".join(lines)


def _line(cells: Sequence[object]) -> str:
    # Text of documents may stand in a cell: it must not open another one, nor a tag.
    told = (" ".join(str(cell).split()).replace("|", "\\|").replace("<", "&lt;") for cell in cells)
    return f"| {' | '.join(told)} |"


def _query(connection: Connection, query: str, values: list[object]) -> list[dict[str, Any]]:
    found = connection.execute(query, values)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
