"""Noun phrases -> names: what an instruction acts on, written the way a developer would name it.

Does not belong here: values of parameters (`values.py`), bounds and options (`parameters.py`).
"""

import re
from functools import lru_cache

from gem_assets.offline.text.lexicon import in_group, is_noun, is_unknown, plural, singular, word_set

MAX_WORDS = 3

_CUT = re.compile(
    r"[,;:.()–—!?]\s|[,;:.)!?]$|\((?=\S)|\s(?:in|on|at|to|from|with|by|for|that|which|who|whose|when|if|"
    r"as|using|into|onto|under|between|until|"
    r"before|after|so|because|unless|through|via|where|you|it|is|are|was|were|and|or|per|within|during|"
    r"against|again|assuming|called|named|containing|including|"
    r"back|only|while|over|about|along|without|than|once|we|they|he|she|not|then|via|such|whether|how|"
    r"what|must|"
    r"can|may|will|has|have|next|near|instead|out|off|up|down|since|upon|across|outside|inside|either)\b",
    re.IGNORECASE,
)
_DETERMINER = re.compile(
    r"^(?:(?:the|a|an|your|their|its|his|her|our|my|this|that|these|those|each|every|all|both|any|some|"
    r"another|one|two|three|"
    r"four|five|six|seven|eight|nine|ten|several|many|more|other|same|new|own|correct|right|relevant|"
    r"appropriate|following|"
    r"desired|necessary|required|first|second|last|next|single|whole|exact|full|up to|at least|at most|"
    r"\d[\d.,]*|as many as|of)\s+)+",
    re.IGNORECASE,
)
_NO_NOUN = re.compile(
    r"^(?:it|them|they|him|her|me|us|you|this|that|these|those|what|who|how|why|when|if|by|for|with|from|"
    r"to|in|on|at|into|as|"
    r"against|under|over|through|has|have|is|are|was|were|not|again|back|here|there|and|or|once|"
    r"twice)\b(?! \d)(?!-)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-'’][A-Za-z]+)*")


@lru_cache(maxsize=16384)
def noun_phrase(text: str) -> tuple[str, ...]:
    """Return the words of the noun phrase a text starts with, determiners gone; empty when there is none."""
    text = re.sub(r"\s*\([^()]*\)", "", text.replace("⟦", "").replace("⟧", "").strip(" \"'“”"))
    text = re.sub(r"^(?:\S+ ){0,3}?\S+['’]s (?=\S)", "", text)
    if _NO_NOUN.match(text):
        return ()
    text = _DETERMINER.sub("", text)
    cut = _CUT.search(text)
    text = _DETERMINER.sub("", text[: cut.start()] if cut else text[:80])
    words = [word.strip("'’-") for word in _WORD.findall(text.replace("'s ", " ").replace("’s ", " "))]
    return tuple(words) if len(words) <= 7 else ()


def name_of(text: str) -> str:
    """Name what a phrase means in snake_case: `the date of admission` -> admission_date; "" for nothing."""
    words = noun_phrase(re.sub(r"^(?:whether|which)\s+(?:the\s+)?", "", text.strip(), flags=re.I))
    lower = [word.lower() for word in words]
    if "of" in lower:
        index = lower.index("of")
        head, rest = lower[:index], noun_phrase(" ".join(words[index + 1 :]))
        if len(head) == 1 and rest and in_group("counted", singular(head[0])):
            return _snake([*rest[-2:], "count"])
        if len(head) == 1 and rest and in_group("measured", singular(head[0])):
            return _snake([*rest[-1:], *head[-1:]])
        words = words[:index]
    return _snake(words)


def _snake(words: tuple[str, ...] | list[str]) -> str:
    kept = [re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_") for word in words]
    kept = [word for word in kept if word not in {"your", "my", "our", "their", "his", "her"}]
    while kept and not _can_end(kept[-1]):
        kept.pop()
    kept = kept[-MAX_WORDS:]
    while len(kept) > 1 and in_group("lead_verbs", kept[0]):
        kept = kept[1:]
    if not kept:
        return ""
    kept = [*kept[:-1], singular(kept[-1])]
    name = "_".join(word for word in kept if word)
    return name if re.fullmatch(r"[a-z][a-z0-9_]{1,39}", name) else ""


def _can_end(word: str) -> bool:
    if word.endswith("ly") or word in {
        "paid",
        "following",
        "blank",
        "first",
        "last",
        "once",
        "open",
        "new",
        "own",
        "again",
        "above",
        "below",
        "there",
        "here",
        "yet",
        "now",
        "too",
        "well",
        "still",
        "specific",
        "different",
        "assuming",
        "more",
        "fail",
    }:
        return False
    return (
        "_" in word
        or is_noun(word)
        or (2 < len(word) <= 8 and is_unknown(word))
        or word.endswith(("id", "name", "number", "code", "pin"))
    )


def short_name(name: str) -> str:
    """Keep the last two words of a name."""
    return "_".join(name.split("_")[-2:])


def is_nameable(name: str) -> bool:
    """Say whether a name is fit for a tool or a parameter: none of its words betrays a broken phrase."""
    return bool(name) and not set(name.split("_")) & word_set("no_names.txt")


def is_thing(name: str) -> bool:
    """Say whether a name can stand for what a service keeps records of."""
    head = name.rsplit("_", 1)[-1]
    return is_nameable(name) and head not in word_set("stop_nouns.txt") and is_noun(head) and len(head) > 2


def words_of(name: str) -> str:
    """Write a snake_case name as words; abbreviations in capitals."""
    capitals = {
        "id": "ID",
        "iban": "IBAN",
        "pin": "PIN",
        "url": "URL",
        "ip": "IP",
        "usb": "USB",
        "isbn": "ISBN",
        "cd": "CD",
        "pdf": "PDF",
        "gps": "GPS",
        "qr": "QR",
        "wi": "Wi",
        "vpn": "VPN",
        "ssh": "SSH",
        "dvd": "DVD",
    }
    return " ".join(capitals.get(word, word) for word in name.split("_"))


def plural_name(name: str) -> str:
    """Put the last word of a snake_case name into the plural."""
    head, _, last = name.rpartition("_")
    return f"{head}_{plural(last)}" if head else plural(last)
