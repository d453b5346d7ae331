"""Word lists and word forms: which verbs name operations, which nouns name machines, how words inflect.

Does not belong here: reading sentences (`imperatives.py`), or wording of dialogues (`phrasing.py`).
"""

import tomllib
from functools import cache
from importlib.resources import files

import lemminflect

IRREGULAR = {
    "data": "data",
    "media": "media",
    "series": "series",
    "news": "news",
    "lens": "lens",
    "status": "status",
}


@cache
def read_data(name: str) -> str:
    """Read a word list of this package as text, without its comment lines."""
    text = files("gem_assets.offline").joinpath("data", name).read_text("utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


@cache
def read_table(name: str) -> dict[str, str]:
    """Read a TOML word list: group -> words separated by blanks."""
    return tomllib.loads(read_data(name))


@cache
def word_set(name: str, group: str | None = None) -> frozenset[str]:
    """Return the words of a list, or of one group of a TOML list."""
    text = read_table(name)[group] if group else read_data(name)
    return frozenset(text.split())


@cache
def in_group(group: str, word: str) -> bool:
    """Say whether a word stands in a group of `tool_words.toml`."""
    return word in word_set("tool_words.toml", group)


@cache
def verb_classes() -> dict[str, str]:
    """Map every operation verb to its class; verbs with a particle are written with an underscore."""
    return {verb: group for group, words in read_table("verbs.toml").items() for verb in words.split()}


@cache
def verb_class(verb: str) -> str | None:
    """Name the class of a base form, None for a verb that names no operation."""
    known = verb_classes()
    head = verb.split("_")[0]
    return known.get(verb) or known.get(verb.replace("-", "")) or (known.get(head) if "_" in verb else None)


@cache
def verb_lemmas(word: str) -> tuple[str, ...]:
    """Return the base forms this word can have as a verb; empty when it is none."""
    lower = word.lower()
    if lower in verb_classes():
        return (lower,)
    return tuple(lemminflect.getAllLemmas(lower, upos="VERB").get("VERB", ()))


@cache
def is_base_form(word: str) -> bool:
    """Say whether the word can be the base form of a verb."""
    return word.lower() in verb_lemmas(word)


@cache
def is_noun(word: str) -> bool:
    """Say whether the dictionary knows the word as a noun."""
    return bool(lemminflect.getAllLemmas(word.lower(), upos="NOUN"))


@cache
def is_unknown(word: str) -> bool:
    """Say whether the dictionary knows nothing about a word: a name or an abbreviation."""
    return not lemminflect.getAllLemmas(word.lower())


@cache
def singular(word: str) -> str:
    """Return the singular of a noun; a word that is no plural comes back as it is."""
    lower = word.lower()
    if lower.endswith("us") and (lower[:-1],) == lemminflect.getAllLemmas(lower, upos="NOUN").get("NOUN"):
        return lower[:-1]
    if lower in IRREGULAR or len(lower) < 4 or not lower.endswith("s") or lower.endswith(("ss", "us", "is")):
        return lower
    if lower.endswith(("shes", "ches", "xes", "sses")):
        return lower[:-2]
    lemmas = lemminflect.getAllLemmas(lower, upos="NOUN").get("NOUN", ())
    return lemmas[0] if lemmas else (lower[:-3] + "y" if lower.endswith("ies") else lower[:-1])


@cache
def plural(word: str) -> str:
    """Return the plural of a singular noun."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    forms = lemminflect.getInflection(word, "NNS")
    return forms[0] if forms and forms[0] != word else word + "s"


@cache
def inflect(verb: str, tag: str) -> str:
    """Inflect a base form (`look_up` inflects its head); tag is VBD, VBG, VBN or VBZ."""
    head, _, particle = verb.partition("_")
    forms = lemminflect.getInflection(head, tag)
    form = next((f for f in forms if "ll" in f), forms[0]) if forms else head
    return f"{form} {particle.replace('_', ' ')}".strip()


@cache
def is_machine_noun(word: str) -> bool:
    """Say whether a noun belongs to screens, computers or machines."""
    nouns = word_set("machine_nouns.txt")
    return word.lower() in nouns or singular(word) in nouns


@cache
def is_strong_machine_noun(word: str) -> bool:
    """Say whether a noun belongs to machines in nearly every text."""
    return is_machine_noun(word) and singular(word) not in word_set("weak_nouns.txt")
