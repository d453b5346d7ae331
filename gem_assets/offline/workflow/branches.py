"""Conditions of steps: "If the parcel is damaged, upload a photo" tells of a step for some records only.

So does "For a bank transfer, enter the IBAN". The condition travels in the tool's description ("Only if the
parcel is damaged.") and is kept by records as a field that is true or false (`parcel_damaged`).
Does not belong here: who takes which branch (`dialogue/`).
"""

import re
from collections.abc import Sequence

from gem_assets.offline.text.lexicon import word_set

MAX_WORDS = 9
MAX_FLAG_WORDS = 4
_NO_CASES = "no_cases.toml"

_IF = re.compile(r"^(?P<how>if|unless|in case)\s+(?P<what>.+)$", re.IGNORECASE | re.DOTALL)
_FOR = re.compile(r"^for (?P<what>(?:an? )?[a-z-]+(?: [a-z-]+){1,2})$", re.IGNORECASE)
_FACT = re.compile(
    r"\b(?:is|are|has|have|was|were|isn['’]t|aren['’]t|hasn['’]t|haven['’]t|contains?|exceeds?)\b", re.I
)
_NO_FACT = re.compile(
    r"\b(?:want|wish|like|prefer|need\w*|would|can|cannot|can['’]t|could|may|might|should|must|done|ready"
    r"|finished|"
    r"asked|prompted|using|necessary|required|possible|doubt|so|sure|unsure|interested|familiar|going"
    r"|happens?|this|"
    r"that|yours|mine|all|they|these|those|one|others?|following|above|below|something|anything|everything|nothing|or|and"
    r"|but)\b|"
    r"[^\w\s'’-]",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:not|no|never|without)\b|n['’]t\b", re.IGNORECASE)
_DROPPED = frozenset(
    (
        *("the", "a", "an", "your", "you", "their", "its", "it", "there", "is", "are", "was", "were", "be"),
        *("been", "isn", "aren", "hasn", "haven", "don", "doesn", "t", "not", "no", "any", "has", "have"),
        *("do", "does", "user", "already", "still", "also", "about", "s"),
    )
)
_SAID = re.compile(r"(?P<how>Only|Not) if (?P<what>[^.]+)\.$")


def state_condition(clause: str, after: str = "") -> str:
    """Write the condition of a step as a tool's description ends with it; "" where it is no fact of a record.

    `after` is the condition of the step before, which "otherwise" and "if not" turn round.
    """
    if after and re.match(r"^(?:otherwise|if not|else)\b", clause.strip(), re.IGNORECASE):
        return f"Not{after[4:]}" if after.startswith("Only") else f"Only{after[3:]}"
    plain = re.sub(r"\s+", " ", clause.replace("⟦", "").replace("⟧", "")).strip(" ,")
    case = _case(plain)
    if case:
        return case
    match = _IF.match(plain)
    if match is None:
        return ""
    what = match["what"]
    if len(what.split()) > MAX_WORDS or not _FACT.search(what) or _NO_FACT.search(what):
        return ""
    said = re.sub(r"\byou (?=are\b)", "the user ", what, flags=re.IGNORECASE).replace("user are", "user is")
    said = re.sub(r"\byou have\b", "the user has", said, flags=re.IGNORECASE)
    said = re.sub(r"\byou do(n['’]t| not)? have\b", r"the user does\1 have", said, flags=re.IGNORECASE)
    said = re.sub(r"\byour\b", "the user's", said, flags=re.IGNORECASE)
    condition = f"{'Not' if match['how'].lower() == 'unless' else 'Only'} if {said}."
    return condition if read_condition(condition) else ""


def _case(clause: str) -> str:
    """Write "for a bank transfer" as a condition; "" where the words tell of no kind of record."""
    match = _FOR.match(clause)
    if match is None:
        return ""
    what = match["what"].lower()
    words = what.removeprefix("a ").removeprefix("an ").split()
    is_one = len(words) < len(what.split())
    if not (is_one or re.search(r"[^s]s$", what)) or not _is_kind(words):
        return ""
    condition = f"Only if it is {what}." if is_one else f"Only if it is about {what}."
    return condition if read_condition(condition) else ""


def _is_kind(words: Sequence[str]) -> bool:
    """Tell a kind of record ("bank transfer") from an aim ("best results") and everyone ("each order")."""
    return not (
        words[0] in word_set(_NO_CASES, "first")
        or words[-1] in word_set(_NO_CASES, "last")
        or any(word in word_set(_NO_CASES, "inside") for word in words)
    )


def read_condition(description: str) -> tuple[str, bool] | None:
    """Read the end of a tool's description as the field a record keeps and the value the tool needs."""
    match = _SAID.search(description)
    if match is None:
        return None
    words = [word for word in re.findall(r"[a-z]+", match["what"].lower()) if word not in _DROPPED]
    if not 2 <= len(words) <= MAX_FLAG_WORDS:
        return None
    wanted = (match["how"] == "Only") != bool(_NOT.search(match["what"]))
    return "_".join(words), wanted
