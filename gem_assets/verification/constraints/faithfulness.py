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

from gem_assets.records.judgement import Finding
from gem_assets.records.outcome import Reason
from gem_assets.records.workflow import Constraint
from gem_assets.verification.constraints.sentences import (
    Amount,
    Sentence,
    is_rule,
    overlap,
    read_sentence,
    read_sentences,
    same_amount,
)
from gem_assets.verification.finding_levels import make_finding
from gem_assets.verification.grounding.identifiers import words_of
from gem_assets.verification.material import Material
from gem_assets.verification.values import quote

ALIGNED = 0.5
"""Share of stems that makes two sentences speak of the same thing."""
ALIKE = 0.82
"""Ratio of equal words in a row that makes two sentences one but for a word or number."""

TURNED = "one says not, the other does not"

_PREDICATE_NUMBER = re.compile(r"(?<![\w.\"'])\d+(?:\.\d+)?")
_WORDS = re.compile(r"[^\W_]+")
_MINUS = re.compile(r"(?<!\w)[-\u2212\u2013](?=\d)")


@dataclass(frozen=True)
class Faithfulness:
    """Findings, and how many of the system message's rules stand in the source."""

    findings: tuple[Finding, ...]
    rules: int
    sourced: int


def check_faithfulness(material: Material) -> Faithfulness:
    """Hold constraints and system message against the source text."""
    if not material.source:
        return Faithfulness((), 0, 0)
    known = read_sentences(material.source)
    amounts = frozenset(amount for sentence in known for amount in sentence.numbers)
    findings = [
        finding
        for constraint in material.constraints
        for finding in _check_constraint(material, constraint, amounts)
    ]
    system = next((message.content for message in material.messages if message.role == "system"), "")
    stated = [sentence for sentence in read_sentences(system) if is_rule(sentence) or sentence.numbers]
    quoted = [
        read_sentence(text)
        for constraint in material.constraints
        for text in (constraint.sentence, constraint.rule)
    ]
    times = frozenset(time for sentence in known for time in sentence.times)
    sourced = 0
    rules = 0
    for rule in stated:
        reason, evidence = _judge_rule(rule, [*known, *quoted], amounts, times)
        demands = is_rule(rule)
        rules += demands
        sourced += demands and reason is None
        if evidence and reason and (demands or reason is Reason.VERIFY_RULE_CONTRADICTED):
            findings.append(make_finding(reason, evidence, 0))
    findings.extend(_omitted(material, system))
    return Faithfulness(tuple(findings), rules, sourced)


def _check_constraint(
    material: Material, constraint: Constraint, amounts: frozenset[Amount]
) -> list[Finding]:
    if not stands_in(constraint.sentence, material.source):
        said = quote(constraint.sentence)
        evidence = f"The constraint {quote(constraint.rule)} quotes {said}, which is not in the source."
        return [make_finding(Reason.VERIFY_CONSTRAINT_UNSOURCED, evidence)]
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
        return [make_finding(Reason.VERIFY_CONSTRAINT_NUMBER, evidence)]
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


def _omitted(material: Material, system: str) -> list[Finding]:
    """Find constraints with a number that the system message does not have in any unit."""
    stated = frozenset(amount for sentence in read_sentences(system) for amount in sentence.numbers)
    findings: list[Finding] = []
    for constraint in material.constraints:
        numbers = predicate_amounts(constraint, read_sentence(constraint.rule))
        missing = [amount[0] for amount in numbers if amount[0] > 1 and not same_amount(amount, stated)]
        if missing:
            rule = quote(constraint.rule)
            evidence = f"The system message does not state the rule {rule}: {missing[0]:g} is not in it."
            findings.append(make_finding(Reason.VERIFY_RULE_OMITTED, evidence, 0))
    return findings


def stands_in(sentence: str, source: str) -> bool:
    """Tell whether a sentence stands in a text, but for white space, case and typography."""
    wanted = _plain(sentence)
    return bool(wanted.strip()) and wanted in _plain(source)


@lru_cache(maxsize=256)
def _plain(text: str) -> str:
    text = _MINUS.sub(" minus ", unicodedata.normalize("NFKC", text).casefold())
    return f" {' '.join(_WORDS.findall(text))} "
