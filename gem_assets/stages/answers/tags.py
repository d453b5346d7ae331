"""The outer form of an answer: text between tags, and what models write around it.

A small scanner over a fixed set of tag names; everything else between angle brackets is text. Models do not
write XML (their text holds `<`, `&` and half tags), so no XML parser. Linear in the length of the answer.

Does not belong here: what the tags of one task mean (its own module), and JSON (`tagged_json.py`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gem_assets.llm.asking import AnswerError
from gem_assets.prompts.prompt import escape

BLANK = " \t\r\n"
_REFUSAL_LENGTH = 800
_FENCE = "```"

# html.unescape would also read "&section=2" as "§ion=2"; only whole references are undone here.
_REFERENCES = {
    "amp": "&",
    "lt": "<",
    "gt": ">",
    "quot": '"',
    "apos": "'",
    "#39": "'",
    "#x27": "'",
    "#32": " ",
    "#9": "\t",
    "#10": "\n",
    "#13": "\r",
    "#96": "`",
}
_REFERENCE = re.compile(f"&({'|'.join(_REFERENCES)});")
_BLANK_REFERENCES = {" ": "&#32;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}

_THINK_OPENS = re.compile(r"<think(?:ing)?>", re.ASCII | re.IGNORECASE)
_THINK_CLOSES = re.compile(r"</think(?:ing)?>", re.ASCII | re.IGNORECASE)
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_ANY_TAG = re.compile(r"</?[A-Za-z_]{1,40}>")
_DECLINES = re.compile(
    r"\b(?:can(?:no|')?t|can not|won't|will not|unable to|not able to|not (?:going|willing) to|decline to)"
    r" (?:[a-z]{1,12} )?(?:help|assist|comply|provide|fulfil|create|generate|produce|write|continue|support"
    r"|engage|process|complete|answer|respond|discuss|participate|share|do)\b"
    r"|against my (?:guidelines|policies|principles)|as an ai (?:language )?model,? i"
)


@dataclass(frozen=True)
class Element:
    """One pair of tags: its name in lower case, the raw text inside, and where the pair stands."""

    name: str
    inner: str
    start: int
    end: int


def read_answer(text: str) -> str:
    """Return what a model answered without its thinking.

    Raises:
        AnswerError: the answer is empty, thinks without end, or is no valid Unicode.
    """
    if _HALF_PAIR.search(text):
        raise AnswerError("The answer holds half of a surrogate pair; write every character as UTF-8.")
    answer = _without_thinking(text)
    if not answer.strip():
        raise AnswerError("The answer is empty; give it in the required format.")
    return answer


def find_elements(text: str, names: Sequence[str], where: str = "the answer") -> tuple[Element, ...]:
    """Find every pair of the tags `names`, in order; they do not nest.

    Raises:
        AnswerError: names the tag that is unclosed, closed without being opened, or opened inside another.
    """
    # ASCII, because with plain IGNORECASE the long s of <ſystem> would match as well.
    tag = re.compile(rf"<(/?)({'|'.join(names)})[ \t\r\n]{{0,4}}>", re.ASCII | re.IGNORECASE)
    elements: list[Element] = []
    opened: re.Match[str] | None = None
    for match in tag.finditer(text):
        closes, name = bool(match[1]), match[2].lower()
        open_name = opened[2].lower() if opened else None
        if opened is None and not closes:
            opened = match
        elif opened is not None and closes and open_name == name:
            elements.append(Element(name, text[opened.end() : match.start()], opened.start(), match.end()))
            opened = None
        else:
            raise AnswerError(_misplaced(closes, name, open_name, f"pair {len(elements) + 1} in {where}"))
    if opened is not None:
        raise AnswerError(
            f"<{opened[2].lower()}> (pair {len(elements) + 1} in {where}) is opened and never closed, "
            "so the answer is broken or cut off; close every tag."
        )
    return tuple(elements)


def find_all(text: str, name: str) -> tuple[Element, ...]:
    """Find every pair of the tag `name`; there may be none."""
    return find_elements(text, (name,))


def find_one(text: str, name: str) -> Element:
    """Find the only pair of the tag `name`; raises AnswerError when it is missing, broken or repeated."""
    return only(find_all(text, name), name, text)


def only(elements: Sequence[Element], name: str, answer: str, where: str = "the answer") -> Element:
    """Pick the one element called `name`; raises AnswerError when it is missing or repeated."""
    found = [element for element in elements if element.name == name]
    if not found:
        raise missing_tag(name, answer, where)
    if len(found) > 1:
        raise AnswerError(f"<{name}> occurs {len(found)} times in {where}; it has to occur exactly once.")
    return found[0]


def missing_tag(name: str, answer: str, where: str = "the answer") -> AnswerError:
    """Say that a tag is missing, and whether that is because the model declined."""
    if looks_like_refusal(answer):
        return AnswerError(
            f"The answer is a refusal without a <{name}> tag: {shorten(answer)}; "
            "the task is to annotate or write text, so answer it in the required format."
        )
    return AnswerError(f"<{name}> is missing in {where}; write <{name}>…</{name}> as the format demands.")


def text_of(raw: str) -> str:
    """Read the text inside a tag: blanks at its ends cut, the escaping of `protect` undone."""
    return _REFERENCE.sub(lambda match: _REFERENCES[match[1]], raw.strip(BLANK))


def protect(text: str) -> str:
    """Write text so that it can stand in a tag and `text_of` returns it, blanks at its ends included."""
    if not text:
        return ""
    head, tail = text[0], text[-1]
    safe = escape(text)
    if head in _BLANK_REFERENCES:
        safe = _BLANK_REFERENCES[head] + safe[1:]
    if tail in _BLANK_REFERENCES and len(text) > 1:
        safe = safe[:-1] + _BLANK_REFERENCES[tail]
    return safe


def strip_fence(text: str) -> str:
    """Cut a Markdown code fence that encloses the whole text; other text is returned as it is."""
    bare = text.strip(BLANK)
    if len(bare) < 2 * len(_FENCE) or not (bare.startswith(_FENCE) and bare.endswith(_FENCE)):
        return text
    body = bare[len(_FENCE) : -len(_FENCE)]
    language = re.match(r"[\w+-]{0,20}(?=[\s{\[<(])", body)
    return body[language.end() :].strip(BLANK) if language else body


def looks_like_refusal(text: str) -> bool:
    """Tell whether an answer declines the task: short, without tags, in words that decline."""
    plain = _THINK_CLOSES.split(text)[-1].strip()
    if not plain or len(plain) > _REFUSAL_LENGTH or _ANY_TAG.search(plain):
        return False
    return bool(_DECLINES.search(plain.lower().replace("\u2019", "'")))


def shorten(text: str, length: int = 80) -> str:
    """Quote the start of a text on one line, for an error sentence."""
    line = " ".join(text[: 4 * length].split())
    return f'"{line[:length]}…"' if len(line) > length or len(text) > 4 * length else f'"{line}"'


def _without_thinking(text: str) -> str:
    opens, closes = _THINK_OPENS.search(text), _THINK_CLOSES.search(text)
    leading = opens is not None and not text[: opens.start()].strip()
    if closes is None:
        if leading:
            raise AnswerError("<think> is opened and never closed, and no answer follows the thinking.")
        return text
    # Servers whose chat template opens the block itself return only its end.
    return text[closes.end() :] if leading or opens is None or opens.start() > closes.start() else text


def _misplaced(closes: bool, name: str, open_name: str | None, place: str) -> str:
    if open_name is None:
        return f"</{name}> ({place}) closes a tag that is not open; every <{name}> needs one </{name}>."
    if closes:
        return f"<{open_name}> ({place}) is closed by </{name}>; close it with </{open_name}>."
    return (
        f"<{open_name}> ({place}) is not closed before <{name}> is opened; close it with </{open_name}>, "
        "and write a tag that is meant as text with &lt; and &gt;."
    )
