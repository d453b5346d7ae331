"""`gem try`: one document through today's prompts, each outcome told as it comes."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gem_assets.configuration import RunConfiguration
from gem_assets.corpus.reading import RefusedRow, read_each
from gem_assets.corpus.walking import IngestionError
from gem_assets.llm.models import open_models
from gem_assets.records.base import Record
from gem_assets.records.document import Document, ProceduralDocument, RawRow, RowStatus
from gem_assets.records.outcome import Kept, Outcome, Rejected
from gem_assets.records.trajectory import Trajectory
from gem_assets.records.workflow import Workflow
from gem_assets.stages.run import model_of, to_outcome
from gem_assets.stages.staleness import chain_to
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home
from gem_assets.store.raw import find_raw_rows

Say = Callable[[str], None]


async def try_one(configuration: RunConfiguration, named: str, until: str, say: Say) -> None:
    """Carry each document that `named` (a file or a document id) holds as far as `until`.

    Raises:
        IngestionError: no such file, and no document of that id.
    """
    home = configuration.home
    async with open_models(configuration.models, home.root, "try") as models:
        for row in _rows(home, named):
            say(f"== {row.title or row.source} ({row.source}, {row.place})")
            records: list[Any] = [RowStatus(row=row, superseded=False, first_document_id=row.document_id)]
            spent: list[float | None] = []
            for stage in chain_to(until):
                llm = model_of(stage, models)
                kept: list[Any] = []
                for record in records:
                    outcome = await to_outcome(stage.run(record, llm, configuration.settings), stage)
                    say(describe(stage.asset, outcome))
                    spent.append(outcome.provenance.cost)
                    kept += outcome.records if isinstance(outcome, Kept) else ()
                records = kept
            known = sum(cost for cost in spent if cost is not None)
            say(f"   cost {'unknown' if None in spent else f'${known:.4f}'}\n")


def describe(asset: str, outcome: Outcome[Any]) -> str:
    """Tell one outcome in a few lines."""
    if not isinstance(outcome, Kept):
        pile = "rejected" if isinstance(outcome, Rejected) else "failed"
        return f"{asset:24} {pile}: {outcome.reason} ({_short(outcome.evidence)})"
    lines = [
        f"{asset:24} rejected: {child.reason} ({_short(child.evidence)})"
        if isinstance(child, Rejected)
        else f"{asset:24} kept: {_tell(child)}"
        for child in outcome.children
    ]
    return "\n".join(lines)


def _rows(home: Home, named: str) -> Iterator[RawRow]:
    """Give the documents of a file as they are read, or the one of an id."""
    if Path(named).exists():
        yield from _read(named)
        return
    with open_live(home, ("raw_rows",)) as connection:
        rows = find_raw_rows(connection, named)
    if not rows:
        raise IngestionError(f"{named} is neither a file nor the id of an ingested document")
    yield from rows


def _read(named: str) -> Iterator[RawRow]:
    refused: RefusedRow | None = None
    accepted = False
    for found in read_each([Path(named)], "try"):
        if isinstance(found, RawRow):
            accepted = True
            yield found
        elif isinstance(found, RefusedRow):
            refused = refused or found
    if not accepted:
        problem = f": {refused.reason}; {refused.remedy}" if refused else ""
        raise IngestionError(f"{named} holds no text to try{problem}")


def _tell(record: Record) -> str:
    if isinstance(record, Document):
        return f"{len(record.text)} characters, {record.language}"
    if isinstance(record, ProceduralDocument):
        labels = f"{record.platform}; {', '.join(record.domains)}; {record.task_category}"
        return f"{_short(record.summary)} [{labels}]"
    if isinstance(record, Workflow):
        tools = ", ".join(tool.name for tool in record.tools)
        return f"{len(record.steps)} steps, {len(record.constraints)} constraints, tools {tools}"
    if not isinstance(record, Trajectory):
        return type(record).__name__
    shape = record.shape
    judged = f", judge: {record.judgement.status}" if record.judgement else ""
    return (
        f"{shape.message_count} messages, {shape.tool_count} tools, {shape.call_count} calls, "
        f"patterns {', '.join(shape.patterns)}{judged}"
    )


def _short(text: str) -> str:
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    return plain if len(plain) <= 160 else plain[:157] + "…"
