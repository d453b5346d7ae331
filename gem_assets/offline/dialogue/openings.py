"""How a dialogue begins: a vague goal, a wrong ID, a look around, a new record; who the user is.

Does not belong here: what follows (`scenes.py`).
"""

from typing import Any

from gem_assets.offline.dialogue.dialogue import (
    Script,
    assistant,
    call,
    say_values,
    start_scene,
    user,
    wording,
)
from gem_assets.offline.dialogue.scenes import field_words, read_target, rows, spoken
from gem_assets.offline.dialogue.steps_taken import arguments_of, find_references, plan_values, records


def verify(script: Script) -> None:
    """Check who the user is, where the service asks for it."""
    auth = next(iter(script.blueprint.of_kind("auth")), None)
    if auth is None or not auth.fields:
        return
    values = plan_values(script, auth) or {}
    assistant(script, wording(script, "auth", "ask", {"fields": field_words(list(values))}))
    user(script, wording(script, "auth", "answer", {"values": say_values(values)}))
    call(script, auth, arguments_of(script, auth, "", values), wording(script, "leads", "write"))


def open_vague(script: Script) -> None:
    """Let the user state a goal without saying which record; ask, look it up, open it."""
    start_scene(script, "open_vague")
    user(script, wording(script, "open_vague", "user"))
    verify(script)
    assistant(script, wording(script, "open_vague", "ask"))
    _answer_and_read(script, "open_vague", {"query": script.record["name"]})


def open_browse(script: Script) -> None:
    """Let the user ask what there is, choose one, and open it."""
    start_scene(script, "open_browse")
    user(script, wording(script, "open_browse", "user"))
    verify(script)
    listing = script.blueprint.find("list", script.blueprint.entity)
    if listing:
        call(script, listing, {}, wording(script, "leads", "list"))
    found = records(script)
    assistant(script, wording(script, "open_browse", "found", {"rows": rows(found), "count": len(found)}))
    user(script, wording(script, "open_browse", "answer"))
    read_target(script)


def open_misquote(script: Script) -> None:
    """Let the user quote an ID that does not exist; find the right record."""
    start_scene(script, "open_misquote")
    reader, listing = (script.blueprint.find(kind, script.blueprint.entity) for kind in ("get", "list"))
    if not reader or not listing:
        open_vague(script)
        return
    wrong = wrong_id(script, script.target)
    user(script, wording(script, "open_misquote", "user", {"wrong": wrong}))
    verify(script)
    call(script, reader, {reader.key: wrong}, wording(script, "leads", "get"))
    call(script, listing, {}, wording(script, "leads", "again"))
    assistant(
        script, wording(script, "open_misquote", "found", {"wrong": wrong, "rows": rows(records(script))})
    )
    user(script, wording(script, "open_misquote", "answer"))
    read_target(script)


def wrong_id(script: Script, right: str) -> str:
    """Make an ID that looks like the right one and does not exist."""
    letters, _, digits = right.partition("-")
    for shift in range(1, 9):
        wrong = f"{letters}-{digits[:-1]}{(int(digits[-1:] or 0) + shift) % 10}"
        if wrong not in script.world.records[script.blueprint.entity]:
            return wrong
    return f"{right}0"


def _answer_and_read(script: Script, occasion: str, query: dict[str, Any]) -> None:
    user(script, wording(script, occasion, "answer"))
    listing = script.blueprint.find("list", script.blueprint.entity)
    if listing:
        call(
            script,
            listing,
            query if "query" in listing.schema.get("properties", {}) else {},
            wording(script, "leads", "list"),
        )
    read_target(script)


def open_create(script: Script) -> None:
    """Let the user ask for a new record; ask for what it needs, create it, go on with it."""
    creator = next(iter(script.blueprint.of_kind("create")), None)
    if creator is None:
        open_vague(script)
        return
    start_scene(script, "open_create")
    user(script, wording(script, "open_create", "user"))
    verify(script)
    values = spoken(script, creator, plan_values(script, creator) or {})
    if values:
        assistant(script, wording(script, "open_create", "ask", {"fields": field_words(list(values))}))
        user(script, wording(script, "open_create", "answer", {"values": say_values(values)}))
    else:
        assistant(script, wording(script, "open_create", "bare"))
        user(script, wording(script, "open_create", "yes"))
    find_references(script, creator)
    result = call(
        script, creator, arguments_of(script, creator, "", values), wording(script, "leads", "write")
    )
    script.target = str(result.get(f"{script.blueprint.entity}_id", script.target))
    script.done.add(creator.name)
    assistant(script, wording(script, "open_create", "done"))
