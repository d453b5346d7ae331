"""What the trajectory viewer shows of a shard: its documents, and each branch as far as it came.

Reads records as JSON, not as records, so that rows written by an older version are shown, too. Does not
belong here: files and when they are written (`viewer.py`), looks (`templates/viewer.*`).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from gem_assets.records.document import ProceduralDocument
from gem_assets.records.judgement import current_level
from gem_assets.records.trajectory import Trajectory
from gem_assets.records.workflow import Workflow
from gem_assets.stages.catalog import STAGES, reads
from gem_assets.stages.stage import RAW_ROWS, Stage
from gem_assets.store.connections import Connection, open_memory, parquet_sql
from gem_assets.store.home import Home
from gem_assets.store.tables import schema_file

TEXT_WITHOUT_DIALOGUE = 6000
"""Characters that are shown of a document no dialogue came of."""

_DOCUMENT = ("corpus", "source", "place", "title", "url", "license", "language")
_LABELS = ("summary", "platform", "domains", "task_category")
_WORKFLOW = ("description", "steps", "execution_graph", "entry_tools", "constraints", "tools")
_JUDGED = ("argument_sources", "verification", "judgement", "refinement_fallback")


Row = Mapping[str, Any]
Path = Sequence[tuple[Stage, Row]]
"""The rows of a document from the first stage to one nothing was made of."""


def read_shards(home: Home, shards: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read, of each shard, `documents` by id, `branches`, and one `rows` entry for the index per branch.

    All of them are held in memory; to ask shard by shard would open a database for each.
    """
    rows: dict[tuple[str, str], list[Row]] = {}
    with open_memory(home) as connection:
        for stage in STAGES:
            for row in _read_rows(connection, home, stage, shards):
                rows.setdefault((row["shard"], stage.asset), []).append(row)
    return ((shard, _of_shard(shard, rows)) for shard in shards)


def _read_rows(connection: Connection, home: Home, stage: Stage, shards: Sequence[str]) -> list[Row]:
    # The empty schema file has every column, also those that an older file lacks.
    files = [schema_file(home, stage.table), *(home.shard_file(stage.table, shard) for shard in shards)]
    held = parquet_sql(file for file in files if file.is_file())
    found = connection.execute(f"SELECT * FROM {held} ORDER BY shard, record_id, ordinal")
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _of_shard(shard: str, rows: Mapping[tuple[str, str], Sequence[Row]]) -> dict[str, Any]:
    children: dict[tuple[str, str], list[Row]] = {}
    for stage in STAGES:
        for row in sorted(rows.get((shard, stage.asset), ()), key=itemgetter("ordinal")):
            children.setdefault((stage.asset, row["parent_id"]), []).append(row)
    documents: dict[str, dict[str, Any]] = {}
    branches: list[dict[str, Any]] = []
    for first in (stage for stage in STAGES if reads(stage) == RAW_ROWS):
        for row in rows.get((shard, first.asset), ()):
            for path in _paths([(first, row)], children):
                branch = _branch(path)
                _enter_document(documents, row, bool(branch["messages"]))
                branches.append(branch)
    return {
        "documents": documents,
        "branches": branches,
        "rows": [_index_row(documents[branch["document"]], branch) for branch in branches],
    }


def _paths(path: Path, children: Mapping[tuple[str, str], Sequence[Row]]) -> Iterator[Path]:
    """Follow a row to each row that nothing was made of, the stages of the default way first."""
    last, row = path[-1]
    following = [
        (stage, child)
        for stage in STAGES
        if reads(stage) == last.asset
        for child in children.get((stage.asset, row["record_id"]), ())
    ]
    if not following:
        yield path
    for step in following:
        yield from _paths([*path, step], children)


def _enter_document(documents: dict[str, dict[str, Any]], row: Row, has_dialogue: bool) -> None:
    text = _payload(row).get("text") or ""
    told = {name: row[name] for name in _DOCUMENT} | {"text": text}
    known = documents.setdefault(row["document_id"], told)
    if not has_dialogue and len(text) > TEXT_WITHOUT_DIALOGUE and "left_out" not in known:
        known |= {"text": text[:TEXT_WITHOUT_DIALOGUE], "left_out": len(text) - TEXT_WITHOUT_DIALOGUE}
    elif has_dialogue:
        known |= {"text": text, "left_out": 0}


def _branch(path: Path) -> dict[str, Any]:
    versions = [(stage, row) for stage, row in path if stage.gives is Trajectory and row["payload"]]
    trajectory = _payload(versions[-1][1]) if versions else {}
    draft = _payload(versions[0][1]) if len(versions) > 1 else None
    labels = next((row for stage, row in path if stage.gives is ProceduralDocument), {})
    workflow = trajectory.get("workflow") or next(
        (_payload(row) for stage, row in path if stage.gives is Workflow), {}
    )
    return {
        "document": path[0][1]["document_id"],
        "generator": next((row["generator"] for _, row in reversed(path) if row["generator"]), None),
        "stages": [_stage(stage, row) for stage, row in path],
        **{name: labels.get(name) for name in _LABELS},
        "workflow": {name: workflow[name] for name in _WORKFLOW if name in workflow},
        "tools": trajectory.get("tools", ()),
        "messages": trajectory.get("messages", ()),
        "shape": trajectory.get("shape"),
        "version": versions[-1][0].asset.removesuffix("_trajectories") if versions else None,
        "draft": draft and {"messages": draft.get("messages", ()), "tools": draft.get("tools", ())},
        "draft_shape": draft and draft.get("shape"),
        **{name: trajectory[name] for name in _JUDGED if trajectory.get(name)},
        **({"findings": _findings(trajectory)} if trajectory.get("findings") else {}),
    }


def _findings(trajectory: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{**finding, "level": current_level(finding.get("level"))} for finding in trajectory["findings"]]


def _stage(stage: Stage, row: Row) -> dict[str, Any]:
    return {
        "asset": stage.asset,
        "id": row["record_id"],
        "outcome": row["outcome"],
        "reason": row["reason"],
        "evidence": row["evidence"],
        "prompt": row["prompt_version"],
        "model": row["model"],
        "measures": [
            (one.name, row.get(one.before) if one.before else None, row[one.column])
            for one in stage.measures
            if row.get(one.column) is not None
        ],
    }


def _payload(row: Row) -> dict[str, Any]:
    """Read a row's record as JSON; empty where it has none."""
    return json.loads(row["payload"]) if row.get("payload") else {}


def _index_row(document: Mapping[str, Any], branch: Mapping[str, Any]) -> list[Any]:
    """Write what the list is searched and filtered by; `viewer.js` names the places."""
    last, shape = branch["stages"][-1], branch["shape"] or {}
    return [
        branch["document"],
        document["title"] or document["source"],
        last["asset"],
        last["outcome"],
        last["reason"],
        branch["domains"] or [],
        branch["platform"],
        branch["task_category"],
        document["language"],
        shape.get("message_count"),
        shape.get("call_count"),
        shape.get("tool_count"),
        shape.get("patterns", []),
        [finding.get("reason") for finding in branch.get("findings", ())],
        branch["generator"],
    ]
