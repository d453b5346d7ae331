"""A cheap look before stage 1's model: too short, repetitive, or hardly an instruction in it.

Only for languages it was measured on; texts in others pass. Does not belong here: judging whether a text is a
procedure (`filtering.py`), reading its steps (`offline/`).
"""

import re
from collections.abc import Iterable
from functools import cache

from gem_assets.llm.protocol import Llm
from gem_assets.offline.text.lexicon import inflect, verb_classes
from gem_assets.records.document import Document
from gem_assets.records.outcome import Reason, Rejected
from gem_assets.settings import PrefilterSettings, Settings

_SPACED = str.maketrans({char: " " for char in "*_\"'()[]<>`#“”‘’"} | {"\n": " \n . "})
_STEP = re.compile(r"^[ \t>#*]*(?:\d{1,3}[.):]|step\s+\d+)", re.MULTILINE | re.IGNORECASE)
_ENDS = frozenset(".!?:;,-–—•·")
_LEADS = frozenset(
    (
        "to", "can", "must", "should", "will", "and", "or", "you", "please", "now", "we", "i", "they", "then",
        "next", "finally", "first", "simply", "just", "also", "again", "carefully", "always", "never", "not",
    )
)  # fmt: skip

_OBJECTS = frozenset(("a", "an", "the", "it", "them", "each", "every", "this", "that", "its", "their", "one"))


def is_used(settings: Settings, llm: Llm) -> bool:
    """Say whether the prefilter looks at texts before this model does."""
    return settings.use_prefilter == "on" or (settings.use_prefilter == "auto" and not llm.is_model)


def prefilter(document: Document, settings: PrefilterSettings) -> Rejected | None:
    """Reject a text that surely holds no procedure, with the count that shows it; None where it passes."""
    if document.language not in settings.languages:
        return None
    text = document.text
    words = text.translate(_SPACED).lower().split()
    if len(words) < settings.minimum_words:
        found = f"{len(words)} words, at least {settings.minimum_words} wanted"
        return Rejected(Reason.PREFILTER_TOO_SHORT, found)
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    repeated = 1 - len(set(lines)) / len(lines)
    if len(lines) >= settings.repetition_lines and repeated > settings.maximum_repetition:
        return Rejected(
            Reason.PREFILTER_REPETITIVE, f"{repeated:.0%} of {len(lines)} lines stand there before"
        )
    instructions = count_instructions(words)
    wanted = max(settings.minimum_instructions, settings.minimum_density * len(words))
    if instructions < wanted and len(_STEP.findall(text)) < settings.enough_steps:
        found = (
            f"{instructions} verbs where an instruction begins, {wanted:.0f} wanted among {len(words)} words"
        )
        return Rejected(Reason.PREFILTER_NO_INSTRUCTIONS, found)
    return None


def count_instructions(words: Iterable[str]) -> int:
    """Count verbs that tell somebody to do something, or tell what somebody does.

    Told: operation verbs that begin a line, a sentence or a clause, or follow a word that leads to one.
    Narrated (`the clerk opens the ledger`): the form for he, she or it, right before its object.
    """
    told, narrated = _verbs(), _narrated_verbs()
    row = [".", *words, "."]
    return sum(
        (word in told and (before[-1] in _ENDS or before in _LEADS))
        or (word in narrated and after in _OBJECTS)
        for before, word, after in zip(row, row[1:], row[2:], strict=False)
    )


@cache
def _verbs() -> frozenset[str]:
    """The operation verbs of the baseline generator's lexicon, in their base form."""
    return frozenset(verb for verb in verb_classes() if "_" not in verb)


@cache
def _narrated_verbs() -> frozenset[str]:
    """The same verbs as they stand after he, she or it."""
    return frozenset(inflect(verb, "VBZ") for verb in _verbs())
