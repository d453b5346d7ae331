"""What the assistant says of limits: within one that it breaks, over one that it keeps.

English only. Does not belong here: what tools do about limits (`constraints`).
"""

import re
from collections.abc import Iterator

from gem_assets.records.outcome import Reason
from gem_assets.verification.check import Defect
from gem_assets.verification.constraints.constraints import Verdict
from gem_assets.verification.grounding.identifiers import words_of
from gem_assets.verification.grounding.ledger import to_number
from gem_assets.verification.state.replay import replay_calls
from gem_assets.verification.values import leaves, quote
from gem_assets.verification.view import TrajectoryView

_SENTENCE = re.compile(r"[^.!?\n;]+(?:[.,](?=\d)[^.!?\n;]+)*[.!?;]*")
_NUMBER = r"(?<![\w.,-])(\d[\d,]*(?:\.\d+)?)"
_UNIT = r"[ -]?(%|°?[a-z]{1,10})?"
_GAP = r"[^.;!?\d]{0,50}?"
_BOUND = r"(?:limit|maximum|max|cap|ceiling|allowance)"
_IS = r"\s*(?:of|is|at|:|=|\()\s*\(?(?:[$€£])?"
_WITHIN = r"(?:within|under|below|inside)"
_OVER = r"(?:exceeds?|exceeding|over|above|beyond|more than)"
_NOT = re.compile(
    r"\b(?:not|n't|never|no longer|nor|unless|if|would|instead|reduce\w*|lower\w*|shorten\w*|until|"
    r"to (?:get|bring|stay|keep)|"
    r"should|must|could|need\w*|keep\w*|or|plus|adding|another|more|extra|left|remaining|each|per|by)\b|n't",
    re.IGNORECASE,
)
_COMPARES = tuple(
    (sense, re.compile(rf"{_NUMBER}{_UNIT}\b{_GAP}\b{cue}\b{_GAP}\b{rest}", re.IGNORECASE))
    for sense, cue in (("within", _WITHIN), ("over", _OVER))
    for rest in (rf"{_BOUND}{_IS}(\d[\d,]*(?:\.\d+)?){_UNIT}", rf"(\d[\d,]*(?:\.\d+)?){_UNIT}[ -]+{_BOUND}\b")
)
_PAIR = re.compile(
    r"(\d+(?:\.\d+)?)\s?[x×]\s?(\d+(?:\.\d+)?)[^.;!?\d]{0,60}\b(within|under|below|inside|exceeds?|over|"
    r"above)\b[^.;!?\d]{0,60}?"
    r"(\d+(?:\.\d+)?)\s?[x×]\s?(\d+(?:\.\d+)?)",
    re.IGNORECASE,
)
_FINE = re.compile(
    r"\b(?:within (?:the |our |all )?(?:\w+ ){0,2}(?:limits?|range|allowance|maximum|rules?|bounds|"
    r"restrictions?)|"
    r"(?:is|are) (?:allowed|permitted|acceptable|fine)|meets the|complies|below the (?:\w+ )?(?:limit|"
    r"maximum))\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"\b(?:not|never|only|unless|if|too|exceed\w*|over|above|instead|would|unfortunately|cannot|outside)\b|"
    r"n't",
    re.IGNORECASE,
)
_SIMPLE = re.compile(r"\s*args\.(\w+)\s*(<=|<|>=|>)\s*(\d+(?:\.\d+)?)\s*")


def find_wrong_statements(view: TrajectoryView) -> list[Defect]:
    """Find sentences of the assistant that call a value within a limit it breaks, or the reverse."""
    verdicts = view.shared(replay_calls).verdicts
    findings: list[Defect] = []
    for index, message in enumerate(view.messages):
        if message.role != "assistant" or not any(map(str.isdecimal, message.content)):
            continue
        for found in _SENTENCE.finditer(message.content.replace("’", "'")):
            problem = next(_problems(view, verdicts, index, found.group()), None)
            if problem:
                evidence = f"Message {index} says {quote(found.group().strip())}, but {problem}."
                findings.append(Defect(Reason.VERIFY_STATED_LIMIT, evidence, index, span=found.span()))
    return findings


def _problems(view: TrajectoryView, verdicts: list[Verdict], index: int, sentence: str) -> Iterator[str]:
    yield from _self_contradictions(sentence)
    if _FINE.search(sentence) and not _NEGATED.search(sentence):
        yield from _checked(verdicts, index, sentence)
        yield from _limited(view, sentence)


def _self_contradictions(sentence: str) -> Iterator[str]:
    for sense, pattern in _COMPARES:
        found = pattern.search(sentence)
        if not found or _NOT.search(found.group()):
            continue
        value, limit = to_number(found[1]), to_number(found[3])
        if value is None or limit is None or not _same_unit(found[2], found[4]):
            continue
        if (sense == "within") == (value > limit):
            yield f"{found[1]} is {'more' if value > limit else 'not more'} than {found[3]}"
    yield from _pair_contradictions(sentence)


def _pair_contradictions(sentence: str) -> Iterator[str]:
    for found in _PAIR.finditer(sentence):
        if _NOT.search(found.group()):
            continue
        value = sorted((float(found[1]), float(found[2])))
        limit = sorted((float(found[4]), float(found[5])))
        fits = value[0] <= limit[0] and value[1] <= limit[1]
        if fits != (found[3].casefold() in ("within", "under", "below", "inside")):
            yield f"{found[1]}x{found[2]} {'fits' if fits else 'does not fit'} {found[4]}x{found[5]}"


def _same_unit(first: str | None, second: str | None) -> bool:
    """Tell whether two numbers stand in one unit, as far as units are written."""
    if not first or not second or len(first) > 6 or len(second) > 6:
        return not first or not second
    return first.casefold().rstrip("s") == second.casefold().rstrip("s")


def _checked(verdicts: list[Verdict], index: int, sentence: str) -> Iterator[str]:
    """Look for a call just made whose argument the sentence names, and whose predicate is false."""
    numbers = {to_number(number) for number in re.findall(_NUMBER, sentence)}
    for verdict in verdicts:
        if verdict.holds is not False or not 0 <= index - verdict.interaction.index <= 4:
            continue
        used = set(re.findall(r"args\.(\w+)", verdict.constraint.predicate or ""))
        values = [
            float(value)
            for path, value in leaves(verdict.interaction.call.arguments)
            if path.split(".")[1].split("[")[0] in used
            and isinstance(value, int | float)
            and not isinstance(value, bool)
        ]
        if len(values) > 0 and set(values) <= numbers:
            yield f"the rule says {quote(verdict.constraint.rule)}"


def _limited(view: TrajectoryView, sentence: str) -> Iterator[str]:
    """Look for a limit on an argument that the sentence names by name, with a number beyond it."""
    small = sentence.casefold()
    numbers = [to_number(number) for number in re.findall(_NUMBER, sentence)]
    for constraint in view.constraints:
        simple = _SIMPLE.fullmatch(constraint.predicate or "")
        if not simple or len(numbers) != 1 or numbers[0] is None:
            continue
        words = [word for word in words_of(simple[1]) if len(word) > 3]
        limit = float(simple[3])
        broken = numbers[0] > limit if simple[2].startswith("<") else numbers[0] < limit
        if words and all(word[:5] in small for word in words) and broken:
            yield f"the rule says {quote(constraint.rule)}"
