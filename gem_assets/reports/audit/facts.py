"""What the row of each stage tells besides its outcome: a name and a line of text for each fact.

Reads the record as JSON, not as a record, so that rows written by an older version can be audited, too.
Does not belong here: layout.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gem_assets.display import figures
from gem_assets.records.document import Document, ProceduralDocument
from gem_assets.records.judgement import current_level
from gem_assets.records.trajectory import Trajectory
from gem_assets.records.workflow import Workflow
from gem_assets.reports.audit.rows import AuditedRow
from gem_assets.stages.catalog import stage_of
from gem_assets.stages.stage import Stage
from gem_assets.store.tables import own_columns

Fact = tuple[str, str]


def facts_of(row: AuditedRow) -> list[Fact]:
    """Tell what the stage found out, made or judged; facts that are not there are left out."""
    stage = stage_of(row.asset)
    known = list(_BY_RECORD.get(stage.gives, _own_columns)(row))
    named = {name for name, _ in known}
    measured = [fact for fact in _measured(stage, row) if fact[0] not in named]
    return [(name, text) for name, text in (*known, *measured) if text]


def _own_columns(row: AuditedRow) -> Iterator[Fact]:
    """Tell the own columns of a stage nobody wrote words for."""
    for name, _ in own_columns(stage_of(row.asset).table):
        value = row.columns.get(name)
        if value is not None:
            yield name.replace("_", " "), str(value)


def _measured(stage: Stage, row: AuditedRow) -> Iterator[Fact]:
    for one in stage.measures:
        value = row.columns.get(one.column)
        before = row.columns.get(one.before) if one.before else None
        if value is not None:
            yield one.name, figures.change(str(before), str(value)) if before is not None else str(value)


def _of_document(row: AuditedRow) -> Iterator[Fact]:
    length = row.columns.get("character_count")
    yield "read", f"{figures.count(length)} characters, language {row.columns.get('language') or 'not told'}"


def _of_procedure(row: AuditedRow) -> Iterator[Fact]:
    columns = row.columns
    yield "summary", columns.get("summary") or ""
    yield "platform", columns.get("platform") or ""
    yield "domains", ", ".join(columns.get("domains") or ())
    yield "task", columns.get("task_category") or ""


def _of_workflow(row: AuditedRow) -> Iterator[Fact]:
    yield "description", row.columns.get("description") or ""
    steps = row.payload.get("steps", ())
    yield "steps", figures.count(len(steps)) if steps else ""
    tools = [str(tool.get("name")) for tool in row.payload.get("tools", ())]
    yield "tools", f"{len(tools)}: {', '.join(tools)}" if tools else ""
    edges = row.payload.get("execution_graph", ())
    arrows = [f"{edge.get('source')} -> {edge.get('target')}" for edge in edges]
    yield "graph", ", ".join(arrows)
    for constraint in row.payload.get("constraints", ()):
        yield "constraint", _constraint(constraint)


def _constraint(constraint: Mapping[str, Any]) -> str:
    rule, sentence = constraint.get("rule"), constraint.get("sentence")
    words = [f'"{sentence}"' if rule == sentence else f'{rule}, from "{sentence}"']
    if constraint.get("tool"):
        words.append(f"on {constraint['tool']}")
    if constraint.get("predicate"):
        words.append(f"as {constraint['predicate']}")
    return "; ".join(words)


def _of_trajectory(row: AuditedRow) -> Iterator[Fact]:
    columns = row.columns
    if columns.get("message_count") is not None:
        yield from _shape(columns)
    findings = row.payload.get("findings", ())
    for finding in findings:
        at = "" if finding.get("message") is None else f" at message {finding['message']}"
        level = ", warning" if current_level(finding.get("level")) == "warning" else ""
        yield "finding", f"{finding.get('reason')}{at}{level}: {finding.get('evidence')}"
    judgement = row.payload.get("judgement") or {}
    if judgement and not findings:
        yield "findings", "none"
    yield "judge", _verdict(judgement)
    for score in judgement.get("scores", ()):
        explanation = f": {score['explanation']}" if score.get("explanation") else ""
        yield "", f"{score.get('rubric')} = {score.get('score')}{explanation}"
    for vote in judgement.get("votes", ()):
        scored = ", ".join(f"{score['rubric']} = {score['score']}" for score in vote.get("scores", ()))
        yield "vote", f"{vote.get('model')}: {scored or 'no verdict, ' + vote.get('missing', '')}"


def _shape(columns: Mapping[str, Any]) -> Iterator[Fact]:
    """Tell a trajectory's size and patterns, beside those of its draft where it is the draft's rewriting."""
    patterns = ", ".join(columns.get("patterns") or ()) or "none"
    if columns.get("draft_message_count") is None:
        yield "messages", figures.count(columns["message_count"])
        offered = figures.count(columns["offered_tool_count"])
        yield "tools", f"{figures.count(columns['tool_count'])} of {offered} offered"
        yield "calls", figures.count(columns["call_count"])
        yield "patterns", patterns
        return
    for name, column in (("messages", "message_count"), ("tools", "tool_count"), ("calls", "call_count")):
        before, after = figures.count(columns.get(f"draft_{column}")), figures.count(columns[column])
        yield name, figures.change(before, after)
    before = ", ".join(columns.get("draft_patterns") or ()) or "none"
    yield "patterns", f"{patterns}, as before" if before == patterns else figures.change(before, patterns)


def _verdict(judgement: Mapping[str, Any]) -> str:
    if not judgement:
        return ""
    model = judgement.get("model")
    sample = f", sample {judgement['sample']}" if judgement.get("sample") else ""
    rule = f" ({judgement['rule']})" if judgement.get("rule") else ""
    return f"{judgement.get('status')}{rule}" + (f" by {model}{sample}" if model else "")


_BY_RECORD: Mapping[type, Callable[[AuditedRow], Iterator[Fact]]] = {
    Document: _of_document,
    ProceduralDocument: _of_procedure,
    Workflow: _of_workflow,
    Trajectory: _of_trajectory,
}
