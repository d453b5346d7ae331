"""Rules against the source: constraints quote it, and the system message does not contradict it.

A rule of the system message is aligned with the sentence of the source or constraint it shares most words
with. Only a number that the source has nowhere, in a rule that the source states with another one, or a
turned negation in an otherwise equal sentence, counts as contradicted. Does not belong here: what tools do
(`constraints`).
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from gem_assets.records.outcome import Reason
from gem_assets.records.workflow import Constraint
from gem_assets.verification.check import Defect
from gem_assets.verification.constraints.sentences import (
    Amount,
    Sentence,
    is_rule,
    overlap,
    read_sentence,
    read_sentences,
    same_amount,
)
from gem_assets.verification.grounding.identifiers import words_of
from gem_assets.verification.values import quote
from gem_assets.verification.view import TrajectoryView

ALIGNED = 0.5
"""Share of stems that makes two sentences speak of the same thing."""
ALIKE = 0.82
"""Ratio of equal words in a row that makes two sentences one but for a word or number."""

TURNED = "one says not, the other does not"

_PREDICATE_NUMBER = re.compile(r"(?<![\w.\"'])\d+(?:\.\d+)?")
_WORDS = re.compile(r"[^\W_]+")
_MINUS = re.compile(r"(?<!\w)[-\u2212\u2013](?=\d)")


@dataclass(frozen=True)
class StatedRules:
    """The rules of a system message held against the source: defects, rules, and those that stand there."""

    defects: tuple[Defect, ...]
    rules: int
    sourced: int


def find_unsourced_constraints(view: TrajectoryView) -> list[Defect]:
    """Find constraints whose sentence, or whose number, is not in the source."""
    amounts = _amounts(read_sentences(view.source))
    return [
        defect for constraint in view.constraints for defect in _check_constraint(view, constraint, amounts)
    ]


def find_unsourced_rules(view: TrajectoryView) -> tuple[Defect, ...]:
    """Find rules of the system message that the source contradicts or does not have."""
    return view.shared(read_stated_rules).defects


def read_stated_rules(view: TrajectoryView) -> StatedRules:
    """Hold the system message against source text and constraints; without a source nothing is counted."""
    if not view.source:
        return StatedRules((), 0, 0)
    known = read_sentences(view.source)
    amounts = _amounts(known)
    stated = [sentence for sentence in read_sentences(_system(view)) if is_rule(sentence) or sentence.numbers]
    quoted = [
        read_sentence(text)
        for constraint in view.constraints
        for text in (constraint.sentence, constraint.rule)
    ]
    times = frozenset(time for sentence in known for time in sentence.times)
    defects: list[Defect] = []
    sourced = 0
    rules = 0
    for rule in stated:
        reason, evidence = _judge_rule(rule, [*known, *quoted], amounts, times)
        demands = is_rule(rule)
        rules += demands
        sourced += demands and reason is None
        if evidence and reason and (demands or reason is Reason.VERIFY_RULE_CONTRADICTED):
            defects.append(Defect(reason, evidence, 0))
    return StatedRules(tuple(defects), rules, sourced)


def _system(view: TrajectoryView) -> str:
    return next((message.content for message in view.messages if message.role == "system"), "")


def _amounts(sentences: Sequence[Sentence]) -> frozenset[Amount]:
    return frozenset(amount for sentence in sentences for amount in sentence.numbers)


def _check_constraint(
    view: TrajectoryView, constraint: Constraint, amounts: frozenset[Amount]
) -> list[Defect]:
    if not stands_in(constraint.sentence, view.source):
        said = quote(constraint.sentence)
        evidence = f"The constraint {quote(constraint.rule)} quotes {said}, which is not in the source."
        return [Defect(Reason.VERIFY_CONSTRAINT_UNSOURCED, evidence)]
    sentence, rule = read_sentence(constraint.sentence), read_sentence(constraint.rule)
    inside = frozenset(sentence.numbers)
    numbers = [*rule.numbers, *predicate_amounts(constraint, rule)]
    for amount in numbers:
        number = amount[0]
        if number in (0.0, 1.0) or same_amount(amount, inside | amounts) or _is_next(number, sentence):
            continue
        if not sentence.numbers or sentence.times or rule.times:
            continue
        evidence = (
            f"The constraint {quote(constraint.rule)} ({quote(constraint.predicate)}) holds the number "
            f"{number:g}; its "
            f"sentence is {quote(constraint.sentence)}."
        )
        return [Defect(Reason.VERIFY_CONSTRAINT_NUMBER, evidence)]
    return []


def predicate_amounts(constraint: Constraint, rule: Sentence) -> list[Amount]:
    """Read the numbers of a predicate with the unit in the name before each, or in the rule."""
    amounts: list[Amount] = []
    known = dict(rule.numbers)
    for found in _PREDICATE_NUMBER.finditer(constraint.predicate or ""):
        name = re.findall(r"\w+", (constraint.predicate or "")[: found.start()])[-1:]
        unit = words_of(name[0])[-1][:4].rstrip("s") if name and words_of(name[0]) else ""
        number = float(found.group())
        amounts.append((number, known.get(number, unit)))
    return amounts


def _is_next(number: float, sentence: Sentence) -> bool:
    """Tell whether a number is one off another, which "more than" and "at least" may make of it."""
    return sentence.loose and any(abs(number - other) == 1 for other in sentence.values)


def _judge_rule(
    rule: Sentence, known: Sequence[Sentence], amounts: frozenset[Amount], times: frozenset[int]
) -> tuple[Reason | None, str]:
    """Say whether a rule of the system message is sourced (None), invented or contradicted."""
    related = [other for other in known if not rule.stems.isdisjoint(other.stems)]
    ranked = sorted(related, key=lambda other: overlap(rule, other), reverse=True)[:4]
    near = [other for other in ranked if _aligned(rule, other)]
    for other in near:
        difference = _difference(rule, other, amounts, times)
        if difference:
            if any(_says(better, rule, difference) for better in near):
                continue
            evidence = (
                f"The system message says {quote(rule.text)}, the source {quote(other.text)}: {difference}."
            )
            return Reason.VERIFY_RULE_CONTRADICTED, evidence
    if near:
        return None, ""
    strange = [
        number for number, unit in rule.numbers if number > 1 and not same_amount((number, unit), amounts)
    ]
    evidence = (
        f"The system message says {quote(rule.text)}, of which the source says nothing." if strange else ""
    )
    return Reason.VERIFY_RULE_INVENTED, evidence


def _says(better: Sentence, rule: Sentence, difference: str) -> bool:
    """Tell whether another sentence of the source says what the rule says."""
    if difference == TURNED:
        return better.negations == rule.negations and _ratio(rule, better) >= ALIKE
    return bool(rule.values) and rule.values <= better.values


def _aligned(rule: Sentence, other: Sentence) -> bool:
    shared, share = overlap(rule, other)
    if shared >= 3:
        return share >= ALIGNED
    return (shared == 2 and share >= 0.75) or (shared == 1 == share and _ratio(rule, other) >= ALIKE)


def _difference(
    rule: Sentence, other: Sentence, amounts: frozenset[Amount], times: frozenset[int]
) -> str | None:
    """Say in which number, time or negation a rule differs from the sentence it should come from."""
    alike = _ratio(rule, other) >= ALIKE
    for number, unit in rule.numbers:
        if (number in (0.0, 1.0) and not alike) or same_amount((number, unit), frozenset(other.numbers)):
            continue
        replaced = [
            known
            for known, its in other.numbers
            if (known, its) not in rule.numbers and (its == unit or not unit or not its)
        ]
        near = (rule.loose or other.loose) and any(abs(known - number) == 1 for known in other.values)
        shared, share = overlap(rule, other)
        strange = not same_amount((number, unit), amounts) and shared >= 3 and share >= 0.6
        if replaced and not near and (strange or alike):
            return f"{number:g} where the source has {replaced[0]:g}"
    if rule.times and other.times and not rule.times & other.times and not rule.times & times:
        return "another time of day"
    if alike and abs(rule.negations - other.negations) == 1 and rule.values == other.values:
        return TURNED
    return None


def _ratio(rule: Sentence, other: Sentence) -> float:
    if abs(len(rule.words) - len(other.words)) > 0.4 * max(len(rule.words), len(other.words)):
        return 0.0
    return SequenceMatcher(None, rule.words, other.words, autojunk=False).ratio()


def find_omitted_rules(view: TrajectoryView) -> list[Defect]:
    """Find constraints with a number that the system message does not have in any unit."""
    stated = _amounts(read_sentences(_system(view)))
    findings: list[Defect] = []
    for constraint in view.constraints:
        numbers = predicate_amounts(constraint, read_sentence(constraint.rule))
        missing = [amount[0] for amount in numbers if amount[0] > 1 and not same_amount(amount, stated)]
        if missing:
            rule = quote(constraint.rule)
            evidence = f"The system message does not state the rule {rule}: {missing[0]:g} is not in it."
            findings.append(Defect(Reason.VERIFY_RULE_OMITTED, evidence, 0))
    return findings


def stands_in(sentence: str, source: str) -> bool:
    """Tell whether a sentence stands in a text, but for white space, case and typography."""
    wanted = _plain(sentence)
    return bool(wanted.strip()) and wanted in _plain(source)


@lru_cache(maxsize=256)
def _plain(text: str) -> str:
    text = _MINUS.sub(" minus ", unicodedata.normalize("NFKC", text).casefold())
    return f" {' '.join(_WORDS.findall(text))} "
