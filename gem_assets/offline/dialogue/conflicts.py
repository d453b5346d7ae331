"""Scenes in which a wish meets a rule: limits, options, statuses, deletion, IDs.

Does not belong here: scenes without a conflict (`scenes.py`).
"""

import json
from typing import Any

from gem_assets.offline.dialogue.branching import branch
from gem_assets.offline.dialogue.dialogue import (
    Script,
    assistant,
    call,
    listed,
    say_value,
    say_values,
    start_scene,
    user,
    wording,
)
from gem_assets.offline.dialogue.steps_taken import arguments_of, is_past, plan_values, records, take
from gem_assets.offline.service.blueprint import Capability
from gem_assets.offline.service.simulator import holds
from gem_assets.offline.service.world import Record
from gem_assets.offline.text.lexicon import in_group
from gem_assets.offline.text.nouns import words_of

OUTSIDE = ("Express", "Premium", "Custom", "Deluxe", "Automatic")


def conflict(script: Script) -> None:
    """Let a wish break a rule the workflow has: branch, status, limit or choice; else any service's."""
    kinds = [
        scene
        for scene in (branch, conflict_status, conflict_limit, conflict_option)
        if scene(script, probe=True)
    ]
    if not kinds:
        start_scene(script, "conflict fallback")
        (conflict_rename if deletes(script) or script.rng.random() < 0.5 else conflict_delete)(script)
        return
    start_scene(script, "conflict")
    chosen = kinds[0] if script.rng.random() < 0.6 else script.rng.choice(kinds)
    chosen(script, probe=False)


def other_record(script: Script, index: int = 0) -> Record:
    """Return a record other than the target."""
    return [r for r in records(script) if r[f"{script.blueprint.entity}_id"] != script.target][index]


def conflict_limit(script: Script, probe: bool) -> bool:
    """Let the user want more than a limit allows; offer the limit and enter it."""
    found = _limited(script)
    if found is None or probe:
        return found is not None
    step, name, limit = found
    start_scene(script, f"conflict_limit {name}")
    schema = step.fields[name]
    top = schema.get("maximum") is not None
    bad = limit + max(1, int(abs(limit) * 0.25)) if top else limit - max(1, int(abs(limit) * 0.25))
    values = {key: script.record[key] for key in step.fields}
    values = (
        values
        if all(value is not None for value in values.values())
        else (plan_values(script, step, script.record) or {})
    )
    values[name] = limit
    rule = next(
        (
            text
            for predicate, text in script.blueprint.sourced.items()
            if name in predicate and predicate in step.rules
        ),
        "",
    )
    rule = rule or limit_sentence(name, schema)
    slots = {"field": words_of(name), "bad": bad, "good": limit, "rule": rule}
    others = {key: value for key, value in values.items() if key != name and script.record.get(key) != value}
    said = wording(script, "conflict_limit", "user", slots)
    user(script, f"{said} The rest: {say_values(others)}." if others else said)
    assistant(script, wording(script, "conflict_limit", "refuse", slots))
    user(script, wording(script, "conflict_limit", "yes", slots))
    result = take(script, step, values, lead=wording(script, "leads", "write"))
    done = wording(script, "work", "done", {"values": f"{words_of(name)} {limit}"})
    assistant(script, done if "error" not in result else f"It was refused: {result['error']}.")
    return True


def limit_sentence(name: str, schema: dict[str, Any]) -> str:
    """Say a limit of a schema as a rule."""
    low, high = schema.get("minimum"), schema.get("maximum")
    if low not in (None, 0, 1) and high is not None:
        return f"The {words_of(name)} must be between {low} and {high}."
    return (
        f"The {words_of(name)} must be at most {high}."
        if high is not None
        else f"The {words_of(name)} must be at least {low}."
    )


def _limited(script: Script) -> tuple[Capability, str, int | float] | None:
    """Find a step on the target with a limited number that keeps all rules at its limit."""
    closing, before = script.world.closing, script.world.before_closing
    for step in script.blueprint.of_kind("write"):
        if (
            step.key != f"{script.blueprint.entity}_id"
            or step in (closing, before)
            or in_group("destructive", step.verb)
            or step.references
            or is_past(script, step)
        ):
            continue
        for name, schema in step.fields.items():
            limit = schema.get("maximum", schema.get("minimum") if schema.get("minimum", 0) > 1 else None)
            values = plan_values(script, step, script.record)
            if (
                limit is None
                or schema.get("type") not in ("integer", "number")
                or values is None
                or "enum" in schema
            ):
                continue
            arguments = json.dumps(arguments_of(script, step, script.target, {**values, name: limit}))
            if all(holds(rule, arguments, json.dumps(script.record)) is not False for rule in step.rules):
                return step, name, limit
    return None


def _closed_choice(script: Script) -> tuple[Capability, str, list[str]] | None:
    """Find a step on the target whose only field has a list of choices."""
    apart = (script.world.closing, script.world.before_closing)
    for step in script.blueprint.of_kind("write"):
        bound = step.references or any("state." in rule for rule in step.rules) or step in apart
        bound = bound or is_past(script, step)
        if bound or step.key != f"{script.blueprint.entity}_id" or in_group("destructive", step.verb):
            continue
        name, schema = next(iter(step.fields.items()), ("", {}))
        if len(step.fields) == 1 and "enum" in schema:
            return step, name, schema["enum"]
    return None


def conflict_option(script: Script, probe: bool) -> bool:
    """Let the user want what is not on the list of choices; name the choices and take one."""
    found = _closed_choice(script)
    if found is None or probe:
        return found is not None
    step, name, options = found
    start_scene(script, f"conflict_option {name}")
    bad = next(word for word in OUTSIDE if word not in options)
    choices = [option for option in options if option != script.record.get(name)] or options
    good = script.rng.choice(choices)
    slots = {
        "field": words_of(name),
        "bad": bad,
        "options": listed([say_value(o) for o in options], "or"),
        "good": good,
    }
    user(script, wording(script, "conflict_option", "user", slots))
    assistant(script, wording(script, "conflict_option", "refuse", slots))
    user(script, wording(script, "conflict_option", "yes", slots))
    take(script, step, {name: good}, lead=wording(script, "leads", "write"))
    assistant(script, wording(script, "work", "done", {"values": f"{words_of(name)} {good}"}))
    return True


def conflict_status(script: Script, probe: bool) -> bool:
    """Let the user want a step on a record whose status forbids it; read, decline with the rule, leave it."""
    found = _forbidden(script)
    reader = script.blueprint.find("get", script.blueprint.entity)
    if found is None or reader is None or probe:
        return found is not None and reader is not None
    step, record, rule = found
    start_scene(script, f"conflict_status {step.name}")
    key = record[f"{script.blueprint.entity}_id"]
    slots = {"act": step.words(), "name": record["name"], "id": key, "status": record["status"], "rule": rule}
    user(script, wording(script, "conflict_status", "user", slots))
    listing = script.blueprint.find("list", script.blueprint.entity)
    if listing:
        query = {"query": record["name"]} if "query" in listing.schema.get("properties", {}) else {}
        call(script, listing, query, wording(script, "leads", "list"))
    call(script, reader, {reader.key: key}, wording(script, "leads", "get"))
    assistant(script, wording(script, "conflict_status", "refuse", slots))
    user(script, wording(script, "conflict_status", "yes", slots))
    assistant(script, wording(script, "conflict_status", "after", slots))
    return True


def _forbidden(script: Script) -> tuple[Capability, Record, str] | None:
    """Find a step and another record whose status breaks the step's rule."""
    if script.blueprint.find("list", script.blueprint.entity) is None:
        return None
    for step in script.blueprint.of_kind("write"):
        for predicate in step.rules:
            if "state.status" not in predicate or step.key != f"{script.blueprint.entity}_id":
                continue
            for record in records(script):
                if record[step.key] != script.target and holds(predicate, "{}", json.dumps(record)) is False:
                    return step, record, script.blueprint.sourced.get(predicate, "")
    return None


def deletes(script: Script) -> bool:
    """Say whether the workflow has a tool that takes a record away: then no rule forbids it."""
    return any(
        c.verb in ("delete", "remove", "erase") and c.noun in ("", script.blueprint.entity)
        for c in script.blueprint.capabilities
    )


def conflict_rename(script: Script) -> None:
    """Let the user want another ID for the record; IDs are the service's own."""
    start_scene(script, "conflict_rename")
    slots = {"bad": f"{script.target.partition('-')[0]}-{script.rng.randint(1, 9)}"}
    user(script, wording(script, "conflict_rename", "user", slots))
    assistant(script, wording(script, "conflict_rename", "refuse", slots))
    user(script, wording(script, "conflict_rename", "yes", slots))
    assistant(script, wording(script, "conflict_rename", "after", slots))


def conflict_delete(script: Script) -> None:
    """Let the user want a record deleted; records are never deleted."""
    start_scene(script, "conflict_delete")
    slots = {"name": other_record(script)["name"]}
    user(script, wording(script, "conflict_delete", "user", slots))
    assistant(script, wording(script, "conflict_delete", "refuse", slots))
    user(script, wording(script, "conflict_delete", "yes", slots))
    assistant(script, wording(script, "conflict_delete", "after", slots))
