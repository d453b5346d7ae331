"""What the laws count in trajectories: values and where they come from, repeats, refusals, skeletons.

Looks at finished trajectories only, never at the simulator. Does not belong here: bounds (`laws.py`).
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gem_assets.offline.workflow.naming import name_problem
from gem_assets.records.outcome import Reason
from gem_assets.records.trajectory import Trajectory
from gem_assets.verification.constraints.predicates import evaluate
from gem_assets.verification.conversation.cues import is_write
from gem_assets.verification.conversation.mentions import Text, mentions, read_text
from gem_assets.verification.grounding.identifiers import is_id_value
from gem_assets.verification.registry import CONTENT_CHECKS, run_checks
from gem_assets.verification.schema.schema import find_bad_arguments
from gem_assets.verification.values import leaves
from gem_assets.verification.view import ToolInteraction, TrajectoryView, pair_calls

_DECLINES = re.compile(r"\b(?:can't|cannot|not possible|have to say no)\b", re.IGNORECASE)


@dataclass
class Figures:
    """Counts over trajectories of one stage, with examples of what should not be."""

    trajectories: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    skeletons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def note(self, what: str, example: str) -> None:
        """Count something that should not be, and keep the first three examples."""
        self.counts[what] += 1
        kept = self.examples.setdefault(what, [])
        if len(kept) < 3:
            kept.append(example[:200])

    def share(self, part: str, whole: str) -> float:
        """Return a share; 0 of nothing is 0."""
        return self.counts[part] / self.counts[whole] if self.counts[whole] else 0.0

    @property
    def largest_skeleton(self) -> float:
        """The share of the most frequent order of turns."""
        return self.skeletons.most_common(1)[0][1] / self.trajectories if self.trajectories else 0.0


def measure_trajectories(trajectories: Sequence[Trajectory]) -> Figures:
    """Count what the laws are about."""
    figures = Figures(len(trajectories))
    for trajectory in trajectories:
        uses = pair_calls(trajectory.messages)
        figures.counts["calls"] += len(uses)
        figures.skeletons["".join(_letter(m.role, bool(m.tool_calls)) for m in trajectory.messages)] += 1
        _schemas(figures, trajectory)
        _values(figures, trajectory, uses)
        _repeats(figures, trajectory, uses)
        _rules(figures, trajectory, uses)
        _findings(figures, trajectory)
    return figures


def _letter(role: str, calls: bool) -> str:
    return "c" if calls else role[0]


def _place(trajectory: Trajectory) -> str:
    return trajectory.workflow.procedure.document.title or trajectory.document_id


def _schemas(figures: Figures, trajectory: Trajectory) -> None:
    view = TrajectoryView(trajectory.tools, trajectory.messages)
    failed = {use.index for use in view.interactions if use.failed}
    for finding in find_bad_arguments(view):
        if finding.message not in failed:
            figures.note("invalid calls", f"{_place(trajectory)}: {finding.evidence}")


def _values(figures: Figures, trajectory: Trajectory, uses: Sequence[ToolInteraction]) -> None:
    texts = [read_text(message.content) for message in trajectory.messages]
    roles = [message.role for message in trajectory.messages]
    for use in uses:
        produced = False
        results = [text for text, role in zip(texts[: use.index], roles, strict=False) if role == "tool"]
        for path, value in leaves(use.call.arguments):
            figures.counts["values"] += 1
            known = any(mentions(text, value) for text in texts[: use.index])
            where = f"{_place(trajectory)}: {use.call.name} {path} = {value!r}"
            if not known:
                figures.note("untraceable values", where)
            if not known and (is_id_value(value) or "_id" in path):
                figures.note("ungrounded identifiers", where)
            produced = produced or ("_id" in path and _came_from(results, value))
        figures.counts["calls with a produced value"] += produced


def _came_from(results: Sequence[Text], value: Any) -> bool:
    return any(mentions(text, value) for text in results)


def _repeats(figures: Figures, trajectory: Trajectory, uses: Sequence[ToolInteraction]) -> None:
    seen: set[str] = set()
    for use in uses:
        key = f"{use.call.name} {json.dumps(use.call.arguments, sort_keys=True)}"
        if key in seen:
            figures.note("repeated calls", f"{_place(trajectory)}: {key}")
        if is_write(use.call.name) and not use.failed:
            seen.clear()
        seen.add(key)


def _rules(figures: Figures, trajectory: Trajectory, uses: Sequence[ToolInteraction]) -> None:
    """Hold what every call met against the predicates, over what earlier results said of the record."""
    states: dict[str, dict[str, Any]] = {}
    for use in uses:
        predicates = [
            c.predicate for c in trajectory.workflow.constraints if c.tool == use.call.name and c.predicate
        ]
        keys = [str(v) for name, v in use.call.arguments.items() if name.endswith("_id") and str(v) in states]
        state = states.get(keys[0], {}) if keys else {}
        answers = [evaluate(predicate, use.call.arguments, state) for predicate in predicates]
        _judge(figures, trajectory, use, answers)
        _learn(states, use)
        _judge_speech(figures, trajectory, use, states)


def _judge(
    figures: Figures, trajectory: Trajectory, use: ToolInteraction, answers: list[bool | None]
) -> None:
    text = use.result.content if use.result else ""
    where = f"{_place(trajectory)}: {use.call.name} {json.dumps(use.call.arguments)[:80]} -> {text[:80]}"
    figures.counts["verdicts"] += sum(answer is not None for answer in answers)
    if not use.failed and False in answers:
        figures.note("wrong verdicts", where)
    if use.failed and "not possible" in text:
        figures.counts["refusals by rule"] += 1
        if False not in answers and None not in answers:
            figures.note("wrong verdicts", where)


def _judge_speech(
    figures: Figures, trajectory: Trajectory, use: ToolInteraction, states: dict[str, dict[str, Any]]
) -> None:
    """Hold what the assistant declines after a read, naming a record and a rule, against that rule."""
    reply = trajectory.messages[min(use.index + 2, len(trajectory.messages) - 1)]
    if reply.role != "assistant" or reply.tool_calls or not _DECLINES.search(reply.content):
        return
    keys = [str(value) for value in use.call.arguments.values() if str(value) in states]
    for constraint in trajectory.workflow.constraints:
        if (
            keys
            and constraint.predicate
            and "state." in constraint.predicate
            and constraint.rule in reply.content
        ):
            figures.counts["refusals by rule"] += 1
            if evaluate(constraint.predicate, {}, states[keys[0]]) is not False:
                figures.note("wrong verdicts", f"{_place(trajectory)}: {reply.content[:120]}")


def _learn(states: dict[str, dict[str, Any]], use: ToolInteraction) -> None:
    if use.result is None or use.failed:
        return
    for record in _records(json.loads(use.result.content)):
        for name, value in record.items():
            if name.endswith("_id"):
                states.setdefault(str(value), {}).update(record)


def _records(result: Any) -> list[dict[str, Any]]:
    if isinstance(result, list):
        return [record for one in result for record in _records(one)]
    if isinstance(result, dict):
        return [result, *(record for one in result.values() for record in _records(one))]
    return []


def _findings(figures: Figures, trajectory: Trajectory) -> None:
    verified = run_checks(TrajectoryView.of(trajectory), CONTENT_CHECKS)
    for finding in verified.errors:
        figures.note("errors", f"{_place(trajectory)}: {finding.reason}: {finding.evidence}")
    for finding in verified.findings:
        if finding.reason == Reason.VERIFY_RULE_INVENTED:
            figures.note("unsourced rules", f"{_place(trajectory)}: {finding.evidence}")


def measure_names(trajectories: Sequence[Trajectory]) -> Figures:
    """Lint the names of all tools, each workflow's once."""
    figures = Figures(len(trajectories))
    for trajectory in trajectories:
        for tool in trajectory.tools:
            figures.counts["names"] += 1
            problem = name_problem(tool.name)
            if problem:
                figures.note("bad names", f"{tool.name}: {problem}")
    return figures
