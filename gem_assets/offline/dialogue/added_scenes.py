"""Scenes that refinement adds: comparisons, pitfalls, notes, reminders, history, requests no tool fits.

Does not belong here: scenes of a draft (`scenes.py`, `conflicts.py`).
"""

import re
from datetime import date, timedelta
from typing import Any

from gem_assets.offline.dialogue.added_tools import AUDIENCES, CHANNELS, FORMATS, ROLES
from gem_assets.offline.dialogue.conflicts import other_record
from gem_assets.offline.dialogue.dialogue import (
    Script,
    assistant,
    call,
    listed,
    say_value,
    start_scene,
    user,
    wording,
)
from gem_assets.offline.dialogue.openings import wrong_id
from gem_assets.offline.dialogue.scenes import noted
from gem_assets.offline.dialogue.steps_taken import arguments_of
from gem_assets.offline.service.blueprint import Capability
from gem_assets.offline.service.values import draw, make_value
from gem_assets.offline.text.nouns import words_of
from gem_assets.offline.workflow.extraction import seeded


def _named(script: Script, prefix: str, suffix: str = "") -> Capability | None:
    name = f"{prefix}_{script.blueprint.entity}{suffix}"
    return next(
        (
            c
            for c in script.blueprint.capabilities
            if c.name == name or (not suffix and c.name.startswith(f"{prefix}_"))
        ),
        None,
    )


def _list_all(script: Script) -> None:
    listing = script.blueprint.find("list", script.blueprint.entity)
    if listing:
        call(script, listing, {}, wording(script, "leads", "list"))


def compare(script: Script) -> None:
    """Let the user ask what only two records together can answer."""
    key = f"{script.blueprint.entity}_id"
    start_scene(script, "compare")
    first, second = other_record(script, 0), other_record(script, 1)
    user(script, wording(script, "compare", "user", {"first": first["name"], "second": second["name"]}))
    _list_all(script)
    tool, reader = _named(script, "compare"), script.blueprint.find("get", script.blueprint.entity)
    if tool:
        call(script, tool, {f"{key}s": [first[key], second[key]]}, wording(script, "leads", "get"))
    elif reader:
        for record in (first, second):
            call(script, reader, {key: record[key]}, wording(script, "leads", "get"))
    later = max((first, second), key=lambda record: record["updated_at"])
    slots = {"later": later["name"]}
    for place, record in (("first", first), ("second", second)):
        slots |= {
            place: record["name"],
            f"{place}_id": record[key],
            f"{place}_status": record["status"],
            f"{place}_at": record["updated_at"],
        }
    assistant(script, wording(script, "compare", "answer", slots))


def pitfall(script: Script) -> None:
    """Let the user get a value wrong that the record has; the assistant checks and says so."""
    reader = script.blueprint.find("get", script.blueprint.entity)
    found = _wrong_value(script)
    if reader is None or found is None:
        return
    name, right, wrong = found
    start_scene(script, "pitfall")
    slots = {"field": words_of(name), "right": say_value(right), "wrong": say_value(wrong)}
    user(script, wording(script, "pitfall", "user", slots))
    call(script, reader, {reader.key: script.target}, wording(script, "leads", "get"))
    assistant(script, wording(script, "pitfall", "answer", slots))
    user(script, wording(script, "pitfall", "yes", slots))
    assistant(script, wording(script, "pitfall", "after", slots))


def _wrong_value(script: Script) -> tuple[str, Any, Any] | None:
    for step in script.blueprint.of_kind("write", "create"):
        for name, schema in step.fields.items():
            right = script.record.get(name)
            if right is None or isinstance(right, list | bool) or len(str(right)) > 40:
                continue
            if isinstance(right, int | float):
                return name, right, right + 2 if right + 2 <= schema.get("maximum", right + 2) else right - 1
            for attempt in range(6):
                wrong = make_value(name, schema, seeded(script.target, f"wrong {attempt}"))
                if wrong != right:
                    return name, right, wrong
    return None


def _detail(
    script: Script, occasion: str, tool: Capability | None, values: dict[str, str], slots: dict[str, str]
) -> None:
    if tool is None:
        return
    start_scene(script, occasion)
    user(script, wording(script, occasion, "user", slots))
    call(script, tool, arguments_of(script, tool, script.target, values), wording(script, "leads", "write"))
    assistant(script, wording(script, occasion, "done", slots))


def note(script: Script) -> None:
    """Let the user have a note attached: a nested argument."""
    start_scene(script, "note values")
    author, text = f"{draw('given', script.rng)} {draw('surnames', script.rng)}", draw("notes", script.rng)
    audience = script.rng.choice(AUDIENCES)
    values = {"note_author": author, "note_text": text, "note_visibility": audience}
    _detail(
        script,
        "note",
        _named(script, "add", "_note"),
        values,
        {"author": author, "text": text, "audience": audience},
    )


def reminder(script: Script) -> None:
    """Let the user have a reminder set."""
    start_scene(script, "reminder values")
    day = (
        date.fromisoformat(script.world.now.date().isoformat()) + timedelta(days=script.rng.randint(2, 20))
    ).isoformat()
    channel, message = script.rng.choice(CHANNELS), draw("reminders", script.rng)
    values = {"reminder_date": day, "reminder_channel": channel, "reminder_message": message}
    _detail(
        script,
        "reminder",
        _named(script, "set", "_reminder"),
        values,
        {"date": day, "channel": channel, "message": message},
    )


def assign(script: Script) -> None:
    """Let the user hand the record over to somebody."""
    start_scene(script, "assign values")
    person, role = f"{draw('given', script.rng)} {draw('surnames', script.rng)}", script.rng.choice(ROLES)
    _detail(
        script,
        "assign",
        _named(script, "assign"),
        {"assignee_name": person, "assignee_role": role},
        {"person": person, "role": role},
    )


def history(script: Script) -> None:
    """Let the user ask for all that was done, and tell it from the history."""
    tool = _named(script, "get", "_history")
    if tool is None:
        return
    start_scene(script, "history")
    user(script, wording(script, "history", "user"))
    result = call(script, tool, {tool.key: script.target}, wording(script, "leads", "get"))
    events = result.get("events", [])
    told = listed([str(event["event"]) for event in events])
    assistant(script, wording(script, "history", "answer", {"events": told, "count": len(events)}))


def export(script: Script) -> None:
    """Let the user have two records as one file: an argument that is a list of IDs seen before."""
    tool = _named(script, "export")
    if tool is None:
        return
    start_scene(script, "export")
    key, other = f"{script.blueprint.entity}_id", other_record(script, 0)
    chosen = script.rng.choice(FORMATS)
    slots = {"first": script.record["name"], "second": other["name"], "format": chosen}
    user(script, wording(script, "export", "user", slots))
    _list_all(script)
    result = call(
        script,
        tool,
        {f"{key}s": [script.target, other[key]], "format": chosen},
        wording(script, "leads", "write"),
    )
    assistant(script, wording(script, "export", "done", {**slots, "export_id": result.get("export_id", "")}))


def no_tool(script: Script) -> None:
    """Let the user want what no tool does; say so and offer what there is."""
    start_scene(script, "no_tool")
    user(script, wording(script, "no_tool", "user", {"person": draw("given", script.rng)}))
    assistant(script, wording(script, "no_tool", "refuse"))
    user(script, wording(script, "no_tool", "yes"))
    assistant(script, wording(script, "no_tool", "answer", {"values": noted(script)}))


def another(script: Script, index: int) -> None:
    """Let the user ask about one more record."""
    reader = script.blueprint.find("get", script.blueprint.entity)
    others = [
        r
        for r in script.world.records[script.blueprint.entity].values()
        if r["name"] != script.record["name"]
    ]
    if reader is None or index >= len(others):
        return
    start_scene(script, f"another {index}")
    record = others[index]
    key = record[reader.key]
    slots = {
        "name": record["name"],
        "id": key,
        "status": record["status"],
        "updated": record["updated_at"],
        "values": "",
    }
    user(script, wording(script, "another", "user", slots))
    _list_all(script)
    call(script, reader, {reader.key: key}, wording(script, "leads", "get"))
    assistant(script, wording(script, "end", "report", slots))


def misread(script: Script) -> None:
    """Let the user quote a wrong ID for another record; look at the list and open the right one."""
    entity = script.blueprint.entity
    reader, listing = script.blueprint.find("get", entity), script.blueprint.find("list", entity)
    if reader is None or listing is None:
        return
    start_scene(script, "misread")
    record = other_record(script, 2)
    right = str(record[reader.key])
    wrong = wrong_id(script, right)
    slots = {
        "wrong": wrong,
        "name": record["name"],
        "id": right,
        "status": record["status"],
        "updated": record["updated_at"],
        "values": "",
    }
    user(script, wording(script, "misread", "user", slots))
    call(script, reader, {reader.key: wrong}, wording(script, "leads", "get"))
    _list_all(script)
    assistant(script, wording(script, "misread", "ask", slots))
    user(script, wording(script, "misread", "answer", slots))
    call(script, reader, {reader.key: right}, wording(script, "leads", "get"))
    assistant(script, wording(script, "end", "report", slots))


def physical(script: Script, step: str) -> None:
    """Guide the user through what only they can do by hand."""
    start_scene(script, "physical")
    told = re.sub(r"\s+", " ", re.sub(r"[<>]", "", step)).strip(" .")[:200]
    user(script, wording(script, "physical", "user"))
    assistant(script, wording(script, "physical", "answer", {"step": told[:1].lower() + told[1:]}))
    user(script, wording(script, "physical", "yes"))
    assistant(script, wording(script, "physical", "after"))
