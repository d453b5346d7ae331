"""The rules of the source as predicates: what succeeds against one, what is refused within all.

Does not belong here: how a predicate is evaluated (`predicates`), what the assistant says of a limit
(`statements`).
"""

import re
from dataclasses import dataclass

from pydantic import JsonValue

from gem_assets.records.outcome import Reason
from gem_assets.records.workflow import Constraint
from gem_assets.verification.check import Defect
from gem_assets.verification.constraints.predicates import evaluate
from gem_assets.verification.grounding.identifiers import is_id_value, squash, words_of
from gem_assets.verification.state.entities import Field
from gem_assets.verification.state.state_store import Store
from gem_assets.verification.values import leaves, quote
from gem_assets.verification.view import ToolInteraction, TrajectoryView

_STATE = re.compile(r"\bstate\s*\.")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_LIMIT = re.compile(
    r"\b(?:exceed\w*|maximum|max|at most|limit\w*|too (?:long|large|many|big|high|wide|heavy|much|small|"
    r"short|few)|"
    r"minimum|min|at least|over the|above|below|more than|less than|out of range|not within|must (?:be|"
    r"not))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Verdict:
    """What a predicate says of one call; `holds` is None where it cannot be said."""

    interaction: ToolInteraction
    constraint: Constraint
    holds: bool | None
    state: str = ""
    """The record it was evaluated over, squashed."""


def judge_call(view: TrajectoryView, store: Store, interaction: ToolInteraction) -> list[Verdict]:
    """Evaluate the predicates of a call's tool over its arguments and what is known before it."""
    return [
        _evaluate(store, interaction, constraint)
        for constraint in view.constraints
        if constraint.tool == interaction.call.name and constraint.predicate
    ]


def _evaluate(store: Store, interaction: ToolInteraction, constraint: Constraint) -> Verdict:
    predicate, arguments = constraint.predicate or "", interaction.call.arguments
    if not _STATE.search(predicate):
        return Verdict(interaction, constraint, evaluate(predicate, arguments, {}))
    answers: dict[str, bool] = {}
    for _, value in leaves(arguments):
        if is_id_value(value):
            key = squash(str(value))
            facts = store.facts(key)
            answer = evaluate(predicate, arguments, _as_state(facts)) if facts else None
            if answer is not None:
                answers[key] = answer
    if not answers or len(set(answers.values())) > 1:
        return Verdict(interaction, constraint, None)
    key, holds = next(iter(answers.items()))
    return Verdict(interaction, constraint, holds, key)


def _as_state(facts: dict[str, Field]) -> dict[str, JsonValue]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in facts.items()}


def judge_outcome(
    view: TrajectoryView, interaction: ToolInteraction, verdicts: list[Verdict]
) -> list[Defect]:
    """Compare what the predicates say of a call with what its result says."""
    if interaction.result_index is None or not verdicts:
        return []
    if interaction.succeeded:
        acts = interaction.writes or interaction.checks
        return [_violation(verdict) for verdict in verdicts if verdict.holds is False and acts]
    if any(verdict.holds is False for verdict in verdicts):
        return []
    return _judge_refusal(view, interaction, verdicts)


def _violation(verdict: Verdict) -> Defect:
    interaction, constraint = verdict.interaction, verdict.constraint
    over = f" over what is known of {quote(verdict.state)}" if verdict.state else ""
    evidence = (
        f"Message {interaction.index} calls {quote(interaction.call.name)} with "
        f"{quote(interaction.call.arguments)} and message "
        f"{interaction.result_index} reports success, against the rule {quote(constraint.rule)}: "
        f"{quote(constraint.predicate)} is false{over}."
    )
    return Defect(
        Reason.VERIFY_CONSTRAINT_VIOLATED, evidence, interaction.result_index, other_message=interaction.index
    )


def _judge_refusal(
    view: TrajectoryView, interaction: ToolInteraction, verdicts: list[Verdict]
) -> list[Defect]:
    text = view.messages[interaction.result_index or 0].content
    if not _LIMIT.search(text):
        return []
    cited = [verdict for verdict in verdicts if verdict.holds and _is_cited(view, verdict, text)]
    evidence = (
        f"Message {interaction.result_index} refuses the call of {quote(interaction.call.name)} with "
        f"{quote(interaction.call.arguments)} for a limit ({quote(text)}), "
    )
    if cited:
        evidence += f"but {quote(cited[0].constraint.predicate)} holds: {quote(cited[0].constraint.rule)}."
        reason = Reason.VERIFY_REFUSED_ALLOWED
    elif all(verdict.holds for verdict in verdicts):
        evidence += "but every predicate of the tool holds."
        reason = Reason.VERIFY_REFUSAL_DOUBTFUL
    else:
        return []
    return [Defect(reason, evidence, interaction.result_index, other_message=interaction.index)]


def _is_cited(view: TrajectoryView, verdict: Verdict, text: str) -> bool:
    """Tell whether a refusal names this very limit: its number, and a word of its argument or rule."""
    predicate = verdict.constraint.predicate or ""
    if _STATE.search(predicate):
        return False
    numbers = {number for number in _NUMBER.findall(predicate) if number not in ("0", "1")}
    said = set(_NUMBER.findall(text))
    if not numbers or not numbers <= said:
        return False
    others = (other for other in view.constraints if other.tool == verdict.constraint.tool)
    if any(numbers & set(_NUMBER.findall(other.rule)) for other in others if other is not verdict.constraint):
        return False
    names = {
        word for name in re.findall(r"args\.(\w+)", predicate) for word in words_of(name) if len(word) > 3
    }
    return any(word[:5] in text.casefold() for word in names)
