"""What a text keeps records of (claims, orders, printers …), and the statuses these records go through.

Does not belong here: the tools that act on them.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache

from gem_assets.offline.text.blocks import sentences
from gem_assets.offline.text.lexicon import (
    in_group,
    is_base_form,
    is_noun,
    plural,
    singular,
    verb_class,
    verb_lemmas,
    word_set,
)
from gem_assets.offline.text.nouns import is_thing, name_of, noun_phrase
from gem_assets.offline.text.parameters import read_options
from gem_assets.offline.text.steps import Section
from gem_assets.offline.workflow.naming import noun_problem

MAX_STATUSES = 8

_ISSUED = re.compile(r"\b((?:[a-z]+ )?[a-z]{3,}) (?:number|code|ID|reference)\b(?!s? of)")
_ISSUE_CUE = re.compile(
    r"\b(?:get|gets|receive|receives|given|gives|shows?|issued?|assigns?|assigned|displays?|carries|keep|"
    r"printed|begins?"
    r"|starts? with|note|quote|enter|type|such as|for instance)\b",
    re.IGNORECASE,
)
_TITLE_LEAD = re.compile(
    r"^(?:\W|\d+\.?)*(?:how (?:to|do i|do you|we|you|can i|can you)|steps? (?:to|for)|guide to)?\s*", re.I
)
_STATE_LIST = re.compile(
    r"\b(?:states?|status(?:es)?)\b[^.:;]{0,40}?(?::|\bare\b|\bis\b|,)\s*(?P<list>[^.;]{4,140})",
    re.IGNORECASE,
)
_EACH_IS = re.compile(
    r"\b(?:each|every|an?) [a-z]+ (?:is|may be|can be) (?:either )?(?P<list>[A-Z][\w ]+(?:, [\w ]+)+ or "
    r"[\w ]+)"
)
_STATE_CLAUSE = re.compile(
    r"\b(?:while|once|when|as long as|until|only|if|becomes?|changes to|waits as|is still|marked|"
    r"remains?|state is|status is|to)\b"
    r"[^.,;⟦]{0,40}?(?P<labels>⟦[A-Z][^⟧]{2,24}⟧(?:(?:,| or| and)+ ⟦[A-Z][^⟧]{2,24}⟧)*)"
)
_OF_OTHERS = re.compile(
    r"\b(?:only|all|each|every) ([a-z]+) (?:marked|that are|which are|that is|which is)\b", re.IGNORECASE
)
_ADJECTIVE_STATE = re.compile(
    r"\bonly (?:an? )?[a-z]+ (?:which|that) (?:are|is|have been|has been) (?:still )?(?P<state>[a-z]+)\b|"
    r"\b(?:while|as long as) "
    r"(?:it is|they are|the [a-z]+ is) (?:still )?(?P<other>[a-z]+ed|pending|draft|open|active|unpaid)\b",
    re.IGNORECASE,
)
_STATE_BEFORE = re.compile(
    r"\b(?:an?|only|no) (?P<state>[a-z]+ed|sent|paid|unpaid|pending|draft|active) (?P<head>[a-z]+) "
    r"(?:can|may|must|cannot|can't|can’t) (?:no longer |not |never |still |only )?be\b",
    re.IGNORECASE,
)
_STATE_AFTER = re.compile(
    r"\b(?:an?|the|no) (?P<head>[a-z]+) (?:that|which) (?:has|have) been (?P<state>[a-z]+ed) (?:cannot"
    r"|can't|can’t|may not)\b",
    re.IGNORECASE,
)


_AFTER_NOUN = (
    "in|on|at|to|from|for|with|of|that|which|and|or|is|are|has|have|by|as|you|it|will|can|cannot|may|must"
    "|when|if|then|"
    "was|before|after|until|goes|gets|between|into|again|number|code|id|name"
)
_BEFORE_ONE = r"\b(?:an?|each|every|another|new|one|any|no|own|this|that)"
_BEFORE_PLURAL = (
    r"\b(?:the|your|these|those|all|any|some|several|many|two|three|more|other|no|multiple|their|of"
    r"|different|new|which)"
)


@dataclass(frozen=True)
class Entity:
    """A kind of record: its snake_case name and the statuses the text gives it (maybe none)."""

    name: str
    statuses: tuple[str, ...] = ()


def find_entity(sections: tuple[Section, ...], title: str | None) -> Entity:
    """Choose what the procedure is about: what gets a number, what the title and the writing steps act on."""
    score: defaultdict[str, float] = defaultdict(float)
    for name, weight in _title_nouns(title or "", sections):
        score[name] += weight
    words = Counter(_words(sections))
    for section in sections:
        for step in section.steps:
            weight = {"create": 1.5, "change": 0.8, "remove": 0.8, "set": 0.6, "send": 0.6}.get(
                verb_class(step.instruction.verb) or "", 0.2
            )
            score[name_of(step.instruction.rest)] += weight
        for name, weight in _issued(section):
            score[name] += weight
    text = _running_text(sections)
    merged: defaultdict[str, float] = defaultdict(float)
    for name, weight in score.items():
        seen = words[name.rsplit("_", 1)[-1]]
        merged[_short(name)] += weight * (1.0 if seen > 2 else 0.5)
    for name in list(merged):
        merged[name] += min(2.0, 0.15 * words[name.rsplit("_", 1)[-1]])
    ranked = [
        name
        for name in sorted(merged, key=lambda one: -merged[one])
        if is_thing(name)
        and not name.endswith(("_number", "_code", "_id"))
        and not noun_problem(name, "get")
        and not in_group("no_entities", name)
        and _is_counted(name.rsplit("_", 1)[-1], text)
    ]
    name = ranked[0] if ranked else "setting"
    return Entity(name, find_statuses(sections, name))


def _running_text(sections: tuple[Section, ...]) -> str:
    blocks = [section.heading for section in sections]
    blocks += [b.raw for section in sections for b in section.blocks if b.kind in ("item", "paragraph")]
    return re.sub(r"[*_`]", "", " . ".join(blocks)).lower()[:20_000]


@lru_cache(maxsize=512)
def _is_counted(noun: str, text: str) -> bool:
    """Say whether a text speaks of one or several of a thing, as of records, and not of a quality.

    "a contrast" and "contrasts" would make records of contrast; "adjust the contrast" does not. What is
    also a verb ("lock", "print", "order") has to be spoken of so twice.
    """
    ends = r"(?=\s*[.,;:)!?'’]|\s+(?:" + _AFTER_NOUN + r")\b|\s*$)"
    one = rf"{_BEFORE_ONE} (?:[a-z-]+ ){{0,2}}{re.escape(noun)}{ends}"
    several = rf"{_BEFORE_PLURAL} (?:[a-z-]+ ){{0,2}}{re.escape(plural(noun))}{ends}"
    if not verb_class(noun) or in_group("personal", noun):
        return re.search(rf"{one}|\b{re.escape(plural(noun))}\b", text) is not None
    return len(re.findall(f"{one}|{several}", text)) >= 2


def _short(name: str) -> str:
    """Keep the head with at most one noun before it: `lattice_garden_controller` -> garden_controller."""
    words = name.split("_")
    if (
        len(words) > 1
        and is_noun(words[-2])
        and not verb_lemmas(words[-2])
        and words[-2] not in word_set("stop_nouns.txt")
    ):
        return "_".join(words[-2:])
    return words[-1]


def _title_nouns(title: str, sections: tuple[Section, ...]) -> list[tuple[str, float]]:
    first = next((s.heading for s in sections if s.heading), "")
    found = [(goal_of(title or first)[1], 2.6)]
    return found + [(goal_of(section.heading)[1], 0.7) for section in sections if section.heading]


def goal_of(heading: str) -> tuple[str, str]:
    """Read a heading as (verb, object), either may be "": `Booking a crossing by car` -> (book, crossing)."""
    before, colon, after = heading.replace("*", "").replace("`", "").partition(":")
    if colon and not _goal(before)[0] and _goal(after)[0]:
        before = after
    return _goal(before)


def _goal(heading: str) -> tuple[str, str]:
    text = _TITLE_LEAD.sub("", heading.strip(), count=1)
    words = text.split()
    if not words:
        return "", ""
    first = re.sub(r"[^A-Za-z-]", "", words[0]).lower()
    lemma = next((lemma for lemma in verb_lemmas(first) if verb_class(lemma)), "") if first else ""
    if lemma and (first.endswith("ing") or is_base_form(first)) and len(words) > 1:
        particle = words[1].lower()
        joined = f"{lemma}_{particle}"
        if joined in word_set("verb_lists.toml", "particle_verbs"):
            return joined, name_of(" ".join(words[2:]))
        return lemma, name_of(re.sub(r"^(?:for|with|to|from|in|on|out|up|back) ", "", " ".join(words[1:])))
    return "", name_of(text)


def _words(sections: tuple[Section, ...]) -> list[str]:
    return [
        singular(word)
        for section in sections
        for block in section.blocks
        if block.kind != "code"
        for word in re.findall(r"[a-z]{3,}", block.raw[:3000].lower())
    ]


def _issued(section: Section) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for block in section.blocks:
        for sentence in sentences(block.raw) if block.kind in ("item", "paragraph") else ():
            for match in _ISSUED.finditer(sentence.text):
                words = [w for w in noun_phrase(match[1]) if not in_group("not_issued", w.lower())]
                if words and not in_group("not_issued", match[1].split()[-1]):
                    found.append(
                        (singular(words[-1].lower()), 1.6 if _ISSUE_CUE.search(sentence.text) else 0.5)
                    )
    return found


def find_statuses(sections: tuple[Section, ...], entity: str) -> tuple[str, ...]:
    """Collect the statuses the text names, in order of appearance; empty when it names fewer than two."""
    found: dict[str, None] = {}
    for section in sections:
        for block in section.blocks:
            for sentence in sentences(block.raw) if block.kind in ("item", "paragraph") else ():
                found.update(dict.fromkeys(_statuses_in(sentence.marked, entity)))
    kept = list({status.lower(): status for status in sorted(found, key=str.istitle)}.values())
    order = [status.lower() for status in found]
    kept.sort(key=lambda status: order.index(status.lower()))
    return tuple(kept[:MAX_STATUSES]) if len(kept) >= 2 else ()


def _statuses_in(marked: str, entity: str) -> list[str]:
    plain = marked.replace("⟦", "").replace("⟧", "")
    found: list[str] = []
    other = _OF_OTHERS.search(plain)
    if other and singular(other[1].lower()) != entity.rsplit("_", 1)[-1]:
        return []
    for match in [*_STATE_LIST.finditer(plain), *_EACH_IS.finditer(plain)]:
        found.extend(o for o in read_options(match["list"]) if len(o.split()) <= 3 and _looks_like_status(o))
    for match in _STATE_CLAUSE.finditer(marked):
        found.extend(o for o in re.findall(r"⟦([^⟧]+)⟧", match["labels"]) if _looks_like_status(o))
    for match in [*_STATE_BEFORE.finditer(plain), *_STATE_AFTER.finditer(plain)]:
        if singular(match["head"].lower()) == entity.rsplit("_", 1)[-1]:
            found.append(match["state"].lower())
    for match in _ADJECTIVE_STATE.finditer(plain):
        word = (match["state"] or match["other"]).lower()
        if word.endswith("ed") or word in {"pending", "draft", "open", "active", "unpaid", "new"}:
            found.append(word)
    return found


def _looks_like_status(option: str) -> bool:
    words = option.lower().split()
    if (
        not words
        or len(words) > 3
        or words[0] in {"you", "it", "the", "they", "we", "this", "to", "see", "of", "which"}
    ):
        return False
    last, first = words[-1], words[0]
    state_like = re.search(r"(?:ed|ing|en|able|ft|nt|te|ve|ady|gn|id|pt|ld|le|ue|st|se|ew|ss|od)$", last)
    return bool(
        first in {"in", "on", "under", "at", "not", "waiting", "picked", "with", "awaiting"} or state_like
    )
