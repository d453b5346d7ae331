"""The chain of a record as text for a terminal; what documents and models wrote stands behind a bar or label.

Does not belong here: reading rows (`rows.py`), what a stage's row tells (`facts.py`).
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gem_assets.display import figures
from gem_assets.display.visible import shortened, visible, visible_lines
from gem_assets.reports.audit.facts import Fact, facts_of
from gem_assets.reports.audit.rows import AuditedRow, Chain, EarlierVersion
from gem_assets.stages.catalog import STAGES, reads

WIDTH = 100
TEXT_LINES = 15
FACT_CHARACTERS = 4000
KEY_CHARACTERS = 12

_LABEL = 13

Journal = Mapping[str, Mapping[str, Any]]


def render_chain(chain: Chain, journal: Journal) -> str:
    """Write sources and rows, each source before the rows that were made of it."""
    found = chain.found
    kind = "document" if found.record_id == found.document_id else found.asset
    blocks = [f"{found.record_id}: {kind}, {found.outcome}"]
    told: set[str] = set()
    shards = [source["shard"] for source in chain.sources] + [row.shard for row in chain.rows]
    for shard in dict.fromkeys(shards):
        rows = [row for row in chain.rows if row.shard == shard]
        if not rows and chain.rows:
            continue
        blocks.append("\n".join(_source_lines(chain, shard, rows)))
        blocks += ["\n".join(_row_lines(chain, row, journal, told)) for row in rows]
    if chain.other_rows:
        blocks.append(
            f"Not shown: {figures.things(chain.other_rows, 'row')} of other branches of this document "
            f"(`gem audit {found.document_id}`)."
        )
    return "\n\n".join(blocks)


def _source_lines(chain: Chain, shard: str, rows: Sequence[AuditedRow]) -> Iterator[str]:
    source = next((source for source in chain.sources if source["shard"] == shard), None)
    told = source or ({**rows[0].columns, "text": rows[0].payload.get("text")} if rows else {})
    yield "source"
    yield from _field("document", chain.found.document_id)
    version = "no longer among the raw rows"
    if source:
        version = f"version {source['version']} of {len(chain.sources)}"
    yield from _field("stands in", f"corpus {told.get('corpus')}, shard {shard}, {version}")
    yield from _field("place", ", ".join(filter(None, (told.get("source"), told.get("place")))))
    for name in ("title", "url", "license", "language"):
        yield from _field(name, told.get(name) or "not given")
    text = told.get("text")
    yield from _text_lines(text) if text is not None else _field("text", "not kept")


def _text_lines(text: str) -> Iterator[str]:
    lines = visible_lines(text)
    size = f"{figures.things(len(text), 'character')}, {figures.things(len(lines), 'line')}"
    yield from _field("text", f"{size}, the first {TEXT_LINES}:" if len(lines) > TEXT_LINES else f"{size}:")
    for line in lines[:TEXT_LINES]:
        yield from _quoted(line)


def _quoted(line: str) -> list[str]:
    """Write a line of a document behind a bar, on as many lines as it takes."""
    words = shortened(line, 5 * WIDTH)
    lead = "    | "
    lines = textwrap.wrap(words, WIDTH, initial_indent=lead, subsequent_indent=lead, drop_whitespace=False)
    return [part.rstrip() for part in lines or [lead]]


def _row_lines(chain: Chain, row: AuditedRow, journal: Journal, told: set[str]) -> Iterator[str]:
    mark = "  <-- asked for" if row.record_id == chain.found.record_id and len(chain.rows) > 1 else ""
    yield f"{row.number} {row.asset}: {row.columns['outcome'].upper()}{mark}"
    facts = [*_identity(row), *facts_of(row), *_making(row), *_calls(row, journal, told), *_runs(row)]
    facts += _next(chain, row)
    for name, text in facts:
        yield from _field(name, text)


def _identity(row: AuditedRow) -> Iterator[Fact]:
    ordinal = row.columns["ordinal"]
    yield "record", row.record_id + (f" (number {ordinal + 1} of its parent)" if ordinal else "")
    if row.columns["reason"] is not None:
        yield "reason", row.columns["reason"]
        yield "evidence", row.columns["evidence"] or "none"


def _making(row: AuditedRow) -> Iterator[Fact]:
    columns = row.columns
    if columns["model"] is None and columns["prompt_version"] is None:
        made_of = f"; made from what {columns['generator']} wrote" if columns["generator"] else ""
        yield "made by", f"rules alone, no model was asked{made_of}"
        return
    repaired = ", read after a repair turn" if columns["recovered"] else ""
    yield "made by", f"{_maker(columns)}{repaired}"
    yield "prompt", columns["prompt_version"] or "none"
    if columns["ordinal"] and not columns["input_tokens"] and columns["call_keys"]:
        yield "spent", "counted with the first record of the same answer"
    else:
        yield "spent", _spent(columns)


def _maker(columns: Mapping[str, Any]) -> str:
    """Name who answered and, where that is another, who wrote the first version."""
    generator, model = columns["generator"], columns["model"] or "a model without a name"
    if generator == model:
        return model
    return f"model {model}" + ("" if generator in ("model", None) else f", of what {generator} wrote")


def _calls(row: AuditedRow, journal: Journal, told: set[str]) -> Iterator[Fact]:
    for key in row.columns["call_keys"]:
        name = key[:KEY_CHARACTERS]
        if key in told:
            yield "call", f"{name} (the same as above)"
        elif key in journal:
            yield "call", f"{name} {_call(journal[key])}"
        else:
            yield "call", f"{name} is not in the journal"
        told.add(key)


def _call(call: Mapping[str, Any]) -> str:
    model = call.get("answered_by") or call.get("model") or "a model without a name"
    words = [f"{call.get('task') or 'no task'} to {model}"]
    if call.get("sample"):
        words.append(f"sample {call['sample']}")
    words.append(_spent(call))
    if call.get("refusal_kind"):
        words.append(f"refused as {call['refusal_kind']}: {call.get('refusal_evidence') or 'no evidence'}")
    if call.get("finish_reason"):
        words.append(f"finish {call['finish_reason']}")
    if call.get("parse_result"):
        words.append("read" if call["parse_result"] == "ok" else f"not read: {call['parse_result']}")
    return ", ".join(words)


def _spent(told: Mapping[str, Any]) -> str:
    """Write tokens, time and cost; what is not told is unknown, never nothing."""
    numbers = (
        ("input_tokens", figures.count),
        ("output_tokens", figures.count),
        ("seconds", figures.duration),
    )
    tokens_in, tokens_out, seconds = (
        figures.UNKNOWN if told.get(name) is None else write(told[name]) for name, write in numbers
    )
    return f"{tokens_in} tokens in, {tokens_out} out, {seconds}, cost {figures.money(told.get('cost'))}"


def _runs(row: AuditedRow) -> Iterator[Fact]:
    ended = f"ended {row.finished_at} UTC" if row.finished_at else "not in the log of runs"
    only = "" if row.earlier else "; no earlier version"
    yield "run", f"{row.columns['run_id']}, {ended}, code {row.columns['code_version']}{only}"
    if row.earlier:
        versions = "; ".join(map(_earlier, row.earlier))
        yield "earlier", f"{figures.things(len(row.earlier), 'version')}: {versions}"


def _earlier(version: EarlierVersion) -> str:
    when = f", {version.finished_at} UTC" if version.finished_at else ""
    outcome = version.outcome or "no such record"
    return f"{outcome}{f' {version.reason}' if version.reason else ''} (run {version.run_id}{when})"


def _next(chain: Chain, row: AuditedRow) -> Iterator[Fact]:
    """Say so where the next stage has not seen a kept record yet."""
    followed = any(other.parent == (row.shard, row.record_id) for other in chain.rows)
    following = next((stage for stage in STAGES if reads(stage) == row.asset), None)
    if row.columns["outcome"] == "kept" and not followed and following is not None:
        yield "next", f"{following.asset} has not seen it yet: `gem run --shard {row.shard}`"


def _field(name: str, text: str) -> list[str]:
    """Write one fact, wrapped beside its name; what it quotes can neither act nor pose as another fact."""
    lead = f"    {name.ljust(_LABEL)}"
    words = visible(shortened(text, FACT_CHARACTERS))
    return textwrap.wrap(words, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead)) or [
        lead.rstrip()
    ]
