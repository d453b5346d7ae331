"""Documents for measuring the laws: read from files, carried through every stage, timed.

Rows are JSON lines with `text` and maybe `title`, `language`, `source`, `label_multi_step`; other files are
one document each. Does not belong here: what is measured (`figures.py`), ingestion (`gem_assets.corpus`).
"""

import asyncio
import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gem_assets.corpus.normalising import normalise
from gem_assets.llm.models import Models
from gem_assets.llm.offline import OfflineLlm
from gem_assets.offline.text.signals import MIN_EVIDENCE
from gem_assets.offline.text.steps import read_sections
from gem_assets.pipeline import synthesize
from gem_assets.records.base import Record, make_id
from gem_assets.records.document import Document
from gem_assets.records.outcome import Kept, Outcome, Rejected
from gem_assets.records.trajectory import Trajectory
from gem_assets.records.workflow import Workflow
from gem_assets.settings import Settings
from gem_assets.stages.catalog import (
    DRAFT_TRAJECTORIES,
    PROCEDURAL_DOCUMENTS,
    REFINED_TRAJECTORIES,
    VALIDATED_TRAJECTORIES,
    WORKFLOWS,
)
from gem_assets.stages.corpus import recognise_language
from gem_assets.stages.stage import Stage

_TEXT_FILES = {".md", ".txt", ".rst"}
_MARKED_STEP = re.compile(r"^[ \t>]*(?:\d{1,3}[.)]|step \d+)[ \t]", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class Labelled:
    """A document and, where somebody said so, whether it holds a procedure."""

    document: Document
    source: str
    label: bool | None


@dataclass
class Carried:
    """What the stages made of one document."""

    labelled: Labelled
    kept: bool = False
    workflows: list[Workflow] = field(default_factory=list)
    drafts: list[Trajectory] = field(default_factory=list)
    refined: list[Trajectory] = field(default_factory=list)
    validated: list[Trajectory] = field(default_factory=list)
    rejections: list[tuple[str, str]] = field(default_factory=list)
    """(reason, evidence) of everything rejected after the filter."""


def read_paths(paths: Sequence[Path]) -> list[Labelled]:
    """Read documents from JSON lines files, text files and folders of them.

    Raises:
        ValueError: a line is no JSON object, or there is no document; the message names file and line.
    """
    found = [labelled for path in paths for file in _files(path) for labelled in _read(file)]
    if not found:
        raise ValueError(f"no document in {', '.join(map(str, paths))}: give .jsonl, .md, .txt or .rst files")
    return found


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise ValueError(f"{path} does not exist")
    inside = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [file for file in inside if file.is_file() and file.suffix in {*_TEXT_FILES, ".jsonl"}]


def _read(file: Path) -> Iterator[Labelled]:
    if file.suffix != ".jsonl":
        yield _labelled({"text": file.read_text("utf-8", "replace"), "doc_id": file.name}, file, 1)
        return
    for number, line in enumerate(file.read_text("utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{file}, line {number}: no JSON ({error})") from error
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            raise ValueError(f"{file}, line {number}: no object with a text")
        yield _labelled(row, file, number)


def _labelled(row: dict[str, Any], file: Path, number: int) -> Labelled:
    text = normalise(row["text"])
    label = row.get("label_multi_step")
    document = Document(
        document_id=make_id("documents", str(row.get("doc_id", f"{file.name}:{number}"))),
        corpus="laws",
        source=file.name,
        place=f"line {number}",
        title=normalise(row.get("title") or "") or None,
        language=str(row.get("language") or recognise_language(text)),
        text=text,
    )
    return Labelled(
        document, str(row.get("source", file.parent.name)), label if label in (True, False) else None
    )


def carry_all(documents: Sequence[Labelled], settings: Settings) -> tuple[list[Carried], float]:
    """Carry documents through the stages; also return the seconds of processor time it took."""
    started = time.process_time()
    carried = asyncio.run(_carry_all(documents, settings))
    return carried, time.process_time() - started


async def _carry_all(documents: Sequence[Labelled], settings: Settings) -> list[Carried]:
    return [await _carry(labelled, settings) for labelled in documents]


async def _carry(labelled: Labelled, settings: Settings) -> Carried:
    carried = Carried(labelled)
    llm = OfflineLlm()

    def note(stage: Stage, outcome: Outcome[Record]) -> bool:
        _note(carried, stage, outcome)
        return True

    await synthesize(labelled.document, Models(llm, llm, llm, lambda role: llm), settings, note)
    return carried


def _note(carried: Carried, stage: Stage, outcome: Outcome[Record]) -> None:
    """Sort what a stage kept and rejected; what the filter rejects is no rejection here."""
    if not isinstance(outcome, Kept):
        if stage is not PROCEDURAL_DOCUMENTS:
            carried.rejections.append((str(outcome.reason), outcome.evidence))
        return
    rejected = [child for child in outcome.children if isinstance(child, Rejected)]
    carried.rejections.extend((str(child.reason), child.evidence) for child in rejected)
    carried.kept = carried.kept or stage is PROCEDURAL_DOCUMENTS
    stores = {
        WORKFLOWS: carried.workflows,
        DRAFT_TRAJECTORIES: carried.drafts,
        REFINED_TRAJECTORIES: carried.refined,
        VALIDATED_TRAJECTORIES: carried.validated,
    }
    if stage in stores:
        stores[stage].extend(outcome.records)


def step_count(document: Document) -> int:
    """Count the steps of a text: what is read as one, or what is numbered, whichever is more."""
    sections = read_sections(document.text, document.title)
    read = sum(step.evidence >= MIN_EVIDENCE for section in sections for step in section.steps)
    return max(read, len(_MARKED_STEP.findall(document.text)))
