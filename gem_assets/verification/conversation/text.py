"""Rules on what messages hold: leftover markup, placeholders, and how much dialogue there is.

Does not belong here: who says it (`structure`), whether it is true.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from gem_assets.records.message import Message
from gem_assets.records.outcome import Reason
from gem_assets.records.tool import Tool
from gem_assets.verification.check import Defect
from gem_assets.verification.results import read_result
from gem_assets.verification.values import leaves, quote
from gem_assets.verification.view import TrajectoryView

TAG = re.compile(r"<(/?)(system|user|assistant|tool|func|toolsets|tool_call|think)\s{0,4}>", re.IGNORECASE)

# What stands in for a value that nobody made up, with a piece of text without which it cannot occur (small
# letters; `in` is many times faster than a search). Left alone on purpose: example.com and 555 numbers
# (reserved, hence right for invented people), masked digits (XXX-XX-6789), "12 more items on page 2", button
# labels ("[Insert Table]"), keys ("<Page Up>"), XML. Every repetition is bounded: the text may be hostile.
_KINDS = r"(?:items?|results?|entries|rows?|records?|elements?|lines?|values?)"
STAND_INS = (
    ("path", r"(?<![\w.-])path[\\/](?:to|example)(?![\w-])"),
    ("path", r"\bpath\s?=\s?/example\b"),
    ("more", r"\b\d{1,6}\+ more \w"),
    ("more", rf"(?:\.\.\.|…) ?(?:and )?(?:\d{{1,6}}\+? )?more {_KINDS}\b"),
    ("other", rf"(?:\.\.\.|…) ?(?:and )?(?:\d{{1,6}}\+? )?other {_KINDS}\b"),
    ("...", r",\s{0,9}\.\.\.\s{0,9}[\]}]"),
    ("<", r"<(?:[Yy]our|[Ii]nsert|[Ee]nter)[ _-][^<>]{1,40}>"),
    ("<", r"^\s{0,9}<[a-z]{2,20}(?:[_ -][a-z]{2,20}){1,4}>\s{0,9}$"),
    ("<", r"^\s{0,9}<[A-Z]{2,20}(?:_[A-Z]{2,20}){1,4}>\s{0,9}$"),
    ("[", r"\[(?:insert|INSERT|your|YOUR) [^\[\]]{1,60}\](?!\()"),
    ("[your ", r"\[Your (?:Name|Company|Email|Address|City|Phone|Title|Organi[sz]ation)[^\[\]]{0,30}\]"),
    ("your", r"\bYOUR[_-][A-Z]{2,20}(?:[_-][A-Z]{1,20}){0,4}\b"),
    ("your_", r"\byour_(?:api_?key|name|email|token|password|username|domain|id)(?![a-z])"),
    ("xxx", r"(?<![\w-])[xX]{3,4}(?:[-.][xX]{2,4}){1,4}(?![-. ]?\w)"),
    ("todo", r"\bTODO: ?(?:fill|add|insert|replace|complete)\b"),
)
# Words that stand in for a value when they are all of it, unless the dialogue is about them: a form with
# placeholder texts, a board with a column TODO. The second pattern is how source, messages or tools say so.
WORDS = (
    (r"\W{0,3}todo\W{0,3}", r"(?i:to-?do)|To Do"),
    (r"\W{0,3}(?:\w{1,20}[_-])?placeholder(?:[_-]\w{1,20})?\W{0,3}", r"(?i:placeholder)"),
    (r"\W{0,3}lorem ipsum\b.{0,2000}", r"(?i:lorem ipsum)"),
)
ELLIPSES = frozenset({"...", "…"})


@dataclass(frozen=True)
class _Held:
    """A text, the index of its message, its place in words, and whether it is an element of a list."""

    index: int
    place: str
    text: str
    is_element: bool = False


def find_left_tags(view: TrajectoryView) -> list[Defect]:
    """Find markup of our answer format in messages and arguments, the first of each text.

    A tag that the source has as well is the document's own matter.
    """
    known = {*_tags(view.source), *_tags(html.unescape(view.source))}
    findings: list[Defect] = []
    for held in _texts(view):
        left = next((tag for tag in _tags(held.text) if tag not in known), None)
        if left:
            evidence = f"{held.place} holds {left}, markup of the answer format: {quote(held.text)}."
            findings.append(Defect(reason=Reason.RULE_TAG_LEFT, evidence=evidence, message=held.index))
    return findings


def find_placeholders(view: TrajectoryView) -> list[Defect]:
    """Find arguments and results that hold a stand-in instead of a value, the first of each value."""
    findings: list[Defect] = []
    for held in _values(view):
        stand_in = _stand_in(view, held)
        if stand_in:
            evidence = f"{held.place} holds the placeholder {quote(stand_in)}: {quote(held.text)}."
            findings.append(Defect(reason=Reason.RULE_PLACEHOLDER, evidence=evidence, message=held.index))
    return findings


def find_too_little(view: TrajectoryView) -> list[Defect]:
    """Find dialogues with fewer messages, user turns or calls than the settings ask for."""
    settings, roles = view.settings, [message.role for message in view.messages]
    counts = (
        ("messages besides the system's", len(roles) - roles.count("system"), settings.minimum_messages),
        ("user turns", roles.count("user"), settings.minimum_user_turns),
        ("tool calls", len(view.interactions), settings.minimum_calls),
    )
    return [
        Defect(
            reason=Reason.RULE_TOO_SMALL, evidence=f"The dialogue has {count} {what}, fewer than {minimum}."
        )
        for what, count, minimum in counts
        if count < minimum
    ]


def _tags(text: str) -> list[str]:
    if "<" not in text:
        return []
    return [f"<{slash}{name.lower()}>" for slash, name in TAG.findall(text)]


def _texts(view: TrajectoryView) -> Iterator[_Held]:
    """Walk everything said."""
    for index, message in enumerate(view.messages):
        yield _Held(index, f"Message {index} ({message.role})", message.content)
        yield from _arguments(index, message)


def _values(view: TrajectoryView) -> Iterator[_Held]:
    """Walk the texts in arguments and results."""
    for index, message in enumerate(view.messages):
        if message.role == "tool" and _may_hold_stand_in(message.content):
            for path, value in leaves(read_result(message.content)):
                if isinstance(value, str):
                    place = f"Message {index}, result {_short(path)}"
                    yield _Held(index, place, value, path.endswith("]"))
        yield from _arguments(index, message)


def _arguments(index: int, message: Message) -> Iterator[_Held]:
    for call in message.tool_calls:
        for path, value in leaves(call.arguments):
            if isinstance(value, str):
                place = f"Message {index}, argument {_short(path)} of {_short(call.name)}"
                yield _Held(index, place, value, path.endswith("]"))


def _short(name: str) -> str:
    return quote(name)[1:-1]


def _may_hold_stand_in(content: str) -> bool:
    """Spare most results from being read; escapes (backslash u) may hide anything."""
    small = content.lower()
    return "\\u" in content or any(hint in small for hint in _hints())


@cache
def _hints() -> frozenset[str]:
    return frozenset(hint for hint, _ in STAND_INS) | {"placeholder", "lorem ipsum", "…"}


@cache
def _compiled() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((hint, re.compile(pattern)) for hint, pattern in STAND_INS)


@cache
def _compiled_words() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    return tuple((re.compile(word, re.IGNORECASE | re.DOTALL), re.compile(name)) for word, name in WORDS)


def _stand_in(view: TrajectoryView, held: _Held) -> str | None:
    value = held.text
    if held.is_element and value.strip() in ELLIPSES:
        return value  # it stands for the rest of its list
    small = value.lower()
    for hint, pattern in _compiled():
        found = pattern.search(value) if hint in small else None
        if found:
            return found.group()
    for word, name in _compiled_words():
        if word.fullmatch(value) and not _is_about(view, name):
            return value
    return None


def _is_about(view: TrajectoryView, name: re.Pattern[str]) -> bool:
    said = (message.content for message in view.messages if message.role in ("system", "user"))
    tools = (text for tool in view.tools for text in _texts_of_tool(tool))
    return any(name.search(text) for text in (view.source, *said, *tools))


def _texts_of_tool(tool: Tool) -> Iterator[str]:
    yield f"{tool.name} {tool.description}"
    for path, value in leaves(tool.parameters):
        yield path
        if isinstance(value, str):
            yield value
