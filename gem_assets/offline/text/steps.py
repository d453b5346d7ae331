"""Blocks -> sections with their steps: compounds split, conditions and options noted.

Does not belong here: whether the whole is a procedure (`classify.py`), what tools a step needs (`tools.py`).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from gem_assets.offline.text.blocks import Block, Sentence, read_blocks, sentences
from gem_assets.offline.text.imperatives import Instruction, read_instruction
from gem_assets.offline.text.lexicon import (
    is_base_form,
    is_machine_noun,
    is_strong_machine_noun,
    singular,
    verb_class,
    verb_lemmas,
    word_set,
)


@dataclass(frozen=True)
class Step:
    """One operation in place. `evidence` (0 to 2) says how surely a machine is operated."""

    instruction: Instruction
    sentence: Sentence
    block: int
    in_list: bool
    numbered: bool
    evidence: float

    @property
    def text(self) -> str:
        """The step as an order, without markup."""
        rest = self.instruction.rest.replace("⟦", "").replace("⟧", "")
        words = f"{self.instruction.verb.replace('_', ' ')} {rest}".strip()
        order = words[:1].upper() + words[1:].rstrip(" ,.;:")
        condition = self.instruction.condition.replace("⟦", "").replace("⟧", "")
        if condition:
            order = f"{condition[:1].upper()}{condition[1:]}, {order[:1].lower()}{order[1:]}"
        return order


@dataclass(frozen=True)
class Section:
    """What stands under one heading; `heading` is empty before the first."""

    heading: str
    level: int
    blocks: tuple[Block, ...]
    steps: tuple[Step, ...]


_SEPARATOR = re.compile(
    r";\s+|,?\s+and\s+then\s+|,?\s+then\s+|,\s+and\s+|\s+and\s+|\.\s+|,\s+|\s+or\s+|\s+to\s+(?=\w+ "
    r"the\b)|\s+–\s+|:\s+"
)
_LEAD = re.compile(r"^(?:then|also|finally|next|again|now|either|first)\s+", re.IGNORECASE)
_SUBORDINATE = re.compile(
    r"^(?:while|when|if|once|before|after|as long as|as soon as|during|provided|until)\b", re.I
)
_YOU = re.compile(
    r"\s(?=(?:you|it|they|members?|users?) (?:may|can|must|should|need to|have to)\b)", re.IGNORECASE
)
_CONCRETE = re.compile(
    r"⟦|https?://|www\.|(?:^|\s)[~/][\w.-]+/|\b(?:Ctrl|Alt|Shift|Super|Esc|Enter|Tab|F\d{1,2})\b|[▸→]|"
    r"\s>\s|\.\w{2,4}\b(?=\s|$|,)"
    r"|(?<=\s)--?\w|\b[\w.+-]+@[\w-]+\.\w+"
)
_PLACE = re.compile(r"(?:in|on|under|from|at|next to|below|above)\b", re.IGNORECASE)
_INTERACTIVE = ("input", "press", "choose", "create", "set", "send", "remove")
_CAPITAL = re.compile(r"(?<![.!?]\s)\b[A-Z][A-Za-z0-9-]+")
_WORDS = re.compile(r"[A-Za-z][A-Za-z'-]*")


@lru_cache(maxsize=64)
def read_sections(text: str, title: str | None = None) -> tuple[Section, ...]:
    """Read a text into sections; the title, where given, is the heading of what precedes any other."""
    sections: list[Section] = []
    context = machine_context(text)
    heading, level, blocks = title or "", 0, list[Block]()
    for block in read_blocks(text):
        if block.kind == "heading":
            sections.append(_section(heading, level, blocks, context))
            heading, level, blocks = block.raw, block.level, []
        else:
            blocks.append(block)
    sections.append(_section(heading, level, blocks, context))
    return tuple(s for s in sections if s.blocks or s.heading)


@lru_cache(maxsize=64)
def machine_context(text: str) -> bool:
    """Say whether a text speaks often enough of a screen, program or machine to be about one."""
    words = [word.lower() for word in _WORDS.findall(text[:20_000])]
    hits = [word for word in words if singular(word) in word_set("verb_lists.toml", "context")]
    return len(set(hits)) >= 3 and len(hits) >= 4


def _section(heading: str, level: int, blocks: list[Block], context: bool) -> Section:
    steps: list[Step] = []
    for index, block in enumerate(blocks):
        if block.kind in ("item", "paragraph"):
            shown = _shows_code(blocks, index)
            for sentence in sentences(block.raw):
                more = 0.8 if shown and sentence.raw.endswith(":") else 0.0
                steps.extend(
                    _step(i, sentence, index, block, context, more) for i in read_operations(sentence)
                )
    return Section(heading, level, tuple(blocks), tuple(steps))


def _shows_code(blocks: list[Block], index: int) -> bool:
    """Say whether a piece of code follows, as it does where a command or a line to type is shown."""
    return index + 1 < len(blocks) and blocks[index + 1].kind == "code"


def _step(
    instruction: Instruction, sentence: Sentence, index: int, block: Block, context: bool, more: float
) -> Step:
    evidence = min(2.0, _evidence(instruction, context) + more)
    return Step(instruction, sentence, index, block.kind == "item", block.numbered, evidence)


def read_operations(sentence: Sentence) -> list[Instruction]:
    """Read the operations a sentence tells of, in order; conditions carry over to what "and" joins."""
    if sentence.marked.rstrip("\"'”’)").endswith("?"):
        return []
    return [i for i in read_clauses(sentence.marked) if verb_class(i.verb) not in (None, "mental")]


def read_clauses(marked: str) -> list[Instruction]:
    """Split a sentence into its instructions."""
    inner = _YOU.search(marked) if _SUBORDINATE.match(marked) else None
    first = read_instruction(marked)
    if first is None and inner and "," not in marked[: inner.start()]:
        marked = f"{marked[: inner.start()]}, {marked[inner.end() :]}"
        first = read_instruction(marked)
    if first is None:
        return _later_clauses(marked)
    found: list[Instruction] = []
    for index, piece in enumerate(_split(first.rest, first.voice == "narrative")):
        if index == 0:
            found.append(Instruction(first.verb, piece, first.voice, first.condition, first.optional))
            continue
        more = _continuation(piece, first)
        if more:
            found.append(more)
    return found


def _later_clauses(marked: str) -> list[Instruction]:
    """Look behind `;` and `, then` when the sentence does not open with an instruction."""
    for match in re.finditer(r"[;:]\s+|,\s+(?:so|then|and then|and)\s+", marked):
        rest = read_instruction(marked[match.end() :], allow_narrative=False)
        if rest and rest.voice == "imperative":
            return [rest, *[m for piece in _split(rest.rest, False)[1:] if (m := _continuation(piece, rest))]]
    return []


def _split(rest: str, narrative: bool) -> list[str]:
    """Cut where another verb of the same voice follows a separator."""
    pieces: list[str] = []
    start = 0
    for match in _SEPARATOR.finditer(rest):
        if match.start() < start or rest[: match.start()].count("⟦") != rest[: match.start()].count("⟧"):
            continue
        follows = _LEAD.sub("", rest[match.end() :])
        if _begins_operation(follows, narrative, match[0].strip()):
            pieces.append(rest[start : match.start()])
            start = match.end()
    pieces.append(rest[start:])
    return [piece.strip(" ,.;:") for piece in pieces]


def _begins_operation(text: str, narrative: bool, separator: str) -> bool:
    if separator in ("to", "or") and not re.match(r"(?:press|click|tap|choose|select) ", text):
        return False
    word = _WORDS.match(text)
    if word is None:
        return False
    if narrative:
        form = word[0].lower()
        if form.endswith("s") and any(
            verb_class(lemma) not in (None, "mental") for lemma in verb_lemmas(form)
        ):
            return True
    if not is_base_form(word[0]):
        return separator in (";", ".", ":") and read_instruction(text, allow_narrative=False) is not None
    return read_instruction(text, allow_narrative=False) is not None


def _continuation(piece: str, first: Instruction) -> Instruction | None:
    piece = _LEAD.sub("", piece)
    found = read_instruction(f"they {piece}") if first.voice == "narrative" else None
    found = found or read_instruction(piece)
    if found is None:
        return None
    return Instruction(
        found.verb,
        found.rest,
        first.voice,
        found.condition or first.condition,
        first.optional or found.optional,
    )


def _evidence(instruction: Instruction, context: bool) -> float:
    """Add up what says that a screen or a machine is operated, 0 to 2."""
    group = verb_class(instruction.verb)
    clause = instruction.rest[:160]
    score = 1.0 if instruction.verb in word_set("verb_lists.toml", "ui") else 0.0
    score += 0.8 if _CONCRETE.search(clause) else 0.0
    if group in ("press", "navigate", "choose", "input", "set") and _CAPITAL.search(clause):
        score += 0.6
    nouns = [word for word in _WORDS.findall(clause)[:14] if is_machine_noun(word)]
    score += min(1.0, sum(0.7 if is_strong_machine_noun(word) else 0.35 for word in nouns))
    if instruction.condition and _PLACE.match(instruction.condition):
        places = _WORDS.findall(instruction.condition)
        score += min(0.5, sum(0.5 if is_strong_machine_noun(word) else 0.2 for word in places))
    if context and group != "physical":
        score += 0.5 if instruction.voice != "passive" and group in _INTERACTIVE else 0.3
    if group == "physical":
        score *= 0.4
    return min(score, 2.0)
