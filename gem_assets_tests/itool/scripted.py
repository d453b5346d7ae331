"""A policy that follows a grammar of weighted fragments, for tests of the search."""

import hashlib
import math
import random
from collections.abc import Callable, Mapping, Sequence

from gem_assets.itool.search.policy import Completion, Token

Grammar = Callable[[str], Mapping[str, float]]
"""What was written of the turn -> the probability of each fragment that may follow; "" ends the turn."""

NAME = '<tool_call>\n{"name": "get_claim", "arguments": {'
ENDING = "}}\n</tool_call>"


class ScriptedPolicy:
    """Each fragment is one token. Temperature flattens the probabilities as in a model."""

    def __init__(self, grammar: Grammar, prompt: str) -> None:
        self.grammar, self.prompt = grammar, prompt
        self.asked: list[tuple[str, int]] = []

    @property
    def identity(self) -> str:
        return "scripted"

    def sample(
        self, prompt: str, *, n: int, max_tokens: int, temperature: float, seed: int
    ) -> list[Completion]:
        begun = prompt.removeprefix(self.prompt)
        self.asked.append((begun, seed))
        dice = random.Random(seed)
        return [self._one(begun, max_tokens, temperature, dice) for _ in range(n)]

    def score(self, prompt: str, completions: Sequence[str]) -> list[list[Token]]:
        """Log-probabilities by a hash: any numbers do, but the same for the same text."""
        return [
            [Token(0, -hashlib.sha256((prompt + text).encode()).digest()[0] / 64)] for text in completions
        ]

    def _one(self, begun: str, max_tokens: int, temperature: float, dice: random.Random) -> Completion:
        text, tokens = "", list[Token]()
        for _ in range(max_tokens):
            options = self.grammar(begun + text)
            weights = [share ** (1 / temperature) for share in options.values()]
            piece = dice.choices(list(options), weights)[0]
            tokens.append(Token(len(text), math.log(options[piece])))
            if not piece:
                return Completion(text, tuple(tokens), True)
            text += piece
        return Completion(text, tuple(tokens), False)


def branching(*forks: Mapping[str, float]) -> Grammar:
    """One fork after another, whatever was taken before; then the end."""

    def follow(begun: str) -> Mapping[str, float]:
        rest = begun
        for fork in forks:
            taken = next((piece for piece in fork if rest.startswith(piece)), None)
            if taken is None:
                return fork
            rest = rest[len(taken) :]
        return {"": 1.0}

    return follow


# A policy that nearly always writes the wrong year and mostly the right claim: the planted error.
PLANTED = branching(
    {'<tool_call>\n{"name": "get_claim",': 0.9, '<tool_call>\n{"name": "find_claim",': 0.1},
    {' "arguments": {"claim_id":': 1.0},
    {' "C-100",': 0.85, ' "C-900",': 0.15},
    {' "year":': 1.0},
    {f" 2023{ENDING}": 0.93, f" 2024{ENDING}": 0.07},
)
