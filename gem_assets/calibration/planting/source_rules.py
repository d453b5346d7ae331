"""Defects of rules against the source: changed numbers, turned prohibitions, invented ones.

Uses nothing of what finds defects.
"""

import random
import re

from gem_assets.calibration.planting.plain import Plain, Planted, add_words


def _numbered_rules(plain: Plain) -> list[tuple[int, int, str]]:
    """Find numbers of the source's rules as they stand in the system message: span and number."""
    system = plain.messages[0]["content"]
    numbers = {
        number
        for constraint in plain.constraints
        for number in re.findall(r"(?<![\w-])\d+(?![\w:-])", constraint["sentence"])
    }
    return [
        (found.start(), found.end(), found.group())
        for found in re.finditer(r"(?<![\w.:-])\d+(?![\w:.-])", system)
        if found.group() in numbers and int(found.group()) > 1
    ]


def changed_rule_number(plain: Plain, chance: random.Random) -> Planted | None:
    """Change a number of the source where the system message states it."""
    places = _numbered_rules(plain)
    if not places:
        return None
    start, end, number = chance.choice(places)
    new = int(number) + chance.choice([3, 5, 8, 13])
    while re.search(rf"\b{new}\b", plain.source) or new in (12, 24, 60, 100) or new == 2 * int(number):
        new += 1
    system = plain.messages[0]["content"]
    plain.messages[0]["content"] = f"{system[:start]}{new}{system[end:]}"
    return Planted(plain)


def turned_rule(plain: Plain, chance: random.Random) -> Planted | None:
    """Turn a prohibition of the system message that stands so in the source."""
    system = plain.messages[0]["content"]
    for old, new in (
        ("cannot be", "can be"),
        ("must not", "must"),
        ("may not", "may"),
        ("is not", "is"),
        ("cannot", "can"),
        ("can only", "cannot"),
    ):
        for found in re.finditer(rf"\b{old}\b", system):
            around = system[max(0, found.start() - 25) : found.end() + 25].strip()
            if re.sub(r"\s+", " ", around) in re.sub(r"\s+", " ", plain.source):
                plain.messages[0]["content"] = f"{system[: found.start()]}{new}{system[found.end() :]}"
                return Planted(plain)
    return None


def unsourced_sentence(plain: Plain, chance: random.Random) -> Planted | None:
    """Change a word of the sentence that a constraint quotes."""
    if not plain.constraints:
        return None
    constraint = chance.choice(plain.constraints)
    words = constraint["sentence"].split()
    place = chance.randrange(len(words))
    words[place] = "seldom" if words[place] != "seldom" else "often"
    constraint["sentence"] = " ".join(words)
    return Planted(plain)


def changed_constraint_number(plain: Plain, chance: random.Random) -> Planted | None:
    """Change the number of a constraint in its rule and its predicate."""
    places = [
        (constraint, number)
        for constraint in plain.constraints
        for number in re.findall(r"(?<![\w.])\d+(?!\w)", constraint.get("predicate") or "")
        if int(number) > 1 and re.search(rf"\b{number}\b", constraint["sentence"])
    ]
    if not places:
        return None
    constraint, number = chance.choice(places)
    new = int(number) + 17
    while re.search(rf"\b{new}\b", plain.source) or new % 10 == 0:
        new += 1
    for key in ("predicate", "rule"):
        constraint[key] = re.sub(rf"\b{number}\b", str(new), constraint[key])
    return Planted(plain)


def invented_rule(plain: Plain, chance: random.Random) -> Planted | None:
    """Add a rule of which the source says nothing."""
    if not plain.source:
        return None
    return add_words(plain, 0, "Giraffe permits must be renewed within 937 minutes of any parade.")
