"""The recorded answers as a model and as the records that the stages make of them.

Does not belong here: the answers themselves (`data/recorded_answers`).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gem_assets.llm.protocol import Llm, Request
from gem_assets.records.base import content_hash, make_id
from gem_assets.records.document import Document, ProceduralDocument, RawRow, RowStatus
from gem_assets.records.outcome import Kept, Outcome
from gem_assets.records.trajectory import Trajectory
from gem_assets.records.workflow import Workflow
from gem_assets.settings import Settings
from gem_assets.stages.catalog import ASSETS, DEFAULT_WAY, stage_of
from gem_assets.stages.run import to_outcome
from gem_assets.stages.shard import StageContext, run_stage_on_shards
from gem_assets.stages.stage import Stage
from gem_assets.store.connections import column_types, open_memory
from gem_assets.store.home import Home
from gem_assets.store.stage_runs import StageRun
from gem_assets.store.tables import write_rows
from gem_assets_tests.configured import configured
from gem_assets_tests.fakes import ScriptedLlm

DATA = Path(__file__).parents[1] / "data"
ANSWERS = DATA / "recorded_answers"
DOCUMENTS = DATA / "recorded_documents.jsonl"
INDEX: dict[str, dict[str, Any]] = json.loads((ANSWERS / "index.json").read_text("utf-8"))
PROCEDURES = [name for name, tasks in INDEX.items() if "judge_trajectory" in tasks]
ESSAY = next(name for name in INDEX if name not in PROCEDURES)
SETTINGS = Settings(home=Path("nowhere"))
ASKING = tuple(stage for stage in DEFAULT_WAY.stages if stage.role)
"""The stages of the written way that ask a model."""


@dataclass(frozen=True)
class Chain:
    """One document and what each stage made of it."""

    row: RawRow
    document: Document
    procedure: ProceduralDocument
    workflow: Workflow
    draft: Trajectory
    refined: Trajectory
    validated: Trajectory

    @property
    def records(self) -> dict[str, Any]:
        """What is stored of it, by asset."""
        return dict(zip(ASSETS, list(vars(self).values())[1:], strict=True))

    def input_of(self, asset: str) -> Any:
        return self.records[ASSETS[ASSETS.index(asset) - 1]]


def recorded(name: str, task: str) -> str:
    return (ANSWERS / INDEX[name][task]).read_text("utf-8")


@cache
def recorded_rows() -> dict[str, RawRow]:
    """The recorded documents as raw rows, by the id they bring along."""
    rows: dict[str, RawRow] = {}
    for number, line in enumerate(DOCUMENTS.read_text("utf-8").splitlines(), start=1):
        fields = json.loads(line)
        name = fields.pop("id")
        rows[name] = RawRow(
            document_id=make_id("documents", name),
            corpus="demo",
            source=DOCUMENTS.name,
            place=f"line {number}",
            source_id=name,
            **fields,
        )
    return rows


def put_rows(home: Home, rows: Sequence[RawRow], *, size: int = 10, first: int = 0) -> list[str]:
    """Store raw rows in shards of `demo` from the `first` one on, as ingesting them would."""
    declared = {name for name, _ in column_types("raw_rows")}
    shards: list[str] = []
    for start in range(0, len(rows), size):
        shard = f"demo-{first + start // size:05d}"
        content = [
            {name: value for name, value in row.model_dump().items() if name in declared}
            | {"shard": shard, "position": position}
            | dict.fromkeys(("text_hash", "duplicate_key"), content_hash(row.text))
            for position, row in enumerate(rows[start : start + size])
        ]
        write_rows(home.shard_file("raw_rows", shard), "raw_rows", content, {})
        shards.append(shard)
    return shards


def recorded_answer(request: Request) -> str:
    """Answer as recorded for the document whose text stands in the prompt."""
    prompt = request.messages[0].content
    name = next(name for name, row in recorded_rows().items() if row.text.split("\n")[0] in prompt)
    return recorded(name, request.task)


@cache
def chain(name: str = PROCEDURES[0]) -> Chain:
    row = recorded_rows()[name]
    llm = ScriptedLlm(recorded_answer)
    records: list[Any] = [status_of(row)]
    for stage in DEFAULT_WAY.stages:
        records.append(_only(judge(stage, records[-1], llm)))
    return Chain(row, *records[1:])


def status_of(row: RawRow, **changes: Any) -> RowStatus:
    """A row that nothing supersedes or repeats."""
    fields = {"row": row, "superseded": False, "first_document_id": row.document_id}
    return RowStatus.model_validate(fields | changes)


def judge(stage: Stage | str, record: Any, llm: Llm, settings: Settings = SETTINGS) -> Outcome[Any]:
    """Let a stage judge one record, errors of the model included."""
    stage = stage_of(stage) if isinstance(stage, str) else stage
    return asyncio.run(to_outcome(stage.run(record, llm if stage.role else None, settings), stage))


def serve(monkeypatch: pytest.MonkeyPatch, llm: Llm) -> None:
    """Let every role of a shard's run be this model."""

    @asynccontextmanager
    async def opened(*_: Any) -> AsyncIterator[Any]:
        yield SimpleNamespace(filter=llm, teacher=llm, judge=llm, for_role=lambda role: llm)

    monkeypatch.setattr("gem_assets.stages.shard.open_models", opened)


def carry(
    settings: Settings,
    shard: str,
    run_id: str,
    *,
    until: str = ASSETS[-1],
    environment: dict[str, str] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    limit: int | None = None,
) -> list[StageRun]:
    """Carry a shard through the stages, as the assets do."""
    runs: list[StageRun] = []
    context = StageContext(run_id, configured(settings, environment), progress, limit)
    for asset in ASSETS[: ASSETS.index(until) + 1]:
        with open_memory() as connection:
            runs += run_stage_on_shards(connection, stage_of(asset), [shard], context)
    return runs


def _only(outcome: Outcome[Any]) -> Any:
    assert isinstance(outcome, Kept), outcome
    return outcome.records[0]
