"""Whether a system message tells of a domain, or only how to behave and to call tools.

English words. Does not belong here: what follows for identifiers (`provenance`).
"""

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path

from gem_assets.verification.grounding.identifiers import looks_like_id
from gem_assets.verification.words import word_set

OF_ITS_OWN = 0.4
"""Share of content words that make a message one about a domain: "Ferry desk." has all, what chat frameworks
put before any dialogue under a quarter; the system messages of our own dialogues start at a half."""

_TOOLS = re.compile(r"<tools>.*?</tools>|[\[{]\s*[\[{\"].*[}\]]", re.DOTALL)
_TAG = re.compile(r"</?\w+>")
_WORD = re.compile(r"[^\W\d_]{2,}|\d{5,}")
_WORDS = Path(__file__).with_name("words_of_any_prompt.toml")


@lru_cache(maxsize=1024)
def tells_of_a_domain(system: str) -> bool:
    """Tell whether a system message says what the dialogue is about, tool definitions in it left out."""
    plain = _TAG.sub(" ", _TOOLS.sub(" ", system))
    if any(looks_like_id(word.strip(".,;:()")) for word in plain.split()):
        return True
    stop, any_assistant = _lists()
    words = {word.casefold() for word in _WORD.findall(plain)} - stop
    return bool(words) and len(words - any_assistant) >= OF_ITS_OWN * len(words)


@cache
def _lists() -> tuple[frozenset[str], frozenset[str]]:
    lists = tomllib.loads(_WORDS.read_text("utf-8"))
    return word_set(lists["stop"]), word_set(lists["any_assistant"])
