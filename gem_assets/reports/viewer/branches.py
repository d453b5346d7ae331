"""What the trajectory viewer shows of a shard: its documents, and each branch as far as it came.

Reads records as JSON, not as records, so that rows written by an older version are shown, too. Does not
belong here: files and when they are written (`viewer.py`), looks (`templates/viewer.*`).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from gem_assets.records.judgement import current_level
from gem_assets.reports.queries import rows_of
from gem_assets.stages.catalog import ASSETS
from gem_assets.store.connections import open_memory, quote
from gem_assets.store.home import Home
from gem_assets.store.tables import SCHEMA_FILE

TEXT_WITHOUT_DIALOGUE = 6000
"""Characters that are shown of a document no dialogue came of."""

_DOCUMENT = ("corpus", "source", "place", "title", "url", "license", "language", "text")
_LABELS = ("summary", "platform", "domains", "task_category")
_WORKFLOW = ("description", "steps", "execution_graph", "entry_tools", "constraints", "tools")
_JUDGED = ("argument_sources", "verification", "judgement", "refinement_fallback")


def read_shards(home: Home, shards: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read, of each shard, `documents` by id, `branches`, and one `rows` entry for the index per branch.

    All of them are held in memory; to ask shard by shard would open a database for each.
    """
    with open_memory() as connection:
        for asset in ASSETS:
            table = f"{asset}_outcomes"
            # The empty schema file has every column, also those that an older file lacks.
            schema = home.shard_glob(table).with_name(SCHEMA_FILE)
            files = [schema, *(home.shard_file(table, shard) for shard in shards)]
            found = ", ".join(quote(file) for file in files if file.is_file())
            connection.execute(
                f"CREATE VIEW {table} AS SELECT * FROM read_parquet([{found}], union_by_name = true)"
            )
        rows = rows_of(connection, "viewer_branches")
    of_shards = {shard: list(found) for shard, found in groupby(rows, key=itemgetter("shard"))}
    return ((shard, _told(of_shards.get(shard, []))) for shard in shards)


def _told(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    documents: dict[str, dict[str, Any]] = {}
    branches: list[dict[str, Any]] = []
    for row in rows:
        _enter_document(documents, row)
        branches.append(_branch(row))
    return {
        "documents": documents,
        "branches": branches,
        "rows": [_index_row(documents[branch["document"]], branch) for branch in branches],
    }


def _enter_document(documents: dict[str, dict[str, Any]], row: Mapping[str, Any]) -> None:
    text = row["text"] or ""
    known = documents.setdefault(row["document_id"], {name: row[name] for name in _DOCUMENT})
    if row["trajectory"] is None and len(text) > TEXT_WITHOUT_DIALOGUE and "left_out" not in known:
        known |= {"text": text[:TEXT_WITHOUT_DIALOGUE], "left_out": len(text) - TEXT_WITHOUT_DIALOGUE}
    elif row["trajectory"] is not None:
        known |= {"text": text, "left_out": 0}


def _branch(row: Mapping[str, Any]) -> dict[str, Any]:
    trajectory = json.loads(row["trajectory"]) if row["trajectory"] else {}
    draft = json.loads(row["draft"]) if row["draft"] else None
    workflow = trajectory.get("workflow") or json.loads(row["workflow"] or "{}")
    return {
        "document": row["document_id"],
        "generator": row["generator"],
        "stages": _stages(row),
        **{name: row[name] for name in _LABELS},
        "workflow": {name: workflow[name] for name in _WORKFLOW if name in workflow},
        "tools": trajectory.get("tools", ()),
        "messages": trajectory.get("messages", ()),
        "shape": trajectory.get("shape"),
        "draft": draft and {"messages": draft.get("messages", ()), "tools": draft.get("tools", ())},
        "draft_shape": draft and draft.get("shape"),
        **{name: trajectory[name] for name in _JUDGED if trajectory.get(name)},
        **({"findings": _findings(trajectory)} if trajectory.get("findings") else {}),
    }


def _findings(trajectory: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{**finding, "level": current_level(finding.get("level"))} for finding in trajectory["findings"]]


def _stages(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    columns = ("record_ids", "outcomes", "reasons", "evidences", "prompt_versions", "models")
    names = ("id", "outcome", "reason", "evidence", "prompt", "model")
    stages = zip(ASSETS, *(row[column] for column in columns), strict=True)
    return [
        {"asset": asset, **dict(zip(names, values, strict=True))}
        for asset, *values in stages
        if values[1] is not None
    ]


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
