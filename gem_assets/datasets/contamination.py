"""Compare a trajectory with the benchmarks it will be evaluated on; every hit quotes the words that agree.

Texts (user messages, source, system message) block; tools only warn: names such as `cd` agree by chance.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from gem_assets.datasets.benchmarks import (
    DESCRIPTION_GRAM,
    LONG_GRAM,
    SHORT_GRAM,
    BenchmarkList,
    BenchmarkTool,
)
from gem_assets.datasets.shingles import Word, find_words, hash_grams, parameter_names
from gem_assets.records.base import Record
from gem_assets.records.tool import Tool
from gem_assets.records.trajectory import Trajectory

PARAMETER_SHARE = 2 / 3
"""A tool of the same name is the same tool when two thirds of all parameter names agree."""
DESCRIPTION_SIMILARITY = 0.6
QUOTED = 5
"""Hits of one kind that are quoted per trajectory; more say nothing new."""

HitKind = Literal["user_text", "policy_text", "tool_signature", "tool_description"]


class Hit(Record):
    """Something of a trajectory that stands in a benchmark."""

    benchmark: str
    kind: HitKind
    place: str
    quote: str
    """Our own words that agree; the lists hold no text of the benchmark."""

    @property
    def blocking(self) -> bool:
        """Tell whether a trajectory with this hit must not be trained on."""
        return self.kind in ("user_text", "policy_text")


def find_contamination(trajectory: Trajectory, lists: Sequence[BenchmarkList]) -> list[Hit]:
    """List what of a trajectory stands in the benchmarks."""
    texts = [(place, text, find_words(text)) for place, text in _texts(trajectory)]
    hits: list[Hit] = []
    for benchmark in lists:
        hits += _first(_user_hits(texts, benchmark))
        hits += _first(_policy_hits(texts, benchmark))
        hits += _first(_tool_hits(trajectory.tools, benchmark))
    return hits


_Text = tuple[str, str, list[Word]]


def _texts(trajectory: Trajectory) -> Iterator[tuple[str, str]]:
    yield "source text", trajectory.workflow.procedure.document.text
    for number, message in enumerate(trajectory.messages):
        if message.role in ("system", "user"):
            yield f"{message.role} message {number}", message.content


def _user_hits(texts: Sequence[_Text], benchmark: BenchmarkList) -> Iterator[Hit]:
    for place, text, words in texts:
        if place.startswith("user"):
            yield from _quoted(place, text, words, SHORT_GRAM, benchmark, "user_text")
        yield from _quoted(place, text, words, LONG_GRAM, benchmark, "user_text")


def _policy_hits(texts: Sequence[_Text], benchmark: BenchmarkList) -> Iterator[Hit]:
    for place, text, words in texts:
        yield from _quoted(place, text, words, LONG_GRAM, benchmark, "policy_text")


def _quoted(
    place: str, text: str, words: list[Word], length: int, benchmark: BenchmarkList, kind: HitKind
) -> Iterator[Hit]:
    """Quote the first agreement of a text; neighbouring n-grams repeat it."""
    if kind == "policy_text":
        listed = benchmark.policy_grams
    else:
        listed = benchmark.user_grams if length == SHORT_GRAM else benchmark.long_grams
    if not listed:
        return
    for start, gram in enumerate(hash_grams([word.text for word in words], length)):
        if gram in listed:
            quote = text[words[start].start : words[start + length - 1].end]
            yield Hit(benchmark=benchmark.name, kind=kind, place=place, quote=" ".join(quote.split()))
            return


def _tool_hits(tools: Sequence[Tool], benchmark: BenchmarkList) -> Iterator[Hit]:
    named: dict[str, list[BenchmarkTool]] = {}
    for known in benchmark.tools:
        named.setdefault(known.name, []).append(known)
    for tool in tools:
        own = parameter_names(tool)
        place = f"tool {tool.name}"
        if any(_parameters_agree(own, known.parameters) for known in named.get(tool.name, ())):
            quote = f"{tool.name}({', '.join(own)})"
            yield Hit(benchmark=benchmark.name, kind="tool_signature", place=place, quote=quote)
        alike = _alike_description(tool, benchmark.tools)
        if alike is not None:
            quote = f"described like {alike}: {tool.description[:200]}"
            yield Hit(benchmark=benchmark.name, kind="tool_description", place=place, quote=quote)


def _parameters_agree(own: Sequence[str], known: Sequence[str]) -> bool:
    union = set(own) | set(known)
    return not union or len(set(own) & set(known)) / len(union) >= PARAMETER_SHARE


def _alike_description(tool: Tool, known: Sequence[BenchmarkTool]) -> str | None:
    words = [word.text for word in find_words(tool.description)]
    grams = frozenset(hash_grams(words, DESCRIPTION_GRAM))
    if not grams:
        return None
    for other in known:
        if grams.isdisjoint(other.description):
            continue
        similarity = len(grams & other.description) / len(grams | other.description)
        if similarity >= DESCRIPTION_SIMILARITY:
            return other.name
    return None


def _first(hits: Iterator[Hit]) -> list[Hit]:
    return [hit for hit, _ in zip(hits, range(QUOTED), strict=False)]
