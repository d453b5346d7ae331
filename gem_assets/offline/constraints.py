"""The rules a text states: their exact sentence, and a CEL predicate where the rule can be said over a call.

Numeric limits, allowed options and statuses become predicates; other rules are kept as words. Does not
belong here: enforcing them (`simulator.py`).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gem_assets.offline.actions import Action
from gem_assets.offline.blocks import Sentence, sentences
from gem_assets.offline.entities import Entity
from gem_assets.offline.imperatives import read_instruction
from gem_assets.offline.lexicon import inflect, verb_class, verb_lemmas
from gem_assets.offline.nouns import words_of
from gem_assets.offline.parameters import NUMBER, to_number
from gem_assets.offline.steps import Section
from gem_assets.offline.tools import Spec

MAX_RULES = 12

_RULE = re.compile(
    r"\b(?:can only|only|cannot|can't|can not|must|may not|at most|no more than|at least|up to|not be|never|"
    r"not allowed|allowed|required|requires?|unless|as long as|until|within \S+ (?:\w+ )?(?:days?|hours?|"
    r"minutes?|weeks?|months?)|"
    r"nobody|no one|limited|exceed|can be \w+ (?:while|once|until|if|as long as|only|up to|twice)|has to|"
    r"have to|needs? to be|before you|between \S+ and|not possible|possible while|once)\b",
    re.IGNORECASE,
)
_NEGATIVE = re.compile(
    r"\b(?:cannot|can't|can not|may not|must not|no longer|not be|never|locked|too late|not possible)\b", re.I
)
_CAN_BE = re.compile(r"\b(?:can|may) (?:still |only )?be ([a-z]+)\b(?: or ([a-z]+)\b)?", re.IGNORECASE)
_MAY_DO = re.compile(
    r"\b(?:you|members?|users?|they) (?:may|can) (?:still |only |also )?([a-z]+) (?:it|them|the [a-z]+)\b",
    re.I,
)
_WITHIN = re.compile(
    rf"\bwithin (?P<n>{NUMBER}) (?P<unit>days?|hours?)(?: (?:of|after|from) (?:the )?(?P<event>[a-z]+(?: "
    rf"[a-z]+)?))?",
    re.IGNORECASE,
)
_LOCKED = re.compile(
    r"\b(?:it is locked|is locked|(?:can|may) no longer be (?:edited|changed)|cannot be (?:edited|"
    r"changed)|can't edit)\b",
    re.I,
)
_CHANGING = ("set", "add", "update", "edit", "upload", "attach", "enter", "change")
MAX_LOCKED = 4
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


def rule_sentences(sections: tuple[Section, ...], text: str) -> list[Sentence]:
    """Find the sentences that limit, demand or forbid, as they stand in the text."""
    found: list[Sentence] = []
    source = " ".join(text.split())
    for section in sections:
        for block in section.blocks:
            for sentence in sentences(block.raw) if block.kind in ("item", "paragraph") else ():
                if _is_rule(sentence) and " ".join(sentence.raw.split()) in source:
                    found.append(sentence)
    return found


def _is_rule(sentence: Sentence) -> bool:
    raw = sentence.raw
    if (
        not 20 <= len(raw) <= 400
        or re.search(r"[<>{}\\|]|```|\n\s*\n", raw)
        or raw.rstrip(" *_)\"'”").endswith(("?", ":"))
    ):
        return False
    if not raw.rstrip(" *_)\"'”`").endswith((".", "!")) or not _RULE.search(sentence.text):
        return False
    instruction = read_instruction(sentence.marked)
    ordered = instruction is not None and instruction.voice == "imperative" and not instruction.condition
    return not ordered or bool(
        re.search(r"\b(?:at most|up to|no more than|at least|between|from \d|cannot|must|only|never)\b", raw)
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


def read_rules(rules: list[Sentence], specs: list[Spec], entity: Entity) -> list[Rule]:
    """Turn sentences into constraints, those with predicates first to be kept when there are too many."""
    found: list[Rule] = []
    for sentence in rules:
        said = [
            *_status_rules(sentence, specs, entity),
            *_limit_rules(sentence, specs),
            *_deadline_rules(sentence, specs, entity),
        ]
        found.extend(said or [Rule(in_own_words(sentence), sentence.raw, _tool_named(sentence, specs))])
    options = _option_rules(specs, rules)
    listed = {rule.sentence for rule in options}
    found = [rule for rule in found if rule.sentence not in listed or rule.predicate] + options
    seen: dict[tuple[str, str | None], Rule] = {}
    for rule in sorted(found, key=lambda r: r.predicate is None):
        seen.setdefault((rule.sentence, rule.predicate), rule)
    kept = list(seen.values())[:MAX_RULES]
    order = {sentence.raw: index for index, sentence in enumerate(rules)}
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


def _actions(specs: list[Spec]) -> Iterator[tuple[Spec, Action]]:
    for spec in specs:
        if spec.action and spec.kind in ("write", "create"):
            yield spec, spec.action


def _status_rules(sentence: Sentence, specs: list[Spec], entity: Entity) -> list[Rule]:
    named = [
        s
        for s in entity.statuses
        if re.search(rf"(?<![\w-]){re.escape(s.lower())}(?![\w-])", sentence.text.lower())
    ]
    if not named:
        return []
    found: list[Rule] = []
    if _LOCKED.search(sentence.text):
        predicate = _status_predicate("cannot", named)
        changes = [
            spec for spec, action in _actions(specs) if spec.kind == "write" and action.verb in _CHANGING
        ]
        return [
            Rule(in_own_words(sentence), sentence.raw, spec.name, predicate) for spec in changes[:MAX_LOCKED]
        ]
    for clause in re.split(r"[.;]\s|, (?:but|and) |, then ", sentence.text):
        statuses = [
            s for s in named if re.search(rf"(?<![\w-]){re.escape(s.lower())}(?![\w-])", clause.lower())
        ]
        for spec, action in _actions(specs):
            if statuses and spec.kind == "write" and _mentions_verb(clause, action, statuses):
                found.append(
                    Rule(in_own_words(sentence), sentence.raw, spec.name, _status_predicate(clause, statuses))
                )
    return found


def _mentions_verb(clause: str, action: Action, statuses: list[str]) -> bool:
    rest = clause.lower()
    for status in statuses:
        rest = re.sub(
            rf"(?:is|are|been|marked|still|while|once|only|as) (?:still )?{re.escape(status.lower())}",
            " ",
            rest,
        )
    forms = {
        action.verb.split("_")[0],
        inflect(action.verb, "VBN").split()[0],
        inflect(action.verb, "VBG").split()[0],
    }
    modal = re.search(r"\b(?:can|may|must|cannot|can't|only|possible|allowed|locked)\b", rest)
    return bool(modal) and any(re.search(rf"\b{re.escape(form)}\b", rest) for form in forms)


def _status_predicate(clause: str, statuses: list[str]) -> str:
    quoted = [json.dumps(status, ensure_ascii=False) for status in statuses]
    if _NEGATIVE.search(clause) and not re.search(r"\bonly\b|\bunless\b|\buntil\b", clause, re.I):
        return " && ".join(f"state.status != {status}" for status in quoted)
    return f"state.status == {quoted[0]}" if len(quoted) == 1 else f"state.status in [{', '.join(quoted)}]"


def _limit_rules(sentence: Sentence, specs: list[Spec]) -> list[Rule]:
    numbers = {to_number(n) for n in re.findall(rf"(?<![\w.]){NUMBER}(?![\w])", sentence.text, re.IGNORECASE)}
    found: list[Rule] = []
    for spec, _ in _actions(specs):
        for name, schema in properties_of(spec).items():
            predicate = bounds_predicate(spec, name, schema, numbers)
            head = name.split("_")[-1].rstrip("s")
            named = re.search(rf"\b{re.escape(head)}", sentence.text, re.I) or (
                "maxLength" in schema and "characters" in sentence.text
            )
            if predicate and named:
                found.append(Rule(in_own_words(sentence), sentence.raw, spec.name, predicate))
    return found[:3]


def properties_of(spec: Spec) -> dict[str, Any]:
    """Return the parameters of a tool that come from the text, nested ones included."""
    properties = spec.schema["properties"]
    return (
        properties[spec.path]["properties"]
        if spec.path
        else {k: v for k, v in properties.items() if not k.endswith("_id")}
    )


def bounds_predicate(spec: Spec, name: str, schema: dict[str, Any], numbers: set[float]) -> str | None:
    """Say a parameter's limits in CEL, when the sentence names them; None when it does not."""
    where = f"args.{spec.path}.{name}" if spec.path else f"args.{name}"
    parent = spec.schema["properties"][spec.path] if spec.path else spec.schema
    pairs = (("minimum", ">=", where), ("maximum", "<=", where), ("maxItems", "<=", f"size({where})"),
             ("minLength", ">=", f"size({where})"), ("maxLength", "<=", f"size({where})"))  # fmt: skip
    parts = [
        f"{what} {sign} {schema[key]}"
        for key, sign, what in pairs
        if key in schema and float(schema[key]) in numbers
    ]
    if not parts or all(part.endswith((">= 0", ">= 1")) for part in parts):
        return None
    said = " && ".join(parts)
    return said if name in parent["required"] else f"!has({where}) || ({said})"


def _deadline_rules(sentence: Sentence, specs: list[Spec], entity: Entity) -> list[Rule]:
    match = _WITHIN.search(sentence.text)
    if not match:
        return []
    event = re.sub(r"[^a-z]+", "_", (match["event"] or "opening").lower()).strip("_")
    unit = "days" if match["unit"].lower().startswith("day") else "hours"
    field = f"{unit}_since_{event.split('_')[-1] if event.startswith(('the_', 'its_', 'a_')) else event}"
    for spec, action in _actions(specs):
        forms = {action.verb.split("_")[0], inflect(action.verb, "VBN").split()[0]}
        if spec.kind == "write" and any(
            re.search(rf"\b{re.escape(form)}\b", sentence.text, re.I) for form in forms
        ):
            predicate = f"state.{field} <= {int(to_number(match['n']))}"
            return [Rule(in_own_words(sentence), sentence.raw, spec.name, predicate)]
    return []


def _option_rules(specs: list[Spec], rules: list[Sentence]) -> list[Rule]:
    """Say closed choices as rules too, when the step that lists them stands in the text as a sentence."""
    options: list[Rule] = []
    for spec, _ in _actions(specs):
        for name, schema in properties_of(spec).items():
            sentence = next(
                (r for r in rules if "enum" in schema and all(o in r.text for o in schema["enum"])), None
            )
            if sentence and name in spec.schema["required"] and len(options) < 2:
                listed = ", ".join(json.dumps(o, ensure_ascii=False) for o in schema["enum"])
                rule = f"The {words_of(name)} must be one of {', '.join(schema['enum'])}."
                options.append(Rule(rule, sentence.raw, spec.name, f"args.{name} in [{listed}]"))
    return options


def _tool_named(sentence: Sentence, specs: list[Spec]) -> str | None:
    for spec, action in _actions(specs):
        forms = {inflect(action.verb, "VBN").split()[0], inflect(action.verb, "VBG").split()[0]}
        if any(re.search(rf"\b{re.escape(form)}\b", sentence.text, re.I) for form in forms if len(form) > 4):
            return spec.name
    return None
