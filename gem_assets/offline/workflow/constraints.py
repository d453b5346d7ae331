"""The rules a text states: their exact sentence, and a CEL predicate where the rule can be said over a call.

Does not belong here: making predicates (`predicates.py`), enforcing them (`simulator.py`).
"""

import re
from dataclasses import dataclass
from typing import Any

from gem_assets.offline.text.blocks import Sentence, sentences
from gem_assets.offline.text.imperatives import read_instruction
from gem_assets.offline.text.lexicon import inflect, verb_class, verb_lemmas
from gem_assets.offline.text.steps import Section
from gem_assets.offline.workflow.actions import Action
from gem_assets.offline.workflow.entities import Entity
from gem_assets.offline.workflow.predicates import predicates, written
from gem_assets.offline.workflow.tools import Spec

MAX_RULES = 12

_RULE = re.compile(
    r"\b(?:can only|only|cannot|can't|can not|must|may not|at most|no more than|at least|up to|not be|never|"
    r"not allowed|allowed|required|requires?|unless|as long as|until|within \S+ (?:\w+ )?(?:days?|hours?|"
    r"minutes?|weeks?|months?)|"
    r"nobody|no one|limited|exceed|can be \w+ (?:while|once|until|if|as long as|only|up to|twice)|has to|"
    r"have to|needs? to be|before you|between \S+ and|not possible|possible while|once)\b",
    re.IGNORECASE,
)
_CAN_BE = re.compile(r"\b(?:can|may) (?:still |only )?be ([a-z]+)\b(?: or ([a-z]+)\b)?", re.IGNORECASE)
_MAY_DO = re.compile(
    r"\b(?:you|members?|users?|they) (?:may|can) (?:still |only |also )?([a-z]+) (?:it|them|the [a-z]+)\b",
    re.I,
)
_CAPABILITIES = ("create", "change", "remove", "send", "run")


@dataclass(frozen=True)
class Rule:
    """A constraint in the making; `tool` and `predicate` as in the answer format."""

    rule: str
    sentence: str
    tool: str | None = None
    predicate: str | None = None

    def to_answer(self) -> dict[str, Any]:
        """Write the constraint in the answer format."""
        return {"rule": self.rule, "sentence": self.sentence, "tool": self.tool, "predicate": self.predicate}


def quotable_sentences(sections: tuple[Section, ...], text: str) -> list[Sentence]:
    """Find the whole sentences that stand in the text as they are, without markup that a quote breaks."""
    source = " ".join(text.split())
    return [
        sentence
        for section in sections
        for block in section.blocks
        if block.kind in ("item", "paragraph")
        for sentence in sentences(block.raw)
        if _is_quotable(sentence.raw) and " ".join(sentence.raw.split()) in source
    ]


def _is_quotable(raw: str) -> bool:
    ending = raw.rstrip(" *_)\"'”`")
    return (
        20 <= len(raw) <= 400
        and not re.search(r"[<>{}\\|]|```|\n\s*\n", raw)
        and ending.endswith((".", "!"))
        and not raw.rstrip(" *_)\"'”").endswith((":", "?"))
    )


def is_rule(sentence: Sentence) -> bool:
    """Say whether a sentence limits, demands or forbids; a plain order is a step, no rule."""
    if not _RULE.search(sentence.text):
        return False
    instruction = read_instruction(sentence.marked)
    ordered = instruction is not None and instruction.voice == "imperative" and not instruction.condition
    return not ordered or bool(
        re.search(
            r"\b(?:at most|up to|no more than|at least|between|from \d|cannot|must|only|never)\b",
            sentence.raw,
        )
    )


def capability_actions(rules: list[Sentence], entity: Entity, known: list[Action]) -> list[Action]:
    """Find what the rules say can be done to a record besides the steps ("can be cancelled while …")."""
    verbs = {action.verb for action in known}
    found: dict[str, Action] = {}
    for sentence in rules:
        words = [w for m in _CAN_BE.finditer(sentence.text) for w in m.groups() if w]
        words += [m[1] for m in _MAY_DO.finditer(sentence.text)]
        for word in words:
            verb = next((lemma for lemma in verb_lemmas(word) if verb_class(lemma) in _CAPABILITIES), "")
            if (
                verb
                and verb not in verbs
                and verb not in ("use", "make", "add", "create", "book", "place", "need", "load", "drop")
            ):
                found[verb] = Action(verb, entity.name, (), sentence.text)
    return list(found.values())[:3]


def read_rules(quotable: list[Sentence], specs: list[Spec], entity: Entity) -> list[Rule]:
    """Turn rules, and steps that limit values, into constraints; those with predicates are kept first."""
    found: list[Rule] = []
    for sentence in quotable:
        own_words = in_own_words(sentence)
        instruction = read_instruction(sentence.marked)
        ordered = instruction is not None and instruction.voice == "imperative"
        said = [
            Rule((words if ordered else "") or own_words, sentence.raw, tool, predicate)
            for tool, predicate, words in predicates(sentence, specs, entity)
        ]
        if said or is_rule(sentence):
            found.extend(said or [Rule(own_words, sentence.raw, _tool_named(sentence, specs))])
    seen: dict[tuple[str, str | None], Rule] = {}
    for rule in sorted(found, key=lambda r: r.predicate is None):
        seen.setdefault((rule.sentence, rule.predicate), rule)
    kept = list(seen.values())[:MAX_RULES]
    order = {sentence.raw: index for index, sentence in enumerate(quotable)}
    return sorted(kept, key=lambda r: order.get(r.sentence, 999))


def in_own_words(sentence: Sentence) -> str:
    """Restate a sentence for the rules of a service: the reader becomes the user."""
    text = re.sub(r"\byour\b", "the user's", sentence.text)
    text = re.sub(r"^(?:But|And|So|However,|Note that|Please note that|Remember that)\s+", "", text)
    text = re.sub(r"\bYou are\b", "The user is", text)
    text = re.sub(r"\byou are\b", "the user is", text)
    text = re.sub(r"\b(?:Your)\b", "The user's", text)
    text = re.sub(r"\bYou\b(?= (?:can|may|must|cannot|need|have|should|will))", "The user", text)
    text = text.replace("The user have ", "The user has ").replace("The user need ", "The user needs ")
    text = re.sub(r"\byou\b(?= (?:can|may|must|cannot|should|will))", "the user", text)
    return re.sub(r"\s+", " ", text[:1].upper() + text[1:]).strip()


def _tool_named(sentence: Sentence, specs: list[Spec]) -> str | None:
    for spec, action in written(specs):
        forms = {inflect(action.verb, "VBN").split()[0], inflect(action.verb, "VBG").split()[0]}
        if any(re.search(rf"\b{re.escape(form)}\b", sentence.text, re.I) for form in forms if len(form) > 4):
            return spec.name
    return None
