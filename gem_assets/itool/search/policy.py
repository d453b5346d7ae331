"""The one seam between the search and its model: rendered text in, text with log-probabilities out.

Both back ends, a server with completions and the model itself in the trainer's environment, see the same
bytes. Does not belong here: the back ends (`policies/`), what is asked of the policy.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class PolicyError(Exception):
    """The policy did not answer as it must; one sentence that says what to do."""


@dataclass(frozen=True)
class Token:
    """One token: where it starts in the text, in characters, and its natural log-probability."""

    start: int
    log_probability: float


@dataclass(frozen=True)
class Completion:
    """A text the policy wrote. `finished`: it ended the turn, and the last token is the end's, at the end."""

    text: str
    tokens: tuple[Token, ...]
    finished: bool

    def log_probabilities(self, start: int, end: int) -> list[float]:
        """Those of the tokens that begin in a stretch of the text, as far as any does."""
        return [token.log_probability for token in self.tokens if start <= token.start < end]


class Policy(Protocol):
    """A model that continues text."""

    @property
    def identity(self) -> str:
        """Which model with which weights."""
        ...

    def sample(
        self, prompt: str, *, n: int, max_tokens: int, temperature: float, seed: int
    ) -> list[Completion]:
        """Continue a prompt `n` times up to the end of the turn; the same seed gives the same texts.

        Log-probabilities are the policy's own, at temperature 1. Raises PolicyError.
        """
        ...

    def score(self, prompt: str, completions: Sequence[str]) -> list[list[Token]]:
        """Give the tokens of each completion that begin in it. Raises PolicyError."""
        ...


def perplexity(tokens: Sequence[Token]) -> float:
    """Take exp of the mean negative log-probability: 1 is certain; infinite where nothing was scored."""
    if not tokens:
        return math.inf
    return math.exp(min(-sum(token.log_probability for token in tokens) / len(tokens), 700.0))


def choose(policy: Policy, prompt: str, options: Sequence[str]) -> list[float]:
    """Give the probability of each option as the next words, out of these options alone."""
    found = policy.score(prompt, options)
    scores = [sum(token.log_probability for token in tokens) for tokens in found]
    highest = max(scores)
    weights = [math.exp(score - highest) for score in scores]
    return [weight / sum(weights) for weight in weights]
