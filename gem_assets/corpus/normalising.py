"""Normalise text: NFC, no control or invisible characters, tidy white space. The raw text stays as it was.

Letters of every script stay, joiners where a script or an emoji needs them; what only hides or acts goes.
Does not belong here: judging whether a text is worth keeping (`stages/corpus.py`).
"""

import re
import unicodedata
from typing import NamedTuple

# Terminal commands first, so that no "[31m" is left of them.
_COMMAND = (
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)|\x1b[@-Z\\-~]"
)
_CONTROL = re.compile(rf"{_COMMAND}|[\x00-\x08\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff\ufdd0-\ufdef]")
_JOINED = (
    "\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u17ff\u1800-\u18af\ufb50-\ufdff\ufe70-\ufefc"
    "\u2600-\u27bf\ufe0f\U0001f000-\U0001faff\U0001f3fb-\U0001f3ff"
)
_INVISIBLE = re.compile(
    rf"(?<![{_JOINED}])[\u200c\u200d]"
    "|[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_TRAILING = re.compile(r"[^\S\n]+$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n{3,}")
_DELETED = bytes(set(range(32)) - {9, 10, 11, 12, 13}) + b"\x7f"


class Normal(NamedTuple):
    """A text without what hides or acts, and how much of that there was."""

    text: str
    controls: int
    invisibles: int


def normalise(text: str) -> str:
    """NFC, no control or invisible characters, no trailing or repeated blank space; line structure stays."""
    if "\r" in text or not text.isascii() or "\x0b" in text or "\x0c" in text:
        text = _LINE_END.sub("\n", text)
    # Last, because what stood between a letter and its accent is gone only now.
    text = strip_hidden(text).text
    return _BLANK_LINES.sub("\n\n", _TRAILING.sub("", text)).strip()


def strip_hidden(text: str) -> Normal:
    """Take control and invisible characters out and count them; NFC."""
    if text.isascii():
        if len(text) == len(text.encode().translate(None, _DELETED)):
            return Normal(text, 0, 0)
        text, controls = _CONTROL.subn("", text)
        return Normal(text, controls, 0)
    text, controls = _CONTROL.subn("", text)
    text, invisibles = _INVISIBLE.subn("", text)
    return Normal(unicodedata.normalize("NFC", text), controls, invisibles)
