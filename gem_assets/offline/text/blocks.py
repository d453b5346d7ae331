"""Text -> headings, list items, paragraphs, code, and their sentences.

Reads plain text, Markdown and the skeleton of HTML, Mallard or DocBook. Every sentence keeps the exact slice
it was cut from. Does not belong here: what a sentence means.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

Kind = Literal["heading", "item", "paragraph", "code", "table"]

MAX_CHARACTERS = 40_000
"""What is read of one text; a procedure beyond that is not seen."""
MAX_LINE = 4_000
MAX_SENTENCE = 600

_ITEM = re.compile(
    r"^(?P<indent>[ \t]*)(?:>[ \t]*)?"
    r"(?P<mark>[-*•–+·‣▪◦]|\(?\d{1,3}[.):]|\(?[a-zA-Z]\)|step\s+\d{1,3}\s*[.:)–-]|[ivx]{1,4}\.)[ \t]+(?=\S)",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^\s{0,3}(#{1,6})\s+(.+?)\s*#*\s*$")
_UNDERLINE = re.compile(r"^\s*(=|-|~){3,}\s*$")
_BOLD_HEADING = re.compile(r"^\s*\*\*([^*]{2,80}?)[.:]?\*\*[.:]?\s*$")
_NUMBERED = re.compile(r"\d")
_INLINE_NUMBER = re.compile(r"(?:(?<=\s)|^)\(?(\d{1,2})[.)]\s+(?=[A-Z⟦*\"'`])")
_COMMAND = re.compile(r"^\s*(?:[\w@~:-]*[$%]|root#|C:\\>)\s+[\w./-]")
_TAG_BREAK = re.compile(
    r"</?(?:p|li|item|step|steps|ol|ul|list|title|section|page|h[1-6]|div|br|para|listitem|orderedlist"
    r"|itemizedlist|procedure|tr|note|body|html|article|screen|code|pre)\b[^<>]{0,200}>",
    re.IGNORECASE,
)
_TITLE_TAG = re.compile(
    r"<(?:title|h[1-6])\b[^<>]{0,200}>\s*([^<>]{1,200}?)\s*</(?:title|h[1-6])>", re.IGNORECASE
)
_ITEM_TAG = re.compile(
    r"<(?:li|item|step|listitem)\b[^<>]{0,200}>\s*(?:<(?:p|para|cmd)\b[^<>]{0,99}>)?\s*", re.I
)
_TAG = re.compile(r"</?[A-Za-z_][^<>\n]{0,200}>")
_MARKED = re.compile(r"\*\*([^*\n]{1,60}?)\*\*|`([^`\n]{1,120}?)`|(?<![\w*])\*([^*\n]{1,60}?)\*(?![\w*])")
_QUOTED = re.compile(r"[“\"]([A-Za-z][^”\"\n]{0,40}?)[”\"]|‘([A-Z][^’\n]{0,40}?)’")
_LINK = re.compile(r"!?\[([^\]]{0,160})\]\([^()\n]{0,300}\)")
_RUN_ON = re.compile(
    r"\s+(?=(?:click|press|select|open|type|choose|enter|tap|turn|switch|close|start|drag|use|set|in|on|"
    r"if|you|to)\s"
    r"(?:the|a|an|on|your|one|is|by|in|to|off|can|you|it)\b)"
)
_END = re.compile(r"(?<=[.!?…])[\"”’)*_]{0,3}\s+(?=[\"“‘(*_⟦`]{0,3}[A-Z0-9])|\n\s*\n")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|no|mr|mrs|dr|fig|cf|approx|st|inc|p|pp)|\b[A-Z])\.$", re.I
)
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ud800-\udfff]"
)


@dataclass(frozen=True)
class Block:
    """A structural unit. `raw` is its slice of the text; `level` a heading's rank or an item's indent."""

    kind: Kind
    raw: str
    level: int = 0
    numbered: bool = False


@dataclass(frozen=True)
class Sentence:
    """A sentence: the exact slice, and the same with labels written ⟦so⟧ and all other markup gone."""

    raw: str
    marked: str

    @property
    def text(self) -> str:
        """The sentence as one would read it aloud."""
        return self.marked.replace("⟦", "").replace("⟧", "")


@lru_cache(maxsize=64)
def read_blocks(text: str) -> tuple[Block, ...]:
    """Cut a text into blocks, in order."""
    text = _unwrap_markup(_INVISIBLE.sub("", text[:MAX_CHARACTERS].replace("\r\n", "\n")))
    blocks: list[Block] = []
    for block in _merge_lines(text.split("\n")):
        blocks.extend(_split_inline_numbers(block))
    return tuple(blocks)


@lru_cache(maxsize=4096)
def sentences(raw: str) -> tuple[Sentence, ...]:
    """Cut a block into sentences."""
    found: list[Sentence] = []
    start = 0
    for match in [*_END.finditer(raw), None]:
        end = match.start() if match else len(raw)
        if match and _ABBREVIATION.search(raw[max(start, end - 8) : end]):
            continue
        piece = raw[start:end].strip()
        if piece:
            found.extend(_sentence(part) for part in _cut_run_on(piece))
        start = match.end() if match else end
    return tuple(found)


def _sentence(piece: str) -> Sentence:
    return Sentence(piece, mark_labels(piece[:MAX_SENTENCE]))


def _cut_run_on(piece: str) -> list[str]:
    """Cut text without punctuation where a command seems to begin; ordinary sentences stay whole."""
    if len(piece) < 300 or len(re.findall(r"[,.;:]", piece)) * 150 > len(piece):
        return [piece]
    return [part for part in _RUN_ON.split(piece) if part]


@lru_cache(maxsize=8192)
def mark_labels(raw: str) -> str:
    """Remove markup, writing bold, italic, quoted and code spans as ⟦span⟧."""
    text = unicodedata.normalize("NFKC", raw).replace("⟦", "").replace("⟧", "")
    text = re.sub(r"(\w)[-‐]\n\s*(\w)", r"\1\2", text)
    text = _LINK.sub(r"\1", text)
    text = _TAG.sub("", text)
    text = _MARKED.sub(lambda m: f"⟦{(m[1] or m[2] or m[3]).strip(' .:,')}⟧", text)
    text = _QUOTED.sub(lambda m: f"⟦{(m[1] or m[2]).strip(' .,')}⟧", text)
    text = re.sub(r"⟦\W*⟧", "", text).replace("⟦⟦", "⟦").replace("⟧⟧", "⟧")
    return re.sub(r"\s+", " ", text.replace("**", "").replace("__", "")).strip()


def plain(raw: str) -> str:
    """Return a slice without markup."""
    return mark_labels(raw).replace("⟦", "").replace("⟧", "")


def _unwrap_markup(text: str) -> str:
    if len(_TAG_BREAK.findall(text[:20_000])) < 4:
        return text
    text = _TITLE_TAG.sub(r"\n\n# \1\n\n", text)
    text = _ITEM_TAG.sub("\n- ", text)
    return _TAG_BREAK.sub("\n\n", text)


@dataclass
class _Open:
    """The block that lines are being added to."""

    kind: Kind = "paragraph"
    level: int = 0
    numbered: bool = False
    fenced: bool = False
    lines: list[str] = field(default_factory=list)

    def close(self) -> list[Block]:
        text = "\n".join(self.lines).strip()
        self.lines.clear()
        return [Block(self.kind, text, self.level, self.numbered)] if text else []


def _merge_lines(lines: list[str]) -> Iterator[Block]:
    block = _Open()
    for index, line in enumerate(line[:MAX_LINE] for line in lines):
        if line.strip().startswith("```"):
            yield from block.close()
            block.kind, block.fenced = "paragraph" if block.fenced else "code", not block.fenced
        elif block.fenced:
            block.lines.append(line)
        else:
            yield from _take_line(block, lines, index, line)
    yield from block.close()


def _take_line(block: _Open, lines: list[str], index: int, line: str) -> Iterator[Block]:
    opened = _open_block(lines, index, line)
    if isinstance(opened, Block):
        yield from block.close()
        yield opened
        block.kind, block.level, block.numbered = "paragraph", 0, False
    elif opened:
        yield from block.close()
        block.kind, block.level = "item", len(opened["indent"].expandtabs(4))
        block.numbered = _is_number(opened["mark"])
        block.lines.append(line[opened.end() :])
    elif not line.strip():
        yield from block.close()
        block.kind, block.numbered = "paragraph", False
    elif not _UNDERLINE.match(line):
        block.lines.append(line.strip() if block.kind == "paragraph" else line)


def _open_block(lines: list[str], index: int, line: str) -> Block | re.Match[str] | None:
    heading = _HEADING.match(line)
    if heading:
        return Block("heading", heading[2].strip(), len(heading[1]))
    bold = _BOLD_HEADING.match(line)
    if bold:
        return Block("heading", bold[1].strip(), 5)
    if line.lstrip().startswith("|"):
        return Block("table", line.strip())
    if _COMMAND.match(line):
        return Block("code", line.strip())
    item = _ITEM.match(line)
    if item:
        return item
    return Block("heading", line.strip(), 4) if _is_bare_heading(lines, index, line) else None


def _is_bare_heading(lines: list[str], index: int, line: str) -> bool:
    stripped = line.strip()
    alone = (index == 0 or not lines[index - 1].strip()) and (
        index + 1 == len(lines) or not lines[index + 1].strip() or bool(_UNDERLINE.match(lines[index + 1]))
    )
    if not alone or not 3 <= len(stripped) <= 80 or stripped[-1] in ".,;:!" or len(stripped.split()) > 10:
        return False
    underlined = index + 1 < len(lines) and bool(_UNDERLINE.match(lines[index + 1]))
    return stripped[0].isupper() or stripped[0].isdigit() or underlined


def _is_number(mark: str) -> bool:
    return bool(_NUMBERED.search(mark)) or mark.strip("().").isalpha()


def _split_inline_numbers(block: Block) -> Iterator[Block]:
    """Cut `1. Open … 2. Click …` on one line into items."""
    if block.kind not in ("paragraph", "item"):
        yield block
        return
    cuts = [m for m in _INLINE_NUMBER.finditer(block.raw)]
    rising = [m for m, number in zip(cuts, range(1, 99), strict=False) if int(m[1]) == number]
    if len(rising) < 3:
        yield block
        return
    if block.raw[: rising[0].start()].strip():
        yield Block(block.kind, block.raw[: rising[0].start()].strip(), block.level, block.numbered)
    ends = [m.start() for m in rising[1:]] + [len(block.raw)]
    for match, end in zip(rising, ends, strict=True):
        yield Block("item", block.raw[match.end() : end].strip(), 0, True)
