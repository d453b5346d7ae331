"""Scenes about other records than the one the dialogue is about: one in use, one to be taken back.

Does not belong here: wishes against a rule (`conflicts.py`).
"""

import json

from gem_assets.offline.dialogue.conflicts import other_record
from gem_assets.offline.dialogue.dialogue import (
    Script,
    assistant,
    call,
    say_values,
    start_scene,
    user,
    wording,
)
from gem_assets.offline.dialogue.steps_taken import arguments_of, plan_values, take
from gem_assets.offline.service.blueprint import Capability
from gem_assets.offline.service.simulator import holds, refusal
from gem_assets.offline.text.lexicon import in_group


def locked(script: Script) -> None:
    """Let the user want a step on a record that somebody else is editing; take another record instead."""
    entity, world = script.blueprint.entity, script.world
    listing, reader = script.blueprint.find("list", entity), script.blueprint.find("get", entity)
    step = _repeatable(script)
    if step is None or listing is None or reader is None:
        return
    start_scene(script, "locked")
    first, second = other_record(script, 0), other_record(script, 1)
    key = str(first[f"{entity}_id"])
    values = plan_values(script, step, second) or {}
    world.locked[key] = (
        f"{script.rng.choice(('another desk', 'the night desk', 'a colleague', 'the back office'))}"
    )
    slots = {"act": step.words(), "name": first["name"], "values": say_values(values), "id": key}
    user(script, wording(script, "locked", "user" if values else "bare", slots))
    call(
        script,
        listing,
        {"query": first["name"]} if "query" in listing.schema.get("properties", {}) else {},
        wording(script, "leads", "list"),
    )
    result = take(script, step, values, key, wording(script, "leads", "write"))
    assistant(
        script, wording(script, "locked", "explain", {**slots, "error": result.get("error", "it is in use")})
    )
    other = str(second[f"{entity}_id"])
    user(script, wording(script, "locked", "answer", {"name": second["name"]}))
    call(
        script,
        listing,
        {"query": second["name"]} if "query" in listing.schema.get("properties", {}) else {},
        wording(script, "leads", "list"),
    )
    result = take(script, step, values, other, wording(script, "leads", "write"))
    fresh = world.records[entity][other]
    done = wording(script, "locked", "done", {"name": fresh["name"], "id": other, "status": fresh["status"]})
    assistant(script, done if "error" not in result else f"That was refused as well: {result['error']}.")


def take_back(script: Script) -> None:
    """Let the user end or take back another record; the assistant asks for a yes first."""
    reader, record = script.blueprint.find("get", script.blueprint.entity), other_record(script, 2)
    key = f"{script.blueprint.entity}_id"
    for step in script.blueprint.of_kind("write"):
        values = plan_values(script, step, record)
        if (
            step.key != key
            or not in_group("destructive", step.verb)
            or step.references
            or values is None
            or reader is None
        ):
            continue
        if refusal(script.world, step, arguments_of(script, step, record[key], values)):
            continue
        start_scene(script, f"take_back {step.name}")
        slots = {"act": step.words(), "name": record["name"], "id": record[key], "values": say_values(values)}
        listing = script.blueprint.find("list", script.blueprint.entity)
        said = wording(script, "take_back", "user", slots)
        user(script, f"{said} {slots['values'][:1].upper()}{slots['values'][1:]}." if values else said)
        if listing:
            call(script, listing, {}, wording(script, "leads", "list"))
        call(script, reader, {key: record[key]}, wording(script, "leads", "get"))
        assistant(script, wording(script, "take_back", "ask", {**slots, "status": record["status"]}))
        user(script, wording(script, "commit", "yes"))
        take(script, step, values, str(record[key]), wording(script, "leads", "write"))
        assistant(script, wording(script, "take_back", "done", {**slots, "status": record["status"]}))
        return


def _repeatable(script: Script) -> Capability | None:
    """Find a step with few fields that can be taken on the second other record."""
    record = other_record(script, 1)
    for step in script.blueprint.of_kind("write"):
        if (
            step.key != f"{script.blueprint.entity}_id"
            or step.references
            or in_group("destructive", step.verb)
            or step is script.world.closing
        ):
            continue
        values = plan_values(script, step, record)
        if values is None or len(values) > 3:
            continue
        arguments = json.dumps(arguments_of(script, step, record[step.key], values))
        if all(holds(rule, arguments, json.dumps(record)) is not False for rule in step.rules):
            return step
    return None
