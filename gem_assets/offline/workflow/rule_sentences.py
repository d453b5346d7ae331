"""Which sentences are rules: they limit, demand or forbid, rather than tell, advise or order a step.

Does not belong here: what can be checked of them (`predicates.py`).
"""

import re

from gem_assets.offline.text.blocks import Sentence
from gem_assets.offline.text.imperatives import read_instruction

_FEW = "one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty|fifty"
_TIME = r"\S+ (?:\w+ )?(?:days?|hours?|minutes?|weeks?|months?|years?)"
_RULE = re.compile(
    "|".join((
        r"\bmust\b",
        r"\b(?:has|have|needs?) to (?:(?:first|only) )?be\b|\b(?:has|have|needs?) to first\b|\bis to be\b",
        r"\bmay not\b|\bcannot\b|\bcan['’]t\b|\bcan not\b|\b(?:can|may) no longer\b",
        r"\bbefore (?:you|it|they|users?|\w+ing)\b",
        r"\b(?:can|may|must) (?:\w+ ){0,2}only\b|\bonly (?:\w+ ){0,6}(?:can|may)\b",
        r"\b(?:can|may) (?:be )?\w+ (?:\w+ ){0,3}(?:only|while|until|as long as|up to|unless|within)\b",
        r"\bonly (?:if|when|while|once|after|before|until|up to|within)\b",
        r"\bnobody\b|\bno one\b|\bno \w+ (?:can|may)\b|\bas long as\b",
        r"\b(?:is|are) (?:not|only|never) (?:allowed|permitted|possible)\b",
        r"\b(?:is|are) (?:required|mandatory|compulsory|prohibited|forbidden|limited)\b",
        r"\brequires? (?:an?|the|your)\b",
        r"\b(?:at most|at least|no more than|not more than|not exceed|up to|as many as) \S*\d",
        rf"\b(?:at most|at least|no more than|up to|as many as) (?:{_FEW})\b",
        r"\bbetween \d\S* (?:and|to)\b",
        rf"\bwithin {_TIME}\b|\bno later than\b",
    )),
    re.IGNORECASE,
)  # fmt: skip
_NO_RULE = re.compile(
    "|".join((
        # what may become necessary, or is not
        r"\b(?:may|might|could|can|will|would|should|shall|'ll|’ll|don['’]t|do not|does not|doesn['’]t|did"
        r"|not|never|often"
        r"|sometimes|usually|also|first) (?:probably |also |then |first |still )?(?:have|need) to\b",
        r"\bdon['’]t (?:have|need)\b|\bno(?:t)? (?:longer )?requires?\b|\bif (?:required|possible|needed"
        r"|necessary)\b",
        # what may be so
        r"\bmay not (?:be|have|work|always|appear|display|function|show|look|see|want|need|support|know"
        r"|even|yet"
        r"|get|come|exist|notice|recognize|fit|respond|match|suit)\b|\bmust have (?:been|had)\b|\bcan['’]t "
        r"wait\b",
        r"\bperhaps\b|\bprobably\b|\bin some cases\b|\bmost \w+ (?:require|need)"
        r"|\bsome \w+ (?:require|need|allow|have|support)",
        # what was, what somebody tells of himself, examples
        r"\bI\b|\bmy\b|\bwe\b|\b(?:was|were|had)\b|\bwould\b|\bnever mind\b|\bif only\b|\bnot only\b",
        r"\bdesigned to\b|\bfor example\b|\be\.g\.|\bfor instance\b",
    )),
    re.IGNORECASE,
)  # fmt: skip
_PURPOSE = re.compile(
    r"(?:,? so that|,? because|,? since|, as(?! long| many| soon)|,? which|,? ensur\w+|,? mak\w+ sure|,? "
    r"until|, so)"
    r"\b.*$|\(.*$",
    re.IGNORECASE,
)
_LIMITING = re.compile(
    rf"\b(?:at most|up to (?:\d|{_FEW})|no more than|at least|between \d|from \d|cannot|must|never|"
    r"only (?:if|one|when|while|once|after))\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"^(?:If|When|Whenever|Unless|Where|In case|Once|While|Because|Since|Although|Even if)\b[^,]*, (?:then )?"
)


def is_rule(sentence: Sentence) -> bool:
    """Say whether a sentence limits, demands or forbids.

    A plain order is a step, and what may happen, is usual, was so or is told of oneself is no rule.
    """
    said = _PURPOSE.sub("", _CONDITION.sub("", sentence.text))
    if not _RULE.search(said) or _NO_RULE.search(said):
        return False
    instruction = read_instruction(sentence.marked)
    ordered = instruction is not None and instruction.voice == "imperative"
    return not ordered or bool(_LIMITING.search(said))
