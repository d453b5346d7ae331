"""What in a text speaks for a procedure and what against it, as numbers between about 0 and 4.

The signals are about language and layout only, never about a topic or a publisher. `classify.py` adds them up
with the weights of `data/procedure_weights.toml`. Does not belong here: what is decided from them.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from gem_assets.offline.text.blocks import sentences
from gem_assets.offline.text.lexicon import is_base_form, verb_class, word_set
from gem_assets.offline.text.steps import Section, Step, read_sections

MIN_EVIDENCE = 0.5
"""Evidence of a machine from which a step counts."""
READ = 20_000
"""Characters looked at for the words that speak for a genre."""
WINDOW = 14
"""Sentences and pieces of code in a row that are looked at together."""

_COMMAND = re.compile(r"^(?:[\w@~:./-]*[$#%>]\s+)?(?:[a-z][\w.+-]*|[\w.~-]*/[\w./~+-]+)(?:\s+\S.*)?$")
_NO_COMMAND = re.compile(
    r"[{};,:]$|\[[^\]\s]|\s=\s|^\w+\s*=|<\w[^>]*>.*<|\.\.\.|^(?:def|class|import|from|return|if|for|the|a)\b"
)
_REMARK = re.compile(r"#(?!\s*(?:sudo\b|[a-z][\w.+-]*(?: +\S+){0,5}$))")
_INTERACTIVE = ("press", "navigate", "choose", "input", "run")
_REFERENCE = re.compile(
    r"^(?:name|synopsis|options|description|see also|bugs|exit status|environment|files|arguments|"
    r"parameters|return values?|author|copyright)$",
    re.IGNORECASE,
)
_CHANGELOG = re.compile(
    r"\b(?:changelog|change log|release notes|changes (?:since|in)|news in|what.s new)\b|"
    r"^(?:\w[\w.+-]* )?(?:version )?v?\d+\.[\w.-]+(?:\W+(?:unreleased|\d[\d./-]*|[a-z]{3,9} \d[\d, ]*))?\W*$",
    re.IGNORECASE,
)
_LEGAL = re.compile(
    r"\b(?:licens(?:e|ee|or|ing)|warrant(?:y|ies)|copyright|redistribut\w+|hereby|herein|pursuant|"
    r"infring\w+|liabilit\w+)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^(?:step\s+)?(?:[\dA-Z]{1,3}(?:\.\d+)*[.):]?\s+)?", re.IGNORECASE)
_HOW_TO = re.compile(r"^\W*(?:how (?:to|do|can|does)\b|\w+ing\b|to \w+)", re.IGNORECASE)
_SEQUENCE = re.compile(
    r"^\W*(?:then|next|finally|first(?:ly)?|second(?:ly)?|now|after(?:wards| that|\b)|once|"
    r"when (?:you|the|it)\b|to (?:begin|start|finish)|lastly)\b|"
    r"\b(?:and then|then|before you|after you|once you)\b",
    re.IGNORECASE,
)
_OPTION_LINE = re.compile(r"^\s*(?:[-*]\s+)?`?--?[A-Za-z][\w-]*(?:[ ,=<\[]|`|$)", re.MULTILINE)
_DEFINED = re.compile(r"^\S+(?: \S+){0,4}?\s*(?::|–|—| - )\s+\S")
_DETERMINED = re.compile(
    r"^(?:the|your|this|that|it|them|its|their|each|all|an?|one|⟦|[\"'“`<\d/~]|[A-Z]|on the|to the|"
    r"in the|up|down|into|onto|from)",
)
_ALTERNATIVE = re.compile(
    r"\b(?:one of the following|any of the following|(?:several|two|three|different|other|various|many) "
    r"(?:different )?(?:ways|methods) (?:to|of|for|in which)|either of)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z']+")


@dataclass(frozen=True)
class _Unit:
    """A sentence or a piece of code in its place; `heading` is what it stands under."""

    heading: str
    kind: str
    steps: tuple[Step, ...]
    block: tuple[int, int]

    @property
    def weight(self) -> float:
        """What its operations count; a command line counts less than a clear order."""
        return 0.7 * (self.kind == "code") + sum(step_weight(step) for step in self.steps)


@dataclass(frozen=True)
class _Material:
    """What the signals are taken from. `window` is the run of units with most operations in it."""

    text: str
    title: str
    words: int
    sections: tuple[Section, ...]
    window: tuple[_Unit, ...]
    whole: float

    @property
    def steps(self) -> list[Step]:
        """The steps of the window that operate a machine."""
        return [step for unit in self.window for step in unit.steps if step.evidence >= MIN_EVIDENCE]

    @property
    def heading(self) -> str:
        return next((unit.heading for unit in self.window if unit.steps), "")


@lru_cache(maxsize=64)
def read_signals(text: str, title: str | None) -> dict[str, float]:
    """Measure every signal; a text without words has none."""
    sections = read_sections(text, title)
    units = [unit for index, section in enumerate(sections) for unit in _units(section, index)]
    material = _Material(
        text=text[:READ],
        title=title or "",
        words=max(30, len(_WORD.findall(text[:READ]))),
        sections=sections,
        window=_best_window(units),
        whole=sum(unit.weight for unit in units),
    )
    return {name: float(measure(material)) for name, measure in SIGNALS.items()}


def _units(section: Section, place: int) -> Iterator[_Unit]:
    by_sentence: dict[tuple[int, str], list[Step]] = {}
    for step in section.steps:
        by_sentence.setdefault((step.block, step.sentence.raw), []).append(step)
    for index, block in enumerate(section.blocks):
        if block.kind == "code" and _looks_like_command(block.raw):
            yield _Unit(section.heading, block.kind, (), (place, index))
        elif block.kind in ("item", "paragraph"):
            for sentence in sentences(block.raw):
                steps = tuple(by_sentence.get((index, sentence.raw), ()))
                yield _Unit(section.heading, block.kind, steps, (place, index))


def _looks_like_command(code: str) -> bool:
    """Tell a command line from a synopsis, a piece of a program or a configuration."""
    lines = [line.strip() for line in code.split("\n") if line.strip() and not _REMARK.match(line.strip())]
    return bool(lines) and bool(_COMMAND.match(lines[0])) and not _NO_COMMAND.search(lines[0])


def _best_window(units: Sequence[_Unit]) -> tuple[_Unit, ...]:
    weights = [unit.weight for unit in units]
    starts = range(max(1, len(units) - WINDOW + 1))
    start = max(starts, key=lambda i: sum(weights[i : i + WINDOW]), default=0)
    window = units[start : start + WINDOW]
    while window and not window[-1].weight:
        window = window[:-1]
    while window and not window[0].weight:
        window = window[1:]
    return tuple(window)


def step_weight(step: Step) -> float:
    """Say how much one step counts: machine evidence, voice, and whether it stands in a numbered list."""
    if step.evidence < MIN_EVIDENCE:
        return 0.0
    voice = {"imperative": 1.0, "narrative": 0.7, "advice": 0.45, "passive": 0.5}[step.instruction.voice]
    if _is_bare_bullet(step):
        voice *= 0.6
    if verb_class(step.instruction.verb) in _INTERACTIVE:
        voice *= 1.15
    elif step.instruction.verb in word_set("verb_lists.toml", "vague"):
        voice *= 0.6
    return voice * (1.25 if step.numbered else 1.0) * min(1.0, step.evidence)


def _is_bare_bullet(step: Step) -> bool:
    raw = step.sentence.raw.rstrip("*_`)")
    return step.in_list and not step.numbered and not raw.endswith((".", ":", "!"))


def _is_weak(step: Step) -> bool:
    """Say whether a step nearly counts, and stands where steps stand, not in a list of things."""
    return 0.2 <= step.evidence < MIN_EVIDENCE and (step.numbered or not step.in_list)


def _is_change(heading: str) -> bool:
    return bool(_CHANGELOG.search(heading))


def _is_order(heading: str) -> bool:
    words = _WORD.findall(_NUMBER.sub("", heading, count=1))
    return len(words) > 1 and is_base_form(words[0]) and verb_class(words[0].lower()) not in (None, "mental")


def _share(some: Iterable[object], of: int) -> float:
    return sum(map(bool, some)) / of


def _log(value: float) -> float:
    return math.log1p(max(0.0, value))


def _share_of_steps(holds: Callable[[Step], object]) -> Callable[[_Material], float]:
    return lambda m: _share((holds(step) for step in m.steps), max(3, len(m.steps)))


def _headings(material: _Material) -> list[str]:
    return [section.heading for section in material.sections if section.heading]


def _items(material: _Material) -> Sequence[str]:
    return [b.raw for section in material.sections for b in section.blocks if b.kind == "item"]


def _count(holds: Callable[[Step], object]) -> Callable[[_Material], float]:
    return lambda m: _log(sum(bool(holds(step)) for step in m.steps))


Signal = Callable[[_Material], float]
FOR: dict[str, Signal] = {
    # operations, in all and in one place
    "whole_weight": lambda m: _log(m.whole),
    "window_weight": lambda m: _log(sum(unit.weight for unit in m.window)),
    "density": lambda m: sum(u.weight for u in m.window) / max(4, len(m.window)),
    # of what kind they are
    "orders": _count(lambda s: s.instruction.voice == "imperative"),
    "interactive": _count(lambda s: verb_class(s.instruction.verb) in _INTERACTIVE),
    "surely_machine": _count(lambda s: s.evidence >= 1.2),
    "barely_machine": lambda m: _log(sum(_is_weak(s) for u in m.window for s in u.steps)),
    "determined_objects": _share_of_steps(lambda s: _DETERMINED.match(s.instruction.rest)),
    # how they are laid out
    "numbered_steps": lambda m: _log(len({u.block for u in m.window if any(s.numbered for s in u.steps)})),
    "command_lines": lambda m: _log(min(4, sum(unit.kind == "code" for unit in m.window))),
    "sequence": _count(lambda s: _SEQUENCE.search(s.sentence.text)),
    "conditions": _count(lambda s: s.instruction.condition),
    "how_to_heading": lambda m: float(bool(_HOW_TO.match(m.heading) or _is_order(m.heading))),
}
"""Signals that can only speak for one. Shares are of the steps in the window, counts are log(1 + n)."""
AGAINST: dict[str, Signal] = {
    # steps that are advice, description or entries of a list
    "advice": _share_of_steps(lambda s: s.instruction.voice == "advice"),
    "passive": _share_of_steps(lambda s: s.instruction.voice == "passive"),
    "vague_verbs": _share_of_steps(lambda s: s.instruction.verb in word_set("verb_lists.toml", "vague")),
    "bare_bullets": _share_of_steps(_is_bare_bullet),
    "alternatives": lambda m: float(bool(_ALTERNATIVE.search(m.text))),
    # other genres: references, changelogs, licences, glossaries
    "reference_headings": lambda m: min(3, sum(bool(_REFERENCE.match(h.strip())) for h in _headings(m))),
    "version_headings": lambda m: min(3, sum(map(_is_change, _headings(m))) + 2 * _is_change(m.title)),
    "option_lines": lambda m: _log(len(_OPTION_LINE.findall(m.text))),
    "defined_items": lambda m: _share((_DEFINED.match(item) for item in _items(m)), max(3, len(_items(m)))),
    "legal": lambda m: min(2.0, 100 * len(_LEGAL.findall(m.text)) / m.words),
    "length": lambda m: math.log(m.words / 30),
}
"""Signals that can only speak against one."""
SIGNALS = {**FOR, **AGAINST}
