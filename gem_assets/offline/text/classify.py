"""Does a text hold a multi-step operation of a machine, and of which platform, domain and task is it?

Does not belong here: reading the steps (`steps.py`).
"""

import math
import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache

from gem_assets.offline.text.lexicon import is_base_form, read_data, singular, verb_class, word_set
from gem_assets.offline.text.steps import Section, Step, read_sections

THRESHOLD = 2.4
"""Weight of operations in one section from which a text counts as a procedure."""
MIN_EVIDENCE = 0.5

_INTERACTIVE = ("press", "navigate", "choose", "input", "run")
_REFERENCE_HEADING = re.compile(
    r"^(?:name|synopsis|options|description|see also|bugs|exit status|environment|files)$", re.IGNORECASE
)
_CHANGELOG = re.compile(
    r"\b(?:changelog|change log|release notes|changes (?:since|in)|news in|what.s new)\b|"
    r"^(?:version )?v?\d+\.\d+",
    re.IGNORECASE,
)
_LEGAL = re.compile(
    r"\b(?:licens(?:e|ee|or|ing)|warrant(?:y|ies)|copyright|redistribut\w+|hereby|herein|pursuant|"
    r"infring\w+|liabilit\w+)\b",
    re.IGNORECASE,
)
_HOW_TO = re.compile(r"^(?:\W|\d|\.)*(?:how (?:to|do|can|does)|\w+ing\b|to \w+)", re.IGNORECASE)
_WHAT_IS = re.compile(
    r"^\W*(?:what|why|who|when|which|about|introduction|overview|faq|background|definition)\b", re.I
)


@dataclass(frozen=True)
class Reading:
    """What the filter found: the weight of the best section and the steps that count."""

    weight: float
    steps: tuple[Step, ...]

    @property
    def multi_step(self) -> bool:
        """Whether the text describes an operation of several steps."""
        return self.weight >= THRESHOLD


@dataclass(frozen=True)
class Labels:
    """Platform, domains and task category out of the fixed vocabularies."""

    platform: str
    domains: tuple[str, ...]
    task: str


def read_procedure(text: str, title: str | None) -> Reading:
    """Weigh the operations of a text, section by section."""
    sections = read_sections(text, title)
    weights = [_section_weight(section) for section in sections]
    best = max(weights, default=0.0)
    total = best + min(1.0, 0.2 * (sum(weights) - best))
    steps = tuple(step for section in sections for step in section.steps if step.evidence >= MIN_EVIDENCE)
    if not any(verb_class(step.instruction.verb) in _INTERACTIVE for step in steps):
        total *= 0.7
    return Reading(total * _genre_factor(text, title, sections), steps)


def step_weight(step: Step) -> float:
    """Say how much one step counts: machine evidence, voice, and whether it stands in a numbered list."""
    if step.evidence < MIN_EVIDENCE:
        return 0.0
    voice = {"imperative": 1.0, "narrative": 0.7, "advice": 0.45, "passive": 0.5}[step.instruction.voice]
    if step.in_list and not step.numbered and not step.sentence.raw.rstrip("*_`)").endswith((".", ":", "!")):
        voice *= 0.6
    if verb_class(step.instruction.verb) in _INTERACTIVE:
        voice *= 1.15
    elif step.instruction.verb in word_set("verb_lists.toml", "vague"):
        voice *= 0.6
    return voice * (1.25 if step.numbered else 1.0) * min(1.0, step.evidence)


def _section_weight(section: Section) -> float:
    weight = sum(step_weight(step) for step in section.steps)
    commands = sum(block.kind == "code" for block in section.blocks)
    weight += 0.5 * min(commands, 3)
    if weight and len({step.block for step in section.steps if step.numbered}) >= 2:
        weight += 0.6
    if weight and (_HOW_TO.match(section.heading) or _is_order(section.heading)):
        weight += 0.4
    elif _WHAT_IS.match(section.heading):
        weight *= 0.85
    return weight


def _is_order(heading: str) -> bool:
    words = re.findall(r"[A-Za-z]+", heading)
    return len(words) > 1 and is_base_form(words[0]) and verb_class(words[0].lower()) not in (None, "mental")


def _genre_factor(text: str, title: str | None, sections: tuple[Section, ...]) -> float:
    """Discount texts that command without being procedures: changelogs, references, licences."""
    headings = [section.heading for section in sections]
    factor = 1.0
    if sum(bool(_REFERENCE_HEADING.match(heading.strip())) for heading in headings) >= 3:
        factor *= 0.15
    changes = sum(bool(_CHANGELOG.search(heading)) for heading in headings)
    if changes >= 2 or (title and _CHANGELOG.search(title)):
        factor *= 0.1
    words = max(1, text.count(" "))
    if len(_LEGAL.findall(text[:40_000])) / words > 0.008:
        factor *= 0.2
    return factor


def label(text: str, title: str | None) -> Labels:
    """Choose platform, domains (two at most) and task by the words of a text; the title counts thrice."""
    words = Counter(
        singular(word)
        for word in re.findall(r"[a-z][a-z-]+", f"{f'{title} ' * 3 if title else ''}{text[:20_000]}".lower())
    )
    domains = _ranked("domain", words)
    best = domains[0][1] if domains else 0.0
    chosen = tuple(name for name, weight in domains[:2] if weight >= max(1.0, 0.75 * best))
    platforms, tasks = _ranked("platform", words), _ranked("task", words)
    return Labels(
        platforms[0][0] if platforms else "other",
        chosen or ("computers_and_electronics",),
        tasks[0][0] if tasks else "customer_support",
    )


def _ranked(group: str, words: Counter[str]) -> list[tuple[str, float]]:
    weights: list[tuple[str, float]] = []
    for name, (whole, stems) in _evidence_words()[group].items():
        counts = [words[word] for word in whole if word in words]
        counts += [sum(n for word, n in words.items() if word.startswith(stem)) for stem in stems]
        weights.append((name, sum(math.log1p(count) for count in counts if count)))
    return sorted((pair for pair in weights if pair[1] > 0), key=lambda pair: -pair[1])


@cache
def _evidence_words() -> dict[str, dict[str, tuple[frozenset[str], tuple[str, ...]]]]:
    table = tomllib.loads(read_data("labels.toml"))
    return {
        group: {
            name: (
                frozenset(word for word in words.split() if not word.endswith("*")),
                tuple(word[:-1] for word in words.split() if word.endswith("*")),
            )
            for name, words in labels.items()
        }
        for group, labels in table.items()
    }
