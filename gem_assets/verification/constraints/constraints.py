"""The rules of the source as predicates: what succeeds against one, what is refused within all.

Does not belong here: how a predicate is evaluated (`predicates`), what the assistant says of a limit
(`statements`).
"""

import re
from dataclasses import dataclass

from pydantic import JsonValue

from gem_assets.records.judgement import Finding
from gem_assets.records.outcome import Reason
from gem_assets.records.workflow import Constraint
from gem_assets.verification.constraints.predicates import evaluate
from gem_assets.verification.finding_levels import make_finding
from gem_assets.verification.grounding.identifiers import is_id_value, squash, words_of
from gem_assets.verification.material import Exchange, Material
from gem_assets.verification.state.entities import Field
from gem_assets.verification.state.state_store import Store
from gem_assets.verification.values import leaves, quote

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

    exchange: Exchange
    constraint: Constraint
    holds: bool | None
    state: str = ""
    """The record it was evaluated over, squashed."""


def judge_call(material: Material, store: Store, exchange: Exchange) -> list[Verdict]:
    """Evaluate the predicates of a call's tool over its arguments and what is known before it."""
    return [
        _evaluate(store, exchange, constraint)
        for constraint in material.constraints
        if constraint.tool == exchange.call.name and constraint.predicate
    ]


def _evaluate(store: Store, exchange: Exchange, constraint: Constraint) -> Verdict:
    predicate, arguments = constraint.predicate or "", exchange.call.arguments
    if not _STATE.search(predicate):
        return Verdict(exchange, constraint, evaluate(predicate, arguments, {}))
    answers: dict[str, bool] = {}
    for _, value in leaves(arguments):
        if is_id_value(value):
            key = squash(str(value))
            facts = store.facts(key)
            answer = evaluate(predicate, arguments, _as_state(facts)) if facts else None
            if answer is not None:
                answers[key] = answer
    if not answers or len(set(answers.values())) > 1:
        return Verdict(exchange, constraint, None)
    key, holds = next(iter(answers.items()))
    return Verdict(exchange, constraint, holds, key)


def _as_state(facts: dict[str, Field]) -> dict[str, JsonValue]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in facts.items()}


def judge_outcome(material: Material, exchange: Exchange, verdicts: list[Verdict]) -> list[Finding]:
    """Compare what the predicates say of a call with what its result says."""
    if exchange.result_index is None or not verdicts:
        return []
    if exchange.succeeded:
        acts = exchange.writes or exchange.checks
        return [_violation(verdict) for verdict in verdicts if verdict.holds is False and acts]
    if any(verdict.holds is False for verdict in verdicts):
        return []
    return _judge_refusal(material, exchange, verdicts)


def _violation(verdict: Verdict) -> Finding:
    exchange, constraint = verdict.exchange, verdict.constraint
    over = f" over what is known of {quote(verdict.state)}" if verdict.state else ""
    evidence = (
        f"Message {exchange.index} calls {quote(exchange.call.name)} with {quote(exchange.call.arguments)} "
        f"and message "
        f"{exchange.result_index} reports success, against the rule {quote(constraint.rule)}: "
        f"{quote(constraint.predicate)} is false{over}."
    )
    return make_finding(
        Reason.VERIFY_CONSTRAINT_VIOLATED, evidence, exchange.result_index, other_message=exchange.index
    )


def _judge_refusal(material: Material, exchange: Exchange, verdicts: list[Verdict]) -> list[Finding]:
    text = material.messages[exchange.result_index or 0].content
    if not _LIMIT.search(text):
        return []
    cited = [verdict for verdict in verdicts if verdict.holds and _is_cited(material, verdict, text)]
    evidence = (
        f"Message {exchange.result_index} refuses the call of {quote(exchange.call.name)} with "
        f"{quote(exchange.call.arguments)} for a limit ({quote(text)}), "
    )
    if cited:
        evidence += f"but {quote(cited[0].constraint.predicate)} holds: {quote(cited[0].constraint.rule)}."
        reason = Reason.VERIFY_REFUSED_ALLOWED
    elif all(verdict.holds for verdict in verdicts):
        evidence += "but every predicate of the tool holds."
        reason = Reason.VERIFY_REFUSAL_DOUBTFUL
    else:
        return []
    return [make_finding(reason, evidence, exchange.result_index, other_message=exchange.index)]


def _is_cited(material: Material, verdict: Verdict, text: str) -> bool:
    """Tell whether a refusal names this very limit: its number, and a word of its argument or rule."""
    predicate = verdict.constraint.predicate or ""
    if _STATE.search(predicate):
        return False
    numbers = {number for number in _NUMBER.findall(predicate) if number not in ("0", "1")}
    said = set(_NUMBER.findall(text))
    if not numbers or not numbers <= said:
        return False
    others = (other for other in material.constraints if other.tool == verdict.constraint.tool)
    if any(numbers & set(_NUMBER.findall(other.rule)) for other in others if other is not verdict.constraint):
        return False
    names = {
        word for name in re.findall(r"args\.(\w+)", predicate) for word in words_of(name) if len(word) > 3
    }
    return any(word[:5] in text.casefold() for word in names)
