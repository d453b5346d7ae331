"""Walk through the text of an assistant turn, call syntax included, and say where its fragments end.

Two call syntaxes: `hermes`, JSON between `<tool_call>` tags, as Qwen's chat template writes it; `bracket`,
`[name(key=value, …), …]`, as ToolACE and BFCL write it. The walk goes from left to right and never looks
further than one character ahead, so what it says of a text's inside does not change when the text goes on.
Does not belong here: what a call means (`reading`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Syntax = Literal["hermes", "bracket"]
Kind = Literal["sentence", "name", "key", "value"]

OPENING, CLOSING = "<tool_call>", "</tool_call>"

_CLOSERS = {"{": "}", "[": "]", "(": ")"}
_STOPS, _WIDE_STOPS = ".!?", "。！？"


@dataclass
class Walk:
    """Where a walk stands: in which call, in which string, inside which brackets."""

    text: str
    position: int = 0
    in_call: bool = False
    string: str = ""
    """The quote that opened the string it is in."""
    stack: list[str] = field(default_factory=list[str])
    """What has to be closed, outermost first."""
    begun: bool = False
    """Since the last fragment, the place of a tool's name was passed."""
    name_next: bool = False
    """The next fragment begins where a tool's name, or the end of the calls, may stand."""
    last: Kind = "sentence"
    """What the fragment before was."""
    ended: Kind | None = None
    """What ended with the last character, where something did."""

    def take_string(self, character: str) -> bool:
        """Step over a character of a string; false outside of one. A raw line break ends it, as in JSON."""
        if not self.string:
            return False
        if character == "\\":
            self.position += 1
        elif character in (self.string, "\n"):
            self.string = ""
        return True

    def take_bracket(self, character: str) -> None:
        """Keep the account of open brackets."""
        if character in _CLOSERS:
            self.stack.append(_CLOSERS[character])
        elif self.stack and character == self.stack[-1]:
            self.stack.pop()

    def kind(self, end: str) -> Kind:
        """Name the fragment that ends with a character."""
        if self.begun:
            return "name"
        if not self.in_call:
            return "sentence"
        if end in (":", "="):
            return "key"
        return "value" if self.last in ("key", "value") else "key"


def find_boundaries(text: str, syntax: Syntax) -> Iterator[tuple[int, Kind]]:
    """Give the end of every fragment but the last one's, with what kind of fragment ends there."""
    walk = Walk(text)
    yield from _steps(walk, syntax)


def walk_to_end(text: str, syntax: Syntax) -> Walk:
    """Walk through a text and say where the walk stands at its end."""
    walk = Walk(text)
    for _ in _steps(walk, syntax):
        pass
    return walk


def _steps(walk: Walk, syntax: Syntax) -> Iterator[tuple[int, Kind]]:
    step = _hermes_step if syntax == "hermes" else _bracket_step
    start, size = 0, len(walk.text)
    while walk.position < size:
        ended = step(walk)
        walk.position += 1
        end = min(walk.position, size)
        walk.ended = ended
        if ended and start < end < size:
            yield end, ended
            start, walk.last, walk.begun, walk.name_next = end, ended, walk.name_next, False


def _sentence_ends(walk: Walk) -> bool:
    """Tell whether a sentence or a line ends with the character at the walk's position."""
    character, after = walk.text[walk.position], walk.text[walk.position + 1 : walk.position + 2]
    if character in _WIDE_STOPS:
        return True
    return (character in _STOPS and after.isspace()) or (after == "\n" and character != "\n")


def _hermes_step(walk: Walk) -> Kind | None:
    character = walk.text[walk.position]
    if not walk.in_call:
        if walk.text.startswith(OPENING, walk.position):
            walk.position += len(OPENING) - 1
            walk.in_call, walk.begun = True, True
            walk.stack.clear()
            return None
        return walk.kind(character) if _sentence_ends(walk) else None
    if walk.take_string(character):
        return None
    if walk.text.startswith(CLOSING, walk.position):
        walk.position += len(CLOSING) - 1
        kind = walk.kind(">")
        walk.in_call = False
        return kind
    if character == '"':
        walk.string = character
        return None
    walk.take_bracket(character)
    # At the outermost level stand "name" and "arguments": their colons decide nothing.
    if (character == "," and walk.stack) or (character == ":" and len(walk.stack) > 1):
        return walk.kind(character)
    return None


def _bracket_step(walk: Walk) -> Kind | None:
    character = walk.text[walk.position]
    if not walk.in_call:
        if character == "[" and not walk.text[: walk.position].strip():
            walk.in_call, walk.begun = True, True
            walk.stack.append("]")
            return None
        return walk.kind(character) if _sentence_ends(walk) else None
    if walk.take_string(character):
        return None
    depth = len(walk.stack)
    if character in "\"'" and depth > 1:
        walk.string = character
        return None
    walk.take_bracket(character)
    return _bracket_boundary(walk, character, depth)


def _bracket_boundary(walk: Walk, character: str, depth: int) -> Kind | None:
    """Decide at a bracket or separator, with the depth that was before it."""
    if not walk.stack:
        kind = walk.kind(character)
        walk.in_call = False
        return kind
    if character == "(" and depth == 1:
        return "name"
    if (
        (character == "=" and depth == 2)
        or (character == "," and depth > 1)
        or (character == ":" and depth > 2)
    ):
        return walk.kind(character)
    if character == ")" and depth == 2:
        walk.name_next = True
        return walk.kind(character)
    return None
