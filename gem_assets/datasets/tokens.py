"""Count tokens of a training row, saying by which tokenizer; and estimate how rows pack into a context.

Named by GEM_TOKENIZER (a tokenizer.json, or a folder that holds one) where it is set: the target model's own.
Else cl100k_base, which comes with litellm, as an estimate; else characters / 4. Nothing is downloaded.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from gem_assets.store.home import StoreError

CONTEXT = 32_768
"""Tokens of a row: "max length 32K", table 3 of arXiv 2601.10355."""
CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True)
class TokenCounter:
    """A tokenizer, and what it is called beside the figures."""

    name: str
    count: Callable[[str], int]


def open_counter(tokenizer: Path | None) -> TokenCounter:
    """Open the tokenizer to count with; raises StoreError where GEM_TOKENIZER names none."""
    if tokenizer is not None:
        return _from_file(tokenizer.expanduser())
    return _bundled() or TokenCounter(
        "characters/4 (estimate)", lambda text: -(-len(text) // CHARACTERS_PER_TOKEN)
    )


@dataclass(frozen=True)
class Packing:
    """How rows fill contexts when whole rows are put together, the longest first."""

    context: int
    rows: int
    too_long: int
    """Rows longer than a context: they have to be left out, never cut."""
    packs: int
    filled: float
    """Share of the packs' tokens that rows fill."""

    @property
    def rows_per_pack(self) -> float:
        """How many rows share a context; a set-up's rows per step have to be divided by it."""
        return (self.rows - self.too_long) / self.packs if self.packs else 0.0


def estimate_packing(lengths: Sequence[int], context: int = CONTEXT) -> Packing:
    """Put rows into contexts by first fit, longest first."""
    fitting = sorted((length for length in lengths if length <= context), reverse=True)
    free: list[int] = []
    # Packs by what is left in them would be faster still; rows are thousands, packs hundreds.
    for length in fitting:
        place = next((place for place, left in enumerate(free) if left >= length), None)
        if place is None:
            free.append(context - length)
        else:
            free[place] -= length
    filled = sum(fitting) / (len(free) * context) if free else 0.0
    return Packing(context, len(lengths), len(lengths) - len(fitting), len(free), filled)


def _from_file(path: Path) -> TokenCounter:
    from tokenizers import Tokenizer

    file = path / "tokenizer.json" if path.is_dir() else path
    if not file.is_file():
        raise StoreError(f"GEM_TOKENIZER={path} holds no tokenizer.json: name that file or its folder")
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises bare Exception
        raise StoreError(f"GEM_TOKENIZER={file} is no tokenizer: {error}") from error
    name = file.parent.name if file.name == "tokenizer.json" else file.stem
    return TokenCounter(name, lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids))


def _bundled() -> TokenCounter | None:
    """Open the vocabulary that litellm carries, without importing litellm or asking the network."""
    spec = find_spec("litellm")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "litellm_core_utils" / "tokenizers"
    if not folder.is_dir() or find_spec("tiktoken") is None:
        return None
    before = os.environ.get("TIKTOKEN_CACHE_DIR")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    try:
        import tiktoken

        encoding = tiktoken.get_encoding("cl100k_base")
    except Exception:  # not in that folder, and no network to fetch it from
        return None
    finally:
        _restore("TIKTOKEN_CACHE_DIR", before)
    return TokenCounter(
        "cl100k_base (estimate)", lambda text: len(encoding.encode(text, disallowed_special=()))
    )


def _restore(name: str, value: str | None) -> None:
    if value is None:
        del os.environ[name]
    else:
        os.environ[name] = value
