"""Does a text hold a multi-step operation of a machine, and of which platform, domain and task is it?

Does not belong here: reading the steps (`steps.py`), what is measured in a text (`signals.py`).
"""

import math
import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache

from gem_assets.offline.text.lexicon import read_data, singular
from gem_assets.offline.text.signals import read_signals


@dataclass(frozen=True)
class Labels:
    """Platform, domains and task category out of the fixed vocabularies."""

    platform: str
    domains: tuple[str, ...]
    task: str


def is_procedure(text: str, title: str | None) -> bool:
    """Say whether a text describes an operation of several steps: whether its evidence is above 0."""
    return evidence(text, title) > 0.0


def evidence(text: str, title: str | None) -> float:
    """Add up what speaks for a procedure and what against: the log of the odds, by a linear model.

    The weights were fitted to labelled texts by `gem_assets_tests/benches/filter_weights.py`.
    """
    bias, weights = _weights()
    signals = read_signals(text, title)
    return bias + sum(weight * signals[name] for name, weight in weights.items())


@cache
def _weights() -> tuple[float, dict[str, float]]:
    table = tomllib.loads(read_data("procedure_weights.toml"))
    return float(table["bias"]), {name: float(weight) for name, weight in table["weights"].items()}


def label(text: str, title: str | None) -> Labels:
    """Choose platform, domains (two at most) and task by the words of a text; the title counts thrice."""
    words = Counter(
        singular(word)
        for word in re.findall(r"[a-z][a-z-]+", f"{f'{title} ' * 3 if title else ''}{text[:20_000]}".lower())
    )
    domains = _ranked("domain", words)
    best = domains[0][1] if domains else 0.0
    chosen = tuple(name for name, weight in domains[:2] if weight >= max(1.0, 0.75 * best))
    platforms, tasks = _ranked("platform", words), _ranked("task", words)
    return Labels(
        platforms[0][0] if platforms else "other",
        chosen or ("computers_and_electronics",),
        tasks[0][0] if tasks else "customer_support",
    )


def _ranked(group: str, words: Counter[str]) -> list[tuple[str, float]]:
    weights: list[tuple[str, float]] = []
    for name, (whole, stems) in _evidence_words()[group].items():
        counts = [words[word] for word in whole if word in words]
        counts += [sum(n for word, n in words.items() if word.startswith(stem)) for stem in stems]
        weights.append((name, math.fsum(math.log1p(count) for count in counts if count)))
    return sorted((pair for pair in weights if pair[1] > 0), key=lambda pair: -pair[1])


@cache
def _evidence_words() -> dict[str, dict[str, tuple[frozenset[str], tuple[str, ...]]]]:
    table = tomllib.loads(read_data("labels.toml"))
    return {
        group: {
            name: (
                frozenset(word for word in words.split() if not word.endswith("*")),
                tuple(word[:-1] for word in words.split() if word.endswith("*")),
            )
            for name, words in labels.items()
        }
        for group, labels in table.items()
    }
