"""Would a developer accept the name of a tool? One lint, for the generator and for the law about names.

Does not belong here: making names (`actions.py`, `tools.py`).
"""

import re
from functools import cache

from gem_assets.offline.text.lexicon import is_noun, is_unknown, plural, singular, verb_classes, word_set

MAX_NAME_WORDS = 4

WORDS = "tool_words.toml"
_PRONOUNS = frozenset(["your", "my", "our", "their", "his", "her", "its"])
_SHORT = frozenset(["e", "x", "wi"])
_PARTICLES = frozenset(["in", "on", "out", "up", "off", "back", "down"])


@cache
def _verbs() -> frozenset[str]:
    heads = {verb.split("_")[0] for verb in verb_classes()}
    return frozenset(heads) | {"list", "get", "authenticate", "notify", "sync", "undo", "backup"}


@cache
def _particle_verbs() -> frozenset[str]:
    known = frozenset(verb for verb in verb_classes() if "_" in verb)
    return known | word_set("verb_lists.toml", "particle_verbs")


@cache
def name_problem(name: str) -> str:
    """Say what is wrong with the name of a tool; "" for a name that is fine."""
    words = name.split("_")
    if not re.fullmatch(r"[a-z]+(?:_[a-z0-9]+)+", name):
        return "no snake_case of verb and noun"
    if len(words) > MAX_NAME_WORDS:
        return f"more than {MAX_NAME_WORDS} words"
    if words[0] not in _verbs():
        return f"no verb at the start ({words[0]})"
    joined = len(words) > 2 and words[1] in _PARTICLES and "_".join(words[:2]) in _particle_verbs()
    noun = words[2:] if joined else words[1:]
    return noun_problem("_".join(noun), words[0])


@cache
def noun_problem(noun: str, verb: str = "") -> str:
    """Say what is wrong with what a tool acts on: odd words, keys of a screen, a record that is none."""
    words = noun.split("_")
    odd = [w for w in words if w in _PRONOUNS | word_set("no_names.txt") or (len(w) < 2 and w not in _SHORT)]
    if odd:
        return f"odd word {odd[0]}"
    keys = [w for w in words if w in word_set(WORDS, "keys")]
    if keys:
        return f"part of a screen or keyboard ({keys[0]})"
    if len(set(words)) < len(words):
        return "a word twice"
    last = words[-1]
    if last in word_set(WORDS, "no_records") or (not is_noun(last) and not is_unknown(last)):
        return f"no noun at the end ({last})"
    if verb == "list" and singular(last) == last and plural(last) != last:
        return f"a list of one {last}"
    return ""


def own_field(name: str, entity: str) -> str:
    """Say whose field is set where its name alone says nothing: `item` of a file as `file_item`."""
    vague = "_" not in name and name in word_set("stop_nouns.txt") and entity != "setting"
    return f"{entity}_{name}" if vague and not name_problem(f"set_{entity}_{name}") else name
