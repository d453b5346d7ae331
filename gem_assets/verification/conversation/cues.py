"""What a turn does: asks, asks for a yes, declines, offers, states a rule; and what a tool does.

English only; the words are in `cues.toml`. Does not belong here: what in a dialogue must come together for
a pattern (`patterns`).
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from gem_assets.verification.conversation.mentions import read_text

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_SENTENCE = re.compile(r"[^.!?\n;]+[.!?;]*")


@dataclass(frozen=True)
class Rule:
    """A sentence of the system message that allows, forbids or demands: its word stems and its numbers."""

    stems: frozenset[str]
    numbers: frozenset[str]


def asks(text: str) -> bool:
    """Tell whether a reply asks for something that it needs, not just whether there is anything else."""
    return any(not _cue("closing").search(question) for question in _questions(text))


def asks_confirmation(text: str) -> bool:
    """Tell whether a reply asks for a yes."""
    questions = [question for question in _questions(text) if not _cue("closing").search(question)]
    return any(_cue("confirmation").search(question) for question in questions) or bool(
        _cue("demand").search(text)
    )


def declines(text: str, rules: Sequence[Rule]) -> bool:
    """Tell whether a reply says no, and says so for a rule: it names one, or echoes one of the rules."""
    plain = _plain(text)
    refusals = [sentence for sentence in _sentences(plain) if _cue("declining").search(sentence)]
    return bool(refusals) and (
        any(_cue("ruling").search(sentence) for sentence in refusals) or _echoes(plain, rules)
    )


def offers(text: str) -> bool:
    """Tell whether a reply offers another way."""
    return bool(_cue("offering").search(_plain(text)))


def states_rule(text: str, rules: Sequence[Rule]) -> bool:
    """Tell whether a sentence of a reply states one of the rules."""
    stating = (sentence for sentence in _sentences(_plain(text)) if _cue("stating").search(sentence))
    return any(_echoes(sentence, rules) for sentence in stating)


@lru_cache(maxsize=64)
def read_rules(system: str) -> tuple[Rule, ...]:
    """Take the rules out of a system message."""
    return tuple(
        Rule(_stems(sentence), _numbers(sentence))
        for sentence in _sentences(_plain(system))
        if _cue("in_rule").search(sentence)
    )


def is_write(tool: str) -> bool:
    """Tell from its name whether a tool changes something; a name that says neither does."""
    words = _words_of(tool)
    if not words or _is_arrival(words):
        return True
    if words[0] in _words("tools", "read") or words[-1] in _words("tools", "read_last"):
        return False
    reads = not _words("tools", "read").isdisjoint(words)
    return not reads or not _words("tools", "write").isdisjoint(words)


def is_check(tool: str) -> bool:
    """Tell from its name whether a tool tests a condition."""
    words = _words_of(tool)
    return bool(words) and words[0] in _words("tools", "check") and not _is_arrival(words)


@cache
def _cues() -> dict[str, dict[str, Any]]:
    return tomllib.loads(
        files("gem_assets.verification.conversation").joinpath("cues.toml").read_text("utf-8")
    )


@cache
def _cue(name: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(_cues()['sentences'][name])})\b", re.IGNORECASE)


@cache
def _words(table: str, name: str) -> frozenset[str]:
    return frozenset(_cues()[table][name].split())


def _is_arrival(words: list[str]) -> bool:
    return " ".join(words[:2]) in _cues()["tools"]["arrivals"]


def _words_of(tool: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(tool)]


def _plain(text: str) -> str:
    return text.replace("’", "'")


def _sentences(text: str) -> list[str]:
    return _SENTENCE.findall(text)


def _questions(text: str) -> list[str]:
    return [sentence for sentence in _sentences(_plain(text).replace("？", "?")) if sentence.endswith("?")]


def _echoes(text: str, rules: Sequence[Rule]) -> bool:
    stems, numbers = _stems(text), _numbers(text)
    return any(
        len(stems & rule.stems) >= 2 or (stems & rule.stems and numbers & rule.numbers) for rule in rules
    )


def _stems(text: str) -> frozenset[str]:
    """Cut words to five letters: `cancelled` and `cancel`, `orders` and `order` are one."""
    words = re.findall(r"[a-z]{4,}", text.lower())
    return frozenset(word[:5] for word in words if word not in _words("words", "common"))


def _numbers(text: str) -> frozenset[str]:
    return frozenset(piece for piece in read_text(text).pieces if piece[0].isdecimal())
