"""Monte Carlo tree search over the fragments of an assistant turn: where does the policy go wrong, and how?

Pure but for the policy it is given, and the same under the same seed. A step goes down from the root by PUCT
and asks the policy to go on where that leads; "go on from here with something new" competes with the children
that are known, its prior being the probability they leave. What comes is written to its end at once and
counts for every fragment it passes. Does not belong here: rewards (`turns/reward`), pairs (`pairs`).
"""

import hashlib
import math
from collections.abc import Callable

from pydantic import Field

from gem_assets.itool.items.item import END
from gem_assets.itool.search.policy import Completion, Policy
from gem_assets.itool.search.tree import Node, Tree
from gem_assets.itool.turns.reward import UNFINISHED, Reward
from gem_assets.itool.turns.scanner import Syntax
from gem_assets.records.base import Record


class SearchSettings(Record):
    """The numbers of a search; those of the published code (arXiv 2501.09766) where nothing is said."""

    iterations: int = Field(default=5, ge=1)
    """Steps; each asks the policy once, for `width` continuations."""
    width: int = Field(default=3, ge=2)
    """Children of a node that the policy may be asked for."""
    attempts: int = Field(default=8, ge=1)
    """How often it is asked at one node. Ours: a sure policy says the same each time."""
    gold: bool = False
    """Begin the tree with gold as one more turn, where there is gold. Published: no. For policies that never
    write it themselves."""
    least_left: float = Field(default=0.01, ge=0, lt=1)
    """Probability of what was not yet seen after a node, below which the policy is not asked there. Ours."""
    temperature: float = Field(default=1.5, gt=0)
    exploration: float = Field(default=1.0, ge=0)
    depth: int = Field(default=60, ge=1)
    """Fragments that are told apart. Published: 3, as a step there is a child to be sampled; here it is
    what a turn with ten arguments and some text has."""
    max_tokens: int = Field(default=512, ge=1)
    """Of a turn. Published: 50 per fragment."""


def search(
    prompt: str,
    syntax: Syntax,
    policy: Policy,
    judge: Callable[[str], Reward],
    settings: SearchSettings,
    seed: int = 0,
    gold: str | None = None,
) -> Tree:
    """Search the turns that may follow a prompt; `judge` rewards a finished one."""
    tree = Tree(syntax, settings.depth)
    if settings.gold and gold is not None:
        [tokens] = policy.score(prompt, [gold + END])
        tree.insert(tree.root, Completion(gold, tuple(tokens), True), judge(gold))
    for _ in range(settings.iterations):
        node = _choose(tree, settings)
        if node is None:
            break
        for completion in _ask(tree, node, prompt, policy, settings, seed):
            text = tree.text_at(node) + completion.text
            if not tree.knows(text, completion.finished):
                reward = judge(text) if completion.finished else UNFINISHED
                tree.insert(node, completion, reward)
        node.attempts += 1
    return tree


def _ask(
    tree: Tree, node: Node, prompt: str, policy: Policy, settings: SearchSettings, seed: int
) -> list[Completion]:
    begun = tree.text_at(node)
    return policy.sample(
        prompt + begun,
        n=settings.width,
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        seed=_seed(seed, begun, node.attempts),
    )


def _seed(seed: int, begun: str, attempt: int) -> int:
    """Every question has its own seed, or the same question would get the same answer again."""
    digest = hashlib.sha256(f"{seed}/{attempt}/{begun}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def _choose(tree: Tree, settings: SearchSettings) -> Node | None:
    """Go down from the root to the node to go on from; None where nothing is left to try."""
    node = tree.root if _is_open(tree, tree.root, settings) else None
    while node is not None:
        best, score = node, -math.inf
        if _may_ask(tree, node, settings):
            score = _puct(node.value, _left(tree, node), node.visits, node.attempts, settings)
        for child, prior in _priors(tree, node, settings):
            if _is_open(tree, child, settings):
                found = _puct(child.value, prior, node.visits, child.visits, settings)
                if found > score:
                    best, score = child, found
        if best is node:
            return node
        node = best
    return None


def _puct(value: float, prior: float, above: int, visits: int, settings: SearchSettings) -> float:
    return value + settings.exploration * prior * math.sqrt(above) / (1 + visits)


def _priors(tree: Tree, node: Node, settings: SearchSettings) -> list[tuple[Node, float]]:
    """Share out among the children what "something new" leaves: a fragment counts as its mean token."""
    children = tree.children_of(node)
    share = 1 - (_left(tree, node) if _may_ask(tree, node, settings) else 0.0)
    whole = sum(child.prior for child in children) or 1.0
    return [(child, share * child.prior / whole) for child in children]


def _left(tree: Tree, node: Node) -> float:
    """The probability of all that was not yet seen after a node and can be had by asking there."""
    return max(0.0, 1 - _seen(tree, node))


def _seen(tree: Tree, node: Node) -> float:
    """What the children take of the probability; of one that is not asked itself, what its children take."""
    return sum(
        child.probability * (_seen(tree, child) if child.inside_token else 1.0)
        for child in tree.children_of(node)
    )


def _may_ask(tree: Tree, node: Node, settings: SearchSettings) -> bool:
    if node.is_end or node.cut_off or node.attempts >= settings.attempts:
        return False
    # A policy never stands in the middle of a token: what it says there is no error of its own.
    if node.inside_token:
        return False
    if node.children and _left(tree, node) < settings.least_left:
        return False
    return len(node.children) < settings.width and tree.depth_of(node) < settings.depth


def _is_open(tree: Tree, node: Node, settings: SearchSettings) -> bool:
    if _may_ask(tree, node, settings):
        return True
    return any(_is_open(tree, child, settings) for child in tree.children_of(node))
