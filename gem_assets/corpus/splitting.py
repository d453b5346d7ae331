"""Cut a text that is too long for one document into parts, at headings first, never inside a list of steps.

Does not belong here: refusing what exceeds the limits of reading (`rows.py`).
"""

import re
from itertools import pairwise

from gem_assets.corpus.rows import Row
from gem_assets.settings import IngestSettings

_HEADING = re.compile(
    r"#{1,6}\s+\S|(?:chapter|section|part|appendix)\s+[\dIVXA-Z]+\b"
    r"|\d+(?:\.\d+)*\.?\s+[A-Z]\S*(?:\s\S+){0,9}$",
    re.I,
)
_UNDERLINE = re.compile(r"([=\-~^\"'#*+])\1{2,}$")
_STEP = re.compile(r"(?:\d{1,3}|[a-z]|step\s+\d+)[.):]\s|[-*•‣]\s|step\s+\d+\b", re.IGNORECASE)


def split_row(row: Row, limits: IngestSettings) -> tuple[Row, ...]:
    """Cut a long row into parts of about `split_characters`, each with an id and a place of its own."""
    if len(row.text) <= limits.split_characters:
        return (row,)
    parts = split_text(row.text, limits.split_characters)
    if len(parts) == 1:
        return (row,)
    return tuple(
        row._replace(
            text=text,
            part=number,
            place=f"{row.place}, part {number}",
            title=f"{row.title} ({number} of {len(parts)})" if row.title else None,
            original=None,
        )
        for number, text in enumerate(parts, start=1)
    )


def split_text(text: str, limit: int) -> list[str]:
    """Cut a text at headings, else at blank lines outside lists; a list longer than the limit stays whole.

    Joined, the parts are the text again.
    """
    parts: list[str] = []
    held = ""
    for section in _sections(text):
        pieces = [section] if len(section) <= limit else _paragraphs(section)
        for piece in pieces:
            if held and len(held) + len(piece) > limit:
                parts.append(held)
                held = ""
            held += piece
    return [*parts, held] if held else parts


def _sections(text: str) -> list[str]:
    """Cut before every heading."""
    lines = text.splitlines(keepends=True)
    cuts = [
        number
        for number, line in enumerate(lines)
        if number
        and (_is_heading(line) or (number + 1 < len(lines) and _underlined(line, lines[number + 1])))
        if not _STEP.match(line.lstrip()) and not lines[number - 1].strip()
    ]
    return _joined(lines, cuts)


def _paragraphs(text: str) -> list[str]:
    """Cut at blank lines, but not where the lines on both sides belong to a list."""
    lines = text.splitlines(keepends=True)
    cuts: list[int] = []
    in_list = False
    for number in range(1, len(lines)):
        line = lines[number]
        if not line.strip() or lines[number - 1].strip():
            in_list = in_list or bool(_STEP.match(line.lstrip()))
            continue
        step = bool(_STEP.match(line.lstrip())) or line.startswith(("  ", "\t"))
        # A paragraph that leads to a list ("To add a printer:") stays with it.
        leads = (
            next((earlier for earlier in reversed(lines[:number]) if earlier.strip()), "")
            .rstrip()
            .endswith(":")
        )
        if not (step and (in_list or leads)):
            cuts.append(number)
        in_list = step
    return _joined(lines, cuts)


def _joined(lines: list[str], cuts: list[int]) -> list[str]:
    borders = [0, *cuts, len(lines)]
    return [piece for a, b in pairwise(borders) if (piece := "".join(lines[a:b]))]


def _is_heading(line: str) -> bool:
    return len(line) < 120 and bool(_HEADING.match(line.strip()))


def _underlined(line: str, following: str) -> bool:
    return bool(line.strip()) and len(line) < 120 and bool(_UNDERLINE.fullmatch(following.strip()))
