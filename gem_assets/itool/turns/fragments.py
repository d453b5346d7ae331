"""Cut the text of an assistant turn into fragments: sentences, and the names, keys and values of calls.

A fragment is a slice of the text, never a piece that is put together anew: joined they are the text, to the
character. A fragment is what the search varies (arXiv 2501.09766: deficiencies sit in fragments of a turn).
"""

from dataclasses import dataclass

from gem_assets.itool.turns.scanner import Kind, Syntax, find_boundaries, walk_to_end


@dataclass(frozen=True)
class Fragment:
    """A slice of a turn: the separator that ends it belongs to it."""

    text: str
    kind: Kind
    start: int

    @property
    def end(self) -> int:
        """Where the next one starts, in characters of the turn."""
        return self.start + len(self.text)


def cut(text: str, syntax: Syntax) -> list[Fragment]:
    """Cut a turn, finished or not; an empty one has no fragment."""
    fragments: list[Fragment] = []
    start = 0
    for end, kind in find_boundaries(text, syntax):
        fragments.append(Fragment(text[start:end], kind, start))
        start = end
    if start < len(text):
        fragments.append(Fragment(text[start:], _last_kind(text, syntax), start))
    return fragments


def cut_after(text: str, start: int, syntax: Syntax) -> list[Fragment]:
    """Cut what follows the first `start` characters, in the light of what stands before."""
    kept = [fragment for fragment in cut(text, syntax) if fragment.end > start]
    if kept and kept[0].start < start:
        first = kept[0]
        kept[0] = Fragment(text[start : first.end], first.kind, start)
    return kept


def _last_kind(text: str, syntax: Syntax) -> Kind:
    walk = walk_to_end(text, syntax)
    return walk.ended or walk.kind(text[-1])
