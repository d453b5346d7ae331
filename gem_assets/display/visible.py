"""Text of documents and models made safe to look at: characters that act instead of showing are spelled out.

A terminal obeys escape sequences and a page turns the direction of writing; neither may follow a document.
HTML is escaped where HTML is made.
"""

import unicodedata

_ACTING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: str) -> str:
    r"""Spell out control, invisible and direction characters, and line ends, as `\x1b`, `\u202e`, `\n`."""
    return "".join(_spelled(char) if unicodedata.category(char) in _ACTING else char for char in text)


def visible_lines(text: str) -> list[str]:
    """Split text at its line feeds and make each line visible; a tab becomes blanks."""
    return [visible(line.expandtabs(4)) for line in text.split("\n")]


def shortened(text: str, limit: int) -> str:
    """Cut text at `limit` characters and say how many are left out."""
    cut = len(text) - limit
    return text if cut <= 0 else f"{text[:limit]} [{cut:,} more characters]"


def plain(text: str) -> str:
    r"""Make text visible in ASCII alone, for a terminal of any encoding."""
    return visible(text).encode("ascii", "backslashreplace").decode()


def _spelled(char: str) -> str:
    return ascii(char)[1:-1]
