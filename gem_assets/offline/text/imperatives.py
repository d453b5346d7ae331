"""Is this clause an instruction, and what does it tell the reader to do?

A clause is an instruction when it is imperative ("Open the queue"), advice ("you can open …") or a narrated
operation by a person ("the clerk opens …"). Does not belong here: where steps begin and end (`steps.py`).
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from gem_assets.offline.text.lexicon import (
    is_base_form,
    is_machine_noun,
    singular,
    verb_class,
    verb_classes,
    verb_lemmas,
    word_set,
)

_PASSIVE_CLASSES = ("create", "change", "remove", "send", "input", "set", "read", "run")

Voice = Literal["imperative", "advice", "narrative", "passive"]


@dataclass(frozen=True)
class Instruction:
    """One operation. `rest` is the clause after the verb with labels ⟦so⟧; `condition` what precedes it."""

    verb: str
    rest: str
    voice: Voice
    condition: str = ""
    optional: bool = False


_ADVERB = re.compile(
    r"^(?:first of all|first|firstly|second|secondly|third|thirdly|then|next|finally|lastly|now|also|"
    r"afterwards|"
    r"after that|after this|later on|later|once again|again|please|simply|just|always|carefully|optionally|"
    r"alternatively|otherwise|instead|and|or|but|so|to begin|to start|step \d+|usually|normally|if necessary|"
    r"if needed|if you (?:want|wish|like)|when done|when finished|at this point|here|quickly|immediately|"
    r"at the end|there(?=,)|to finish|in addition|from there|the next step is to|do this:|note:|"
    r"tip:)\b\s*[,:–-]?\s*",
    re.IGNORECASE,
)
_OPTIONAL = re.compile(
    r"^(?:optionally|if you (?:want|wish|like|prefer)|if (?:necessary|needed|desired|required))|\bif you "
    r"like\b",
    re.I,
)
_SUBORDINATE = re.compile(
    r"^(?:if|when|whenever|once|after|before|while|unless|as soon as|until|in case|for|to|in|on|at|from|"
    r"under|"
    r"with|using|by|during|within|where|depending|over|next to|through|as|because|since|should|without|near|"
    r"in order to|instead of|rather than|every|each|that done,?|having)\b",
    re.IGNORECASE,
)
_ADVICE = re.compile(
    r"^(?:you|users?|one|we|they|members?|(?:the|a|each|every|any) \w+(?: \w+)?)(?:'ll| will)?(?: then| "
    r"also| now| first)?"
    r" (?P<aux>can|may|should|must|could|might|need to|needs to|will need to|have to|has to|want to|are "
    r"able to|"
    r"ought to|will|shall|can now|are asked to|are prompted to)(?: then| also| now| first| always| "
    r"simply| either)* ",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"^(?P<subject>i|we|you|they|he|she|someone|both of you|(?:the|a|an|each|every|your|one|any|new|our) "
    r"(?:[\w'-]{1,30} ){0,2}?[\w'-]{1,30}?"
    r"|[a-z]{1,20}(?:ers|ors|ists|ants|ents|ees))"
    r" (?:then |now |first |also |always |usually |next |finally |begins? by |starts? by "
    r")?(?P<verb>[a-z-]+)\b\s*(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_PASSIVE = re.compile(
    r"^(?P<subject>(?:[a-z'-]{1,30} ){1,5}?)"
    r"(?:is|are|gets?|must be|has to be|have to be|should be)(?: then| also| now| first| always)? "
    r"(?P<verb>[a-z-]{1,20}(?:ed|en|wn|ut|et|nt|ld|id))\b(?P<rest>[^;]*)$",
    re.IGNORECASE | re.DOTALL,
)
_SUBJECT_LABEL = re.compile(r"^⟦((?:The )?[A-Z][a-z ]{2,24})⟧ (?=[a-z]+s? )")
_GUARD = re.compile(
    r"^(?:the|a|an|your|their|its|his|her|our|my|this|that|these|those|each|every|all|both|one|two|three|"
    r"any|some|another|it|them|him|me|us|yourself|up|on|in|into|to|from|with|at|as|for|out|off|down|over|"
    r"back|through|"
    r"whether|which|what|how|who|where|if|when|by|under|between|until|about|again|twice|more|only|either|new|"
    r"not|no|and|or|of|here|there|several|at least|up to|⟦|\d|[A-Z(\"'“<$/~*])"
)
_WORD = re.compile(r"^([A-Za-z][A-Za-z'-]*)(?:\s+|(?=[.,:;]|$))")
_COMMA = re.compile(r",\s+|:\s+")


@lru_cache(maxsize=16384)
def read_instruction(clause: str, allow_narrative: bool = True) -> Instruction | None:
    """Read one clause (labels marked ⟦so⟧); None when it tells nobody to do anything."""
    subject = _SUBJECT_LABEL.match(clause.strip())
    if subject and not _machine_subject(subject[1]):
        clause = _SUBJECT_LABEL.sub(r"\1 ", clause.strip())
    clause, condition, optional = _strip_lead(clause.strip())
    found = _imperative(clause) or _advice(clause)
    if not found and allow_narrative:
        found = _narrative(clause) or _passive(clause)
    if not found:
        return None
    optional = optional or bool(_OPTIONAL.search(found.rest))
    return replace(found, condition=condition, optional=optional)


def _strip_lead(clause: str) -> tuple[str, str, bool]:
    """Take adverbs and leading subordinate clauses off: (clause, condition, optional)."""
    condition, optional = "", False
    for _ in range(5):
        clause = clause.lstrip(" ,-–—*•>#\"'(")
        adverb = _ADVERB.match(clause)
        if adverb:
            optional = optional or bool(_OPTIONAL.match(clause))
            clause = clause[adverb.end() :]
            continue
        if not _SUBORDINATE.match(clause) or _imperative(clause):
            break
        cut = _main_clause(clause)
        if not cut:
            break
        condition = condition or clause[: cut[0]].strip()
        clause = clause[cut[1] :]
    return clause.strip(), condition, optional


def _main_clause(clause: str) -> tuple[int, int] | None:
    """Find the comma after which an instruction follows a leading subordinate clause."""
    commas = list(_COMMA.finditer(clause))[:4]
    for comma in commas:
        rest = clause[comma.end() :]
        adverb = _ADVERB.match(rest)
        if adverb:
            rest = rest[adverb.end() :]
        if _imperative(rest) or _ADVICE.match(rest) or re.match(r"(?:you|i|we|the) ", rest, re.I):
            return comma.start(), comma.end()
    return (commas[0].start(), commas[0].end()) if commas and commas[0].start() < 40 else None


def _imperative(clause: str) -> Instruction | None:
    word = _WORD.match(clause)
    if not word or not is_base_form(word[1]):
        return None
    verb, rest = _with_particle(word[1].lower(), clause[word.end() :])
    known = verb_class(verb)
    if known is None or verb == "see" or not _fits(verb, rest):
        return None
    return Instruction(verb, rest.strip(), "imperative")


def _fits(verb: str, rest: str) -> bool:
    """Guard against nouns at the start of a clause ("Report queue", "Copy is …")."""
    head = verb.split("_")[0]
    if not rest.strip(" .:;"):
        return verb in word_set("verb_lists.toml", "ui") or "_" in verb
    if re.match(r"(?:is|are|was|were|has|have|had|can|may|must|will|should|does|do|did)\b", rest, re.I):
        return False
    if rest[:1] in ",.;:" and head in word_set("verb_lists.toml", "nouny"):
        return False
    if head in word_set("verb_lists.toml", "nouny") and "_" not in verb:
        guarded = _GUARD.match(rest) and not re.match(
            r"(?:of|and|or|for|in|at)\b|[A-Z][a-z]+ (?:[a-z]+ )?(?:[a-z]+:|may|is|are)", rest
        )
        return bool(guarded)
    return rest[:1] != "," and not re.match(r"of\b|[a-z]+:\s", rest)


def _with_particle(verb: str, rest: str) -> tuple[str, str]:
    """Join a verb with its particle: `look up the …` -> look_up, `turn the pump off` stays apart."""
    word = _WORD.match(rest)
    joined = f"{verb}_{word[1].lower()}" if word else ""
    if word and joined in _particle_verbs() and not rest[word.end() :].startswith("to "):
        return joined, rest[word.end() :]
    return verb, rest


def _particle_verbs() -> frozenset[str]:
    return word_set("verb_lists.toml", "particle_verbs") | frozenset(v for v in verb_classes() if "_" in v)


def _advice(clause: str) -> Instruction | None:
    match = _ADVICE.match(clause)
    if not match:
        return None
    found = _imperative(clause[match.end() :])
    if not found or (
        re.match(r"(?:the|a|each|every|any) ", clause, re.I)
        and _machine_subject(clause[: match.start("aux")])
    ):
        return None
    return replace(found, voice="advice")


def _narrative(clause: str) -> Instruction | None:
    match = _PERSON.match(clause)
    if not match or _machine_subject(match["subject"]):
        return None
    lemma = next((lemma for lemma in verb_lemmas(match["verb"]) if lemma in verb_classes()), None)
    verb_form = match["verb"].lower()
    if (
        lemma is None
        or verb_form.endswith("ed")
        or (verb_form.endswith("ing") and " by " not in clause[: match.start("rest")])
    ):
        return None
    verb, rest = _with_particle(lemma, match["rest"])
    if not rest or not (_GUARD.match(rest) or "_" in verb):
        return None
    return Instruction(verb, rest.strip(), "narrative")


def _passive(clause: str) -> Instruction | None:
    """Read "Expenses are added one at a time" as an order to add expenses."""
    match = _PASSIVE.match(clause)
    if not match:
        return None
    lemma = next(
        (lemma for lemma in verb_lemmas(match["verb"]) if verb_class(lemma) in _PASSIVE_CLASSES), None
    )
    subject = match["subject"].strip()
    if _SUBORDINATE.match(subject):
        return None
    if lemma is None or subject.lower() in {
        "it",
        "that",
        "this",
        "they",
        "you",
        "i",
        "we",
        "which",
        "who",
        "what",
    }:
        return None
    if re.match(
        r"\s+(?:in|by|on|as|with(?:out)? (?:a|the)) (?:default|the \w+ automatically)\b| automatically",
        match["rest"],
    ):
        return None
    return Instruction(lemma, f"{subject[:1].lower()}{subject[1:]}{match['rest']}".strip(), "passive")


def _machine_subject(subject: str) -> bool:
    """Say whether the doer is a thing: what it does is no step of the reader."""
    words = subject.lower().strip().split()
    if not words or words[-1] in {"i", "we", "you", "they", "he", "she", "someone", "user", "users"}:
        return False
    last = words[-1]
    if last in word_set("verb_lists.toml", "people") or singular(last) in word_set(
        "verb_lists.toml", "people"
    ):
        return False
    return is_machine_noun(last) or not re.search(r"(?:er|or|ist|ant|ent|ee|man|you)s?$", last)
