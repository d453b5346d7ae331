"""The tree of one search: every turn the policy wrote, joined where they begin alike, fragment by fragment.

A node is a fragment, its path from the root the text of the turn so far. Values are means over the turns that
pass a node, so that being visited often is no merit. Does not belong here: where to look next (`search`).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gem_assets.itool.search.policy import Completion
from gem_assets.itool.turns.fragments import cut_after
from gem_assets.itool.turns.reward import Reward
from gem_assets.itool.turns.scanner import Kind, Syntax

NodeKind = Literal["root", "end"] | Kind


@dataclass(frozen=True)
class WrittenTurn:
    """A turn the policy wrote to its end, or up to the limit of tokens; and what it earned."""

    text: str
    finished: bool
    reward: Reward


@dataclass
class Node:
    """A fragment at one place of the tree. `prior` is the mean probability of its tokens."""

    number: int
    parent: int | None
    fragment: str
    kind: NodeKind
    end: int
    """Characters of the turn up to and with this fragment."""
    prior: float
    probability: float
    """Of the whole fragment, after what stands before it."""
    visits: int = 0
    total: float = 0.0
    attempts: int = 0
    """How often the policy was asked to go on from here."""
    cut_off: bool = False
    """A turn ran into the limit of tokens here: there is nothing to go on from."""
    inside_token: bool = False
    """A token reaches from this fragment into the next, as `="` from a key into its value."""
    children: list[int] = field(default_factory=list[int])
    turns: list[int] = field(default_factory=list[int])
    """The turns that pass here, in the order in which they were written."""

    @property
    def value(self) -> float:
        """Mean reward of the turns that pass here; 0 before any has."""
        return self.total / self.visits if self.visits else 0.0

    @property
    def is_end(self) -> bool:
        """Whether the turn is over here."""
        return self.kind == "end"


@dataclass
class Tree:
    """Nodes by number, the root first, and the turns that made them."""

    syntax: Syntax
    depth: int
    """Fragments from the root on that are told apart; the rest of a turn is one node."""
    nodes: list[Node] = field(default_factory=list[Node])
    turns: list[WrittenTurn] = field(default_factory=list[WrittenTurn])

    def __post_init__(self) -> None:
        self.nodes.append(Node(0, None, "", "root", 0, 1.0, 1.0))

    @property
    def root(self) -> Node:
        """The empty turn."""
        return self.nodes[0]

    def text_at(self, node: Node) -> str:
        """The turn up to and with a node."""
        return "".join(above.fragment for above in reversed([node, *self.above(node)]))

    def above(self, node: Node) -> Iterator[Node]:
        """Its ancestors, the nearest first."""
        while node.parent is not None:
            node = self.nodes[node.parent]
            yield node

    def depth_of(self, node: Node) -> int:
        """How many fragments lead to a node."""
        return sum(1 for _ in self.above(node))

    def children_of(self, node: Node) -> list[Node]:
        """Its children in the order in which they were found."""
        return [self.nodes[number] for number in node.children]

    def knows(self, text: str, finished: bool) -> bool:
        """Whether this very turn was written before."""
        return any(turn.text == text and turn.finished == finished for turn in self.turns)

    def best_turn(self, node: Node) -> WrittenTurn | None:
        """The finished turn through a node that earned most; the earliest of equals."""
        finished = [self.turns[number] for number in node.turns if self.turns[number].finished]
        return max(finished, key=lambda turn: turn.reward.value, default=None)

    def insert(self, node: Node, completion: Completion, reward: Reward) -> None:
        """Hang what the policy wrote on from a node into the tree, and count its reward up to the root."""
        start = node.end
        text = self.text_at(node) + completion.text
        edges = {token.start for token in completion.tokens} | {len(completion.text)}
        place = node
        for piece, kind in self._pieces(text, node, completion.finished):
            first = place.end - start
            # The end of a turn is a token without characters.
            scores = completion.log_probabilities(first, first + (len(piece) or 1))
            place = self._child(place, piece, kind, scores)
            place.inside_token |= place.end - start not in edges
        self.count(place, WrittenTurn(text, completion.finished, reward))

    def count(self, last: Node, turn: WrittenTurn) -> None:
        """Count a turn for the node where it ends and all above it."""
        last.cut_off = not turn.finished
        self.turns.append(turn)
        for passed in (last, *self.above(last)):
            passed.visits += 1
            passed.total += turn.reward.value
            passed.turns.append(len(self.turns) - 1)

    def _pieces(self, text: str, node: Node, finished: bool) -> list[tuple[str, NodeKind]]:
        fragments = cut_after(text, node.end, self.syntax)
        pieces: list[tuple[str, NodeKind]] = [(fragment.text, fragment.kind) for fragment in fragments]
        told_apart = max(1, self.depth - self.depth_of(node))
        if len(pieces) > told_apart:
            rest = pieces[told_apart - 1 :]
            pieces = [*pieces[: told_apart - 1], ("".join(piece for piece, _ in rest), rest[0][1])]
        return [*pieces, ("", "end")] if finished else pieces

    def _child(self, parent: Node, piece: str, kind: NodeKind, scores: Sequence[float]) -> Node:
        for child in self.children_of(parent):
            if child.fragment == piece and child.is_end == (kind == "end"):
                return child
        # A fragment inside a single token has none of its own: it followed from what stands before.
        mean = math.exp(sum(scores) / len(scores)) if scores else 1.0
        child = Node(
            len(self.nodes), parent.number, piece, kind, parent.end + len(piece), mean, math.exp(sum(scores))
        )
        self.nodes.append(child)
        parent.children.append(child.number)
        return child
