"""The rules a text states: their exact sentence, and a CEL predicate where the rule can be said over a call.

Does not belong here: making predicates (`predicates.py`), enforcing them (`simulator.py`).
"""

import re
from dataclasses import dataclass
from typing import Any

from gem_assets.offline.text.blocks import Sentence, sentences
from gem_assets.offline.text.imperatives import read_instruction
from gem_assets.offline.text.lexicon import inflect, singular, verb_class, verb_lemmas
from gem_assets.offline.text.limits import read_limits
from gem_assets.offline.text.nouns import is_thing, plural_name, words_of
from gem_assets.offline.text.parameters import Bounds, Parameter
from gem_assets.offline.text.steps import Section
from gem_assets.offline.workflow.actions import Action
from gem_assets.offline.workflow.entities import Entity
from gem_assets.offline.workflow.predicates import predicates, properties_of, written
from gem_assets.offline.workflow.rule_sentences import is_rule
from gem_assets.offline.workflow.tools import Spec

MAX_RULES = 12

_CANNOT_BE = re.compile(
    r"\b(?:an?|no) (?P<state>[a-z]+ed) [a-z]+ (?:cannot|can['’]t|may not|can no longer|can|may) be "
    r"(?P<verb>[a-z]+)\b|"
    r"\b(?:that|which) (?:has|have) been (?P<past>[a-z]+ed)(?: out| in| up)? (?:cannot|can['’]t|may not) be "
    r"(?P<other>[a-z]+)\b",
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


def capability_actions(rules: list[Sentence], entity: Entity, known: list[Action]) -> list[Action]:
    """Find what the rules say can be done to a record besides the steps ("can be cancelled while …")."""
    verbs = {action.verb for action in known}
    found: dict[str, Action] = {}
    for sentence in rules:
        words = [w for m in _CAN_BE.finditer(sentence.text) for w in m.groups() if w]
        words += [
            m["verb"] or m["other"] for m in _CANNOT_BE.finditer(sentence.text) if _is_status(m, entity)
        ]
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


def limited_actions(quotable: list[Sentence], entity: Entity, known: list[Action]) -> list[Action]:
    """Find fields that the text limits and no step fills ("The title may have up to 80 characters")."""
    named = {parameter.name for action in known for parameter in action.parameters}
    found: dict[str, Action] = {}
    for sentence in quotable:
        for limit in read_limits(sentence.text) if is_rule(sentence) else ():
            name = "_".join(limit.subject)
            own = limit.counted and limit.holder[-1:] == (entity.name.rsplit("_", 1)[-1],)
            text = limit.in_characters and re.match(r"(?:The|Each|Every|Its) ", sentence.text) is not None
            if limit.conditional or not (own or text) or len(limit.subject) > 2 or not is_thing(name):
                continue
            name = plural_name(name) if own else name
            if name not in named and not {singular(name.rsplit("_", 1)[-1])} & {entity.name}:
                bounds = Bounds(limit.low, limit.high, "" if own else limit.unit)
                parameter = Parameter(name, words_of(name), bounds=bounds, many=own)
                found[name] = Action("add" if own else "set", name, (parameter,), sentence.text)
    return list(found.values())[:3]


def _is_status(match: re.Match[str], entity: Entity) -> bool:
    return (match["state"] or match["past"]).lower() in {status.lower() for status in entity.statuses}


def read_rules(quotable: list[Sentence], specs: list[Spec], entity: Entity) -> list[Rule]:
    """Turn rules, and steps that limit values, into constraints; those with predicates are kept first."""
    found: list[Rule] = []
    subjects = _subjects(specs, entity)
    for sentence in quotable:
        own_words = in_own_words(sentence)
        instruction = read_instruction(sentence.marked)
        ordered = instruction is not None and instruction.voice == "imperative"
        said = [
            Rule((words if ordered else "") or own_words, sentence.raw, tool, predicate)
            for tool, predicate, words in predicates(sentence, specs, entity)
        ]
        if said or (is_rule(sentence) and _concerns(sentence, subjects)):
            found.extend(said or [Rule(own_words, sentence.raw, _tool_named(sentence, specs))])
    seen: dict[tuple[str, str | None], Rule] = {}
    for rule in sorted(found, key=lambda r: r.predicate is None):
        seen.setdefault((rule.sentence, rule.predicate), rule)
    kept = list(seen.values())[:MAX_RULES]
    order = {sentence.raw: index for index, sentence in enumerate(quotable)}
    return sorted(kept, key=lambda r: order.get(r.sentence, 999))


def _subjects(specs: list[Spec], entity: Entity) -> frozenset[str]:
    """Collect what the tools are about: the records, what is done to them, the parameters."""
    words = {entity.name.rsplit("_", 1)[-1]}
    for spec, action in written(specs):
        words |= {action.verb.split("_")[0], action.noun.removesuffix("_details").rsplit("_", 1)[-1]}
        words |= {name.rsplit("_", 1)[-1] for name in properties_of(spec)}
    return frozenset(words)


def _concerns(sentence: Sentence, subjects: frozenset[str]) -> bool:
    """Say whether a rule is about what the tools do; others are about the world at large."""
    words = re.findall(r"[a-z]{3,}", sentence.text.lower())
    return any(singular(word) in subjects or subjects.intersection(verb_lemmas(word)) for word in words)


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
