"""The kinds of defects: each takes a clean trajectory and plants one, or says that there is no place for it.

Uses nothing of what finds defects.
"""

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gem_assets_tests.verification.injectors.plain import (
    ID_LIKE,
    Plain,
    assign,
    objects,
    other_value,
    own_id,
    replace_everywhere,
    scalars,
    strange_id,
)


@dataclass(frozen=True)
class Planted:
    """A trajectory with a defect, and whether the dialogue holds what shows it."""

    plain: Plain
    detectable: bool = True


Plant = Callable[[Plain, random.Random], Planted | None]


def _id_arguments(plain: Plain) -> list[tuple[int, dict[str, Any], tuple[Any, ...], str]]:
    found: list[tuple[int, dict[str, Any], tuple[Any, ...], str]] = []
    for index, call in plain.calls():
        for path, value in scalars(call["arguments"]):
            name = next((step for step in reversed(path) if isinstance(step, str)), "")
            named = isinstance(value, str) and ID_LIKE.search(name) and sum(map(str.isdigit, value)) >= 2
            if named and value in plain.text_before(index) and plain.ok(call):
                found.append((index, call, path, value))
    return found


def _put_argument(plain: Plain, call: dict[str, Any], path: tuple[Any, ...], old: Any, new: Any) -> None:
    assign(call["arguments"], path, new)
    found = plain.result_of(call)
    if found:
        plain.put(found[0], replace_everywhere(found[1], old, new))


def invented_id(plain: Plain, chance: random.Random) -> Planted | None:
    places = _id_arguments(plain)
    if not places:
        return None
    _, call, path, value = chance.choice(places)
    new = strange_id(value, plain.text_before(len(plain.messages)), chance)
    _put_argument(plain, call, path, value, new)
    return Planted(plain)


def early_id(plain: Plain, chance: random.Random) -> Planted | None:
    """Use the identifier of a record in a call before the one that creates it."""
    for _, maker in plain.calls():
        result = plain.result_of(maker)
        if plain.is_read(maker["name"]) or not plain.ok(maker) or result is None:
            continue
        for path, value in scalars(result[1]):
            if path and isinstance(path[-1], str) and ID_LIKE.search(path[-1]) and isinstance(value, str):
                fresh = value not in plain.text_before(result[0]) and value not in json.dumps(
                    maker["arguments"]
                )
                earlier = [place for place in _id_arguments(plain) if place[0] < result[0] - 1]
                same = [place for place in earlier if place[2][-1] == path[-1] or len(earlier) < 3]
                if fresh and same and sum(map(str.isdigit, value)) >= 2:
                    _, call, where, old = chance.choice(same)
                    _put_argument(plain, call, where, old, value)
                    return Planted(plain)
    return None


def _writes_between(plain: Plain, first: int, last: int) -> bool:
    return any(
        first < index < last and not plain.is_read(call["name"]) and plain.ok(call)
        for index, call in plain.calls()
    )


def contradictory_read(plain: Plain, chance: random.Random) -> Planted | None:
    """Change a field of a record that a read shows."""
    reads = [
        (plain.result_of(call), call)
        for _, call in plain.calls()
        if plain.is_read(call["name"]) and plain.ok(call)
    ]
    places: list[tuple[int, Any, tuple[Any, ...], str, bool]] = []
    for found, _ in reads:
        if found is None:
            continue
        for path, item in objects(found[1]):
            identity = own_id(item)
            for key, value in item.items():
                scalar = isinstance(value, str | int | float) and not ID_LIKE.search(key)
                if (
                    identity
                    and key != identity[0]
                    and scalar
                    and not re.search(r"temp|time|message|note|updated", key)
                ):
                    again = _shown_before(plain, found[0], identity, key, set(item))
                    places.append((found[0], found[1], path, key, again))
    if not places:
        return None
    index, value, path, key, again = chance.choice([place for place in places if place[4]] or places)
    item = value
    for step in path:
        item = item[step]
    item[key] = other_value(item[key], chance)
    plain.put(index, value)
    return Planted(plain, again)


def _shown_before(plain: Plain, index: int, identity: tuple[str, Any], key: str, keys: set[str]) -> bool:
    for earlier, value in plain.results():
        if earlier < index and not _writes_between(plain, earlier, index):
            for _, item in objects(value):
                if own_id(item) == identity and key in item and len(keys & set(item)) >= 4:
                    return True
    return False


def lost_write(plain: Plain, chance: random.Random) -> Planted | None:
    """Give a read after a write the value from before it."""
    for _, writer in reversed(plain.calls()):
        written = plain.result_of(writer)
        if plain.is_read(writer["name"]) or not plain.ok(writer) or written is None:
            continue
        for _, new in objects(written[1]):
            identity = own_id(new)
            before = _last_shown(plain, written[0], identity) if identity else None
            changed = [key for key in new if before and key in before and before[key] != new[key]]
            changed = [key for key in changed if isinstance(new[key], str | int | float)]
            if before and changed and _put_back(plain, written[0], identity, changed[0], before):
                return Planted(plain)
    return None


def _put_back(plain: Plain, written: int, identity: Any, key: str, before: dict[str, Any]) -> bool:
    for index, reader in plain.calls():
        found = plain.result_of(reader)
        if found is None or index < written or not plain.is_read(reader["name"]):
            continue
        if _writes_between(plain, written, index):
            continue
        for _, item in objects(found[1]):
            if own_id(item) == identity and key in item:
                item[key] = before[key]
                plain.put(found[0], found[1])
                return True
    return False


def _last_shown(plain: Plain, index: int, identity: tuple[str, Any]) -> dict[str, Any] | None:
    shown = [
        item
        for earlier, value in plain.results()
        if earlier < index
        for _, item in objects(value)
        if own_id(item) == identity
    ]
    return shown[-1] if shown else None


def other_id_answered(plain: Plain, chance: random.Random) -> Planted | None:
    """Let a result name another record than its call asked for."""
    places = []
    for _, call in plain.calls():
        found = plain.result_of(call)
        if found and isinstance(found[1], dict) and plain.ok(call):
            for key, value in call["arguments"].items():
                digits = isinstance(value, str) and sum(map(str.isdigit, value)) >= 2
                if (
                    ID_LIKE.search(key)
                    and digits
                    and found[1].get(key) == value
                    and not re.search("copy|transfer|replace|swap", call["name"])
                ):
                    places.append((found, key, value))
    if not places:
        return None
    found, key, value = chance.choice(places)
    found[1][key] = strange_id(value, plain.text_before(len(plain.messages)), chance)
    plain.put(found[0], found[1])
    return Planted(plain)


def other_amount_answered(plain: Plain, chance: random.Random) -> Planted | None:
    """Let a result say another number or date than its call set."""
    places = []
    for _, call in plain.calls():
        found = plain.result_of(call)
        if found and isinstance(found[1], dict) and plain.ok(call):
            for key, value in call["arguments"].items():
                number = isinstance(value, int | float) and not isinstance(value, bool)
                date = isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)
                if (
                    (number or date)
                    and found[1].get(key) == value
                    and not re.search(r"max|min|limit|amount|from|to_|start|end|page|size", key)
                ):
                    places.append((found, key, value))
    if not places:
        return None
    found, key, value = chance.choice(places)
    found[1][key] = other_value(value, chance)
    plain.put(found[0], found[1])
    return Planted(plain)


def omitted_from_list(plain: Plain, chance: random.Random) -> Planted | None:
    """Take a created record out of a list that showed it."""
    for index, call in plain.calls():
        found = plain.result_of(call)
        if (
            plain.is_read(call["name"])
            or found is None
            or not plain.ok(call)
            or not isinstance(found[1], dict)
        ):
            continue
        made = own_id(found[1])
        if made and str(made[1]) not in plain.text_before(found[0]) and _take_out(plain, index, made[1]):
            return Planted(plain)
    return None


def _take_out(plain: Plain, after: int, identifier: Any) -> bool:
    for later, reader in plain.calls():
        shown = plain.result_of(reader)
        if later <= after or shown is None or plain.is_read(reader["name"]) is False:
            continue
        for rows in [value for value in _lists(shown[1]) if len(value) > 1]:
            kept = [
                row
                for row in rows
                if not (isinstance(row, dict) and own_id(row) and own_id(row)[1] == identifier)
            ]
            if kept and len(kept) < len(rows):
                rows[:] = kept
                plain.put(shown[0], shown[1])
                return True
    return False


def _lists(value: Any) -> list[list[Any]]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return ([value] if isinstance(value, list) else []) + [
        found for child in inner for found in _lists(child)
    ]


_SIMPLE = re.compile(r"\s*args\.(\w+)\s*(<=|>=)\s*(\d+)\s*")


def accepted_beyond_limit(plain: Plain, chance: random.Random) -> Planted | None:
    """Let a call succeed with an argument that breaks a rule of the source."""
    places = []
    for constraint in plain.constraints:
        simple = _SIMPLE.fullmatch(constraint.get("predicate") or "")
        for _, call in plain.calls():
            if (
                simple
                and call["name"] == constraint["tool"]
                and plain.ok(call)
                and simple[1] in call["arguments"]
            ):
                places.append((call, simple))
    if not places:
        return None
    call, simple = chance.choice(places)
    beyond = int(simple[3]) + 3 if simple[2] == "<=" else int(simple[3]) - 3
    _put_argument(plain, call, (simple[1],), call["arguments"][simple[1]], beyond)
    acts = not plain.is_read(call["name"]) or call["name"].startswith("check")
    return Planted(plain, acts)


_STATE = re.compile(r"\s*state\.(\w+)\s*(==|<=)\s*(\"[^\"]+\"|\d+)\s*")


def accepted_in_wrong_state(plain: Plain, chance: random.Random) -> Planted | None:
    """Give the record of a successful call a state that forbids it, in everything shown before."""
    for constraint in plain.constraints:
        simple = _STATE.fullmatch(constraint.get("predicate") or "")
        for index, call in plain.calls():
            if (
                not simple
                or call["name"] != constraint["tool"]
                or not plain.ok(call)
                or plain.is_read(call["name"])
            ):
                continue
            bad: Any = (
                "void_" + simple[3].strip('"')
                if simple[2] == "==" and simple[3].startswith('"')
                else int(simple[3].strip('"')) + 5
            )
            ids = {value for _, value in scalars(call["arguments"])}
            touched = _spoil(plain, index, simple[1], ids, bad)
            if touched is not None:
                return Planted(plain, not _writes_between(plain, touched, index))
    return None


def _spoil(plain: Plain, before: int, field: str, ids: set[Any], bad: Any) -> int | None:
    touched = None
    for index, value in list(plain.results()):
        for _, item in objects(value):
            identity = own_id(item)
            if index < before and identity and identity[1] in ids and field in item:
                item[field] = bad
                plain.put(index, value)
                touched = index
    return touched


def refused_within_limit(plain: Plain, chance: random.Random) -> Planted | None:
    """Turn the success of a call within the limits into a refusal for one of them."""
    places = []
    for constraint in plain.constraints:
        simple = _SIMPLE.fullmatch(constraint.get("predicate") or "")
        same = [
            other
            for other in plain.constraints
            if other["tool"] == constraint["tool"] and other is not constraint
        ]
        for _, call in plain.calls():
            if not simple or call["name"] != constraint["tool"] or simple[1] not in call["arguments"]:
                continue
            if plain.ok(call) and not any(re.search(rf"\b{simple[3]}\b", other["rule"]) for other in same):
                places.append((call, simple))
    if not places:
        return None
    call, simple = chance.choice(places)
    found = plain.result_of(call)
    if found is None:
        return None
    what, side = (
        simple[1].replace("_", " "),
        "exceeds the maximum of" if simple[2] == "<=" else "is below the minimum of",
    )
    plain.put(found[0], {"error": f"{what} {side} {simple[3]}"})
    return Planted(plain)


def _reply(plain: Plain, chance: random.Random, last: bool = False) -> int | None:
    replies = [
        index
        for index, message in enumerate(plain.messages)
        if message["role"] == "assistant" and not message["tool_calls"]
    ]
    return (replies[-1] if last else chance.choice(replies)) if replies else None


def _say(plain: Plain, index: int, text: str) -> Planted:
    plain.messages[index]["content"] = f"{plain.messages[index]['content']} {text}".strip()
    return Planted(plain)


def called_within(plain: Plain, chance: random.Random) -> Planted | None:
    index = _reply(plain, chance)
    if index is None:
        return None
    limit = chance.randint(20, 90)
    unit = chance.choice(["cm", "kg", "days", "%", ""])
    template = chance.choice(
        [
            "The {a} {u} is within the limit of {b} {u}.",
            "At {a} {u} it is under the maximum of {b} {u}.",
            "Your {a} {u} stays within the {b} {u} limit.",
        ]
    )
    return _say(
        plain, index, template.format(a=limit + chance.randint(1, 9), b=limit, u=unit).replace(" .", ".")
    )


def called_over(plain: Plain, chance: random.Random) -> Planted | None:
    index = _reply(plain, chance)
    if index is None:
        return None
    limit = chance.randint(20, 90)
    template = chance.choice(
        ["{a} kg exceeds the limit of {b} kg.", "The {a} cm is above the maximum of {b} cm."]
    )
    return _say(plain, index, template.format(a=limit - chance.randint(1, 9), b=limit))


def late_sign_in(plain: Plain, chance: random.Random) -> Planted | None:
    """Move the sign-in behind the first change that follows it."""
    calls = plain.calls()
    system = plain.messages[0]["content"].casefold()
    demanded = re.search(
        r"(?:authenticat|verif|log in|sign in)[^.\n]*(?:before|first)|before[^.\n]*(?:authenticat|identity|"
        r"log in|sign in)",
        system,
    )
    entering = next(
        (
            at
            for at, (_, call) in enumerate(calls)
            if re.match(
                r"authenticate|log_?in|sign_?in|verify_(?:user|customer|identity|member)", call["name"]
            )
        ),
        None,
    )
    writer = next(
        (
            at
            for at, (_, call) in enumerate(calls)
            if entering is not None and at > entering and not plain.is_read(call["name"]) and plain.ok(call)
        ),
        None,
    )
    if not demanded or entering is None or writer is None or not plain.ok(calls[entering][1]):
        return None
    first, second = calls[entering][0], calls[writer][0]
    pair = plain.messages[first : first + 2]
    rest = plain.messages[first + 2 : second + 2]
    plain.messages[first : second + 2] = [*rest, *pair]
    return Planted(plain)


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
    if not plain.constraints:
        return None
    constraint = chance.choice(plain.constraints)
    words = constraint["sentence"].split()
    place = chance.randrange(len(words))
    words[place] = "seldom" if words[place] != "seldom" else "often"
    constraint["sentence"] = " ".join(words)
    return Planted(plain)


def changed_constraint_number(plain: Plain, chance: random.Random) -> Planted | None:
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


def _changed_argument(
    plain: Plain, chance: random.Random, wanted: Callable[[str, Any], bool], make: Callable[[Any], Any]
) -> Planted | None:
    places = []
    for _, call in plain.calls():
        for path, value in scalars(call["arguments"]):
            name = next((step for step in reversed(path) if isinstance(step, str)), "")
            if plain.ok(call) and not ID_LIKE.search(name) and wanted(name, value):
                places.append((call, path, value))
    if not places:
        return None
    call, path, value = chance.choice(places)
    _put_argument(plain, call, path, value, make(value))
    return Planted(plain)


def invented_name(plain: Plain, chance: random.Random) -> Planted | None:
    made = chance.choice(["Zelda Quimby", "Ottokar Brandl", "Ines Falkenrath"])
    return _changed_argument(
        plain,
        chance,
        lambda name, value: (
            isinstance(value, str) and bool(re.search(r"name|guest|person|contact|recipient|owner", name))
        ),
        lambda _: made,
    )


def invented_number(plain: Plain, chance: random.Random) -> Planted | None:
    return _changed_argument(
        plain,
        chance,
        lambda _, value: isinstance(value, int | float) and not isinstance(value, bool),
        lambda value: 7919 if isinstance(value, int) else 7919.37,
    )


def invented_date(plain: Plain, chance: random.Random) -> Planted | None:
    return _changed_argument(
        plain,
        chance,
        lambda _, value: isinstance(value, str) and bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)),
        lambda _: "2031-08-27",
    )


def invented_id_in_text(plain: Plain, chance: random.Random) -> Planted | None:
    return _changed_argument(
        plain,
        chance,
        lambda name, value: (
            isinstance(value, str)
            and bool(re.search(r"note|message|comment|description|reason|text|body", name))
        ),
        lambda value: f"{value} See case XQ-88317.",
    )


def wrong_total(plain: Plain, chance: random.Random) -> Planted | None:
    for index, value in plain.results():
        for _, item in objects(value):
            if isinstance(item.get("total"), int | float) and any(
                isinstance(rows, list)
                and rows
                and isinstance(rows[0], dict)
                and {"price", "amount", "unit_price", "line_total", "subtotal"} & set(rows[0])
                for rows in item.values()
            ):
                item["total"] = round(item["total"] + 13.37, 2)
                plain.put(index, value)
                return Planted(plain)
    return None


def false_inability(plain: Plain, chance: random.Random) -> Planted | None:
    index = _reply(plain, chance)
    names = [tool["name"] for tool in plain.tools if tool["name"].count("_") == 1]
    if index is None or not names:
        return None
    return _say(plain, index, f"I don't have a tool to {chance.choice(names).replace('_', ' the ')}.")


def undisclosed_failure(plain: Plain, chance: random.Random) -> Planted | None:
    for index, call in plain.calls():
        found = plain.result_of(call)
        after = plain.messages[index + 2 : index + 3]
        if found and after and not after[0]["tool_calls"] and not plain.is_read(call["name"]):
            plain.put(found[0], {"error": "internal error"})
            after[0]["content"] = "Everything is done as you asked. Have a nice day."
            return Planted(plain)
    return None


def unsupported_success(plain: Plain, chance: random.Random) -> Planted | None:
    verbs = {
        "cancel": "cancelled",
        "book": "booked",
        "update": "updated",
        "create": "created",
        "send": "sent",
        "add": "added",
        "reserve": "reserved",
        "change": "changed",
        "submit": "submitted",
    }
    first = next(
        (
            index
            for index, message in enumerate(plain.messages)
            if message["role"] == "assistant" and not message["tool_calls"]
        ),
        None,
    )
    verb = next(
        (tool["name"].split("_")[0] for tool in plain.tools if tool["name"].split("_")[0] in verbs), None
    )
    if first is None or verb is None or _writes_between(plain, 0, first):
        return None
    plain.messages[first]["content"] = f"I have {verbs[verb]} it for you."
    return Planted(plain)


def unknown_id_said(plain: Plain, chance: random.Random) -> Planted | None:
    index = _reply(plain, chance)
    return None if index is None else _say(plain, index, "Your reference is QX-70431.")


def leaked_reasoning(plain: Plain, chance: random.Random) -> Planted | None:
    index = _reply(plain, chance)
    return (
        None
        if index is None
        else _say(
            plain,
            index,
            chance.choice(
                [
                    "The user wants this done, so I should be careful.",
                    "Let me think about what the system prompt says.",
                ]
            ),
        )
    )


def user_names_tool(plain: Plain, chance: random.Random) -> Planted | None:
    users = [index for index, message in enumerate(plain.messages) if message["role"] == "user"]
    names = [tool["name"] for tool in plain.tools if "_" in tool["name"]]
    return (
        _say(plain, chance.choice(users), f"Please use {chance.choice(names)} for it.")
        if users and names
        else None
    )


def repeated_turn(plain: Plain, chance: random.Random) -> Planted | None:
    replies = [
        index
        for index, message in enumerate(plain.messages)
        if message["role"] == "assistant" and not message["tool_calls"] and len(message["content"]) > 60
    ]
    if len(replies) < 2:
        return None
    plain.messages[replies[-1]]["content"] = plain.messages[replies[0]]["content"]
    return Planted(plain)


def repeated_call(plain: Plain, chance: random.Random) -> Planted | None:
    places = [
        (index, call)
        for index, call in plain.calls()
        if plain.ok(call)
        and plain.messages[index + 1]["role"] == "tool"
        and len(plain.messages[index]["tool_calls"]) == 1
    ]
    if not places:
        return None
    index, _ = chance.choice(places)
    plain.messages[index + 2 : index + 2] = [
        json.loads(json.dumps(message)) for message in plain.messages[index : index + 2]
    ]
    return Planted(plain)


def empty_turn(plain: Plain, chance: random.Random) -> Planted | None:
    index = _reply(plain, chance)
    if index is None:
        return None
    plain.messages[index]["content"] = chance.choice(["", "  \n"])
    return Planted(plain)


def language_mix(plain: Plain, chance: random.Random) -> Planted | None:
    index = _reply(plain, chance)
    if index is None:
        return None
    plain.messages[index]["content"] = chance.choice(
        ["Конечно, всё готово, заказ оформлен.", "好的，已经为您完成了预订。"]
    )
    return Planted(plain)


def vain_recovery(plain: Plain, chance: random.Random) -> Planted | None:
    for index, call in plain.calls():
        if not plain.ok(call) and len(plain.messages[index]["tool_calls"]) == 1:
            plain.messages[index + 2 : index + 2] = [
                json.loads(json.dumps(message)) for message in plain.messages[index : index + 2]
            ]
            return Planted(plain)
    return None


def invented_rule(plain: Plain, chance: random.Random) -> Planted | None:
    if not plain.source:
        return None
    return _say(plain, 0, "Giraffe permits must be renewed within 937 minutes of any parade.")


KINDS: dict[str, tuple[Plant, frozenset[str]]] = {
    "id: invented": (invented_id, frozenset({"verify_ungrounded_id", "verify_id_before_created"})),
    "id: used before it is created": (
        early_id,
        frozenset({"verify_id_before_created", "verify_ungrounded_id", "verify_result_contradicts_call"}),
    ),
    "state: read contradicts what was known": (
        contradictory_read,
        frozenset({"verify_read_contradiction", "verify_lost_write"}),
    ),
    "state: write not shown by a later read": (
        lost_write,
        frozenset({"verify_lost_write", "verify_read_contradiction"}),
    ),
    "state: result names another record": (other_id_answered, frozenset({"verify_result_contradicts_call"})),
    "state: result has another number or date": (
        other_amount_answered,
        frozenset({"verify_result_contradicts_call"}),
    ),
    "state: list omits what was created": (omitted_from_list, frozenset({"verify_listing_omits"})),
    "limit: call beyond it accepted (paper)": (
        accepted_beyond_limit,
        frozenset({"verify_constraint_violated"}),
    ),
    "limit: accepted in a state that forbids it": (
        accepted_in_wrong_state,
        frozenset({"verify_constraint_violated"}),
    ),
    "limit: call within it refused": (refused_within_limit, frozenset({"verify_refused_allowed"})),
    "limit: called within what is beyond (paper)": (called_within, frozenset({"verify_stated_limit"})),
    "limit: called over what is within": (called_over, frozenset({"verify_stated_limit"})),
    "order: change before the sign-in": (late_sign_in, frozenset({"verify_order_broken"})),
    "rule: number differs from the source (paper)": (
        changed_rule_number,
        frozenset({"verify_rule_contradicted"}),
    ),
    "rule: says the opposite of the source": (turned_rule, frozenset({"verify_rule_contradicted"})),
    "rule: quotes what is not in the source": (
        unsourced_sentence,
        frozenset({"verify_constraint_unsourced"}),
    ),
    "rule: number not in the source": (changed_constraint_number, frozenset({"verify_constraint_number"})),
    "name: invented": (invented_name, frozenset({"verify_ungrounded_name"})),
    "number: invented": (invented_number, frozenset({"verify_ungrounded_number"})),
    "date: invented": (invented_date, frozenset({"verify_ungrounded_date"})),
    "text: names an unknown id": (invented_id_in_text, frozenset({"verify_ungrounded_text"})),
    "result: wrong total": (wrong_total, frozenset({"verify_result_arithmetic"})),
    "rule: invented": (invented_rule, frozenset({"verify_rule_invented"})),
    "said: false inability": (false_inability, frozenset({"verify_false_inability"})),
    "said: failure not disclosed": (undisclosed_failure, frozenset({"verify_undisclosed_failure"})),
    "said: success without a call": (unsupported_success, frozenset({"verify_unsupported_success"})),
    "said: id that nothing returned": (unknown_id_said, frozenset({"verify_unknown_id_said"})),
    "said: leaked reasoning": (leaked_reasoning, frozenset({"verify_leaked_reasoning"})),
    "turn: user names a tool": (user_names_tool, frozenset({"verify_user_names_tool"})),
    "turn: repeated": (repeated_turn, frozenset({"verify_repeated_turn"})),
    "turn: empty": (empty_turn, frozenset({"verify_empty_turn"})),
    "turn: another language": (language_mix, frozenset({"verify_language_mix"})),
    "call: repeated": (repeated_call, frozenset({"verify_repeated_call"})),
    "call: failed again unchanged": (vain_recovery, frozenset({"verify_vain_recovery"})),
}
DECIDABLE = tuple(KINDS)[:17]
