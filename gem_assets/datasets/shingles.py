"""Text as sets of word n-grams: what near-duplicates and benchmark texts are compared by.

Does not belong here: which similarity counts as the same (`recipes`), the search for pairs.
"""

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from gem_assets.records.message import Message
from gem_assets.records.tool import Tool
from gem_assets.records.trajectory import Trajectory

NEAR_DUPLICATE_WORDS = 5
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Word:
    """A word as it is compared, and where it stands in its text."""

    text: str
    start: int
    end: int


def find_words(text: str) -> list[Word]:
    """Split text into words: letters, digits and `_`, without case."""
    return [Word(match[0].casefold(), match.start(), match.end()) for match in _WORD.finditer(text)]


def hash_words(words: Sequence[str]) -> int:
    """Give 64 bits for a sequence of words, the same on every machine."""
    return int.from_bytes(blake2b(" ".join(words).encode("utf-8", "replace"), digest_size=8).digest())


def hash_grams(words: Sequence[str], length: int) -> Iterator[int]:
    """Hash every run of `length` words, in order; nothing where there are fewer words."""
    for start in range(len(words) - length + 1):
        yield hash_words(words[start : start + length])


def text_shingles(texts: Sequence[str]) -> "array[int]":
    """Hash the word 5-grams of texts, sorted, each once; a text with fewer words counts as one shingle."""
    found: set[int] = set()
    for text in texts:
        words = [word.text for word in find_words(text)]
        grams = set(hash_grams(words, NEAR_DUPLICATE_WORDS))
        found |= grams or ({hash_words(words)} if words else set())
    return array("Q", sorted(found))


def tool_shingles(tools: Sequence[Tool]) -> "array[int]":
    """Hash the names of tools, and of their parameters with the tool's, sorted."""
    found: set[int] = set()
    for tool in tools:
        found.add(hash_words([tool.name]))
        found |= {hash_words([tool.name, name]) for name in parameter_names(tool)}
    return array("Q", sorted(found))


def parameter_names(tool: Tool) -> tuple[str, ...]:
    """Name a tool's parameters; none where its schema is broken."""
    properties = tool.parameters.get("properties")
    return tuple(properties) if isinstance(properties, dict) else ()


def dialogue_shingles(messages: Sequence[Message]) -> "array[int]":
    """Hash the word 5-grams of what is said and returned, the system message apart."""
    return text_shingles([message.content for message in messages if message.role != "system"])


@dataclass(frozen=True)
class Sketch:
    """What of a trajectory is compared with others."""

    document: "array[int]"
    tools: "array[int]"
    dialogue: "array[int]"


def sketch(trajectory: Trajectory) -> Sketch:
    """Hash the three views of a trajectory."""
    return Sketch(
        document=text_shingles([trajectory.workflow.procedure.document.text]),
        tools=tool_shingles(trajectory.tools),
        dialogue=dialogue_shingles(trajectory.messages),
    )


def jaccard(one: "array[int]", other: "array[int]") -> float:
    """Share of shingles in common, of two sorted sets; 0 where both are empty."""
    common = len(set(one).intersection(other))
    union = len(one) + len(other) - common
    return common / union if union else 0.0
