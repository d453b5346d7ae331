"""An executable service: it checks every call against schema, records, locks and rules, and answers it.

Errors come out of its state, not out of a script. Does not belong here: the records (`world.py`), who calls
what (`scenes.py`).
"""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

import cel  # pyright: ignore[reportMissingTypeStubs]
from jsonschema import Draft202012Validator

from gem_assets.offline.service.blueprint import Capability
from gem_assets.offline.service.values import draw, make_value
from gem_assets.offline.service.world import Record, World, new_record
from gem_assets.offline.text.lexicon import in_group, inflect
from gem_assets.offline.text.nouns import plural_name, words_of
from gem_assets.offline.workflow.extraction import seeded

Result = dict[str, Any]


def run(world: World, name: str, arguments: Mapping[str, Any]) -> Result:
    """Answer a call: a result, or {"error": …} that says what is wrong."""
    world.now += timedelta(minutes=1)
    capability = next((c for c in world.blueprint.capabilities if c.name == name), None)
    if capability is None:
        return {"error": f"unknown tool {name}"}
    problem = schema_problem(
        json.dumps(capability.schema, sort_keys=True), json.dumps(dict(arguments), sort_keys=True)
    )
    problem = problem or _missing_record(world, capability, arguments)
    if problem:
        return {"error": problem}
    if capability.kind in ("list", "get", "read", "auth"):
        return _READERS[capability.kind](world, capability, arguments)
    refused = refusal(world, capability, arguments)
    return {"error": refused} if refused else _write(world, capability, arguments)


@lru_cache(maxsize=4096)
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema))


@lru_cache(maxsize=8192)
def schema_problem(schema: str, arguments: str) -> str:
    """Say what in the arguments breaks the schema (both as JSON text); "" when nothing does."""
    error = next(_validator(schema).iter_errors(json.loads(arguments)), None)
    return (
        f"invalid argument {'.'.join(map(str, error.absolute_path)) or '(all)'}: {error.validator} violated"
        if error
        else ""
    )


def _missing_record(world: World, capability: Capability, arguments: Mapping[str, Any]) -> str:
    for name, value in arguments.items():
        kinds = (name[:-3],) if name.endswith("_id") else (name[:-4],) if name.endswith("_ids") else ()
        for kind in kinds:
            for one in value if isinstance(value, list) else [value]:
                if kind in world.records and one not in world.records[kind]:
                    return f"no {words_of(kind)} with the ID {one}"
    return ""


def refusal(world: World, capability: Capability, arguments: Mapping[str, Any]) -> str:
    """Say why a write is refused in the present state; "" when it is not."""
    record = record_of(world, capability, arguments)
    if record is None:
        return ""
    key = str(arguments[capability.key])
    if key in world.locked:
        return f"{key} is locked: {world.locked[key]} is editing it"
    if capability.applies and record.get(capability.applies[0]) not in (None, capability.applies[1]):
        flag, needed = capability.applies
        return f"not applicable: {flag.replace('_', ' ')} is {'false' if needed else 'true'} for {key}"
    for rule in capability.rules:
        if holds(rule, json.dumps(dict(arguments)), json.dumps(record)) is False:
            return _broken(capability, rule, record)
    if capability == world.closing and world.before_closing and not _done(world.before_closing, record):
        return f"{key} is incomplete: {next(iter(world.before_closing.fields)).replace('_', ' ')} is missing"
    return ""


def _broken(capability: Capability, rule: str, record: Record) -> str:
    what = f"the {words_of(capability.entity)}"
    if "state.status" in rule:
        return f"not possible: {what} is {record['status']}"
    missing = re.search(r"state\.(\w+) != null", rule)
    if missing:
        return f"not possible: {missing[1].replace('_', ' ')} is still empty in {what}"
    return f"not possible for {what}: the limit is exceeded"


@lru_cache(maxsize=8192)
def holds(rule: str, arguments: str, state: str) -> bool | None:
    """Evaluate a predicate over a call (both as JSON text); None when it cannot be said."""
    try:
        result = cel.compile(rule).execute({"args": json.loads(arguments), "state": json.loads(state)})
    except (ValueError, KeyError, TypeError, RuntimeError, OverflowError):
        return None
    return result if isinstance(result, bool) else None


def _done(capability: Capability, record: Record) -> bool:
    return all(record.get(name) is not None for name in capability.fields if name in record)


def record_of(world: World, capability: Capability, arguments: Mapping[str, Any]) -> Record | None:
    """Return the record a call acts on; None when it acts on none."""
    return world.records.get(capability.key[:-3], {}).get(str(arguments.get(capability.key)))


def _list(world: World, capability: Capability, arguments: Mapping[str, Any]) -> Result:
    entity = capability.entity
    query, status = str(arguments.get("query", "")).lower(), arguments.get("status")
    rows = [
        {key: record[key] for key in (f"{entity}_id", "name", "status")}
        for record in world.records.get(entity, {}).values()
        if query in record["name"].lower() and status in (None, record["status"])
    ]
    return {plural_name(entity): rows, "total": len(rows)}


def _get(world: World, capability: Capability, arguments: Mapping[str, Any]) -> Result:
    return dict(record_of(world, capability, arguments) or {})


def _read(world: World, capability: Capability, arguments: Mapping[str, Any]) -> Result:
    key = str(arguments.get(capability.key, ""))
    if not capability.key and capability.verb != "compare":
        value = make_value(
            capability.noun, {"type": "string"}, seeded(json.dumps(dict(arguments)), capability.name)
        )
        return {**arguments, capability.noun or "result": value}
    if capability.noun == f"{world.blueprint.entity}_history":
        return {
            capability.key: key,
            "events": [{"at": at, "event": event} for at, event in world.log.get(key, [])],
        }
    if capability.verb == "compare":
        wanted = arguments.get(f"{world.blueprint.entity}_ids", [])
        return {
            plural_name(world.blueprint.entity): [
                dict(world.records[world.blueprint.entity][one]) for one in wanted
            ]
        }
    value = make_value(capability.noun, {"type": "string"}, seeded(key, capability.name))
    return {
        capability.key: key,
        capability.noun or "result": value,
        "status": (record_of(world, capability, arguments) or {}).get("status"),
    }


def _authenticate(world: World, capability: Capability, arguments: Mapping[str, Any]) -> Result:
    return {
        "verified": True,
        "user_id": f"USR-{seeded(world.blueprint.workflow_id, 'user').randint(1000, 9999)}",
        "at": world.now.isoformat(),
    }


_READERS = {"list": _list, "get": _get, "read": _read, "auth": _authenticate}


def _write(world: World, capability: Capability, arguments: Mapping[str, Any]) -> Result:
    entity = world.blueprint.entity if capability.kind == "create" else capability.key[:-3]
    if capability.kind == "create":
        name = str(flatten(arguments).get("name") or draw("places", world.rng))
        record = new_record(world, entity, name, filled=False)
    else:
        found = record_of(world, capability, arguments)
        if found is None and capability.verb == "export":
            number = seeded(json.dumps(dict(arguments)), capability.name).randint(1000, 9999)
            return {"export_id": f"EXP-{number}", **arguments, "created_at": world.now.isoformat()}
        if found is None:
            return {
                "done": True,
                **{k: v for k, v in arguments.items() if not isinstance(v, dict)},
                "at": world.now.isoformat(),
            }
        record = found
    for name, value in flatten(arguments).items():
        if not name.endswith(("_id", "_ids")) and name != "status":
            record[name] = value
    if capability.stamp in record:
        record[capability.stamp] = world.now.isoformat()
    record["status"] = next_status(world, capability, record)
    if not in_group("copies", capability.verb):
        record["updated_at"] = world.now.isoformat()
    event = (world.now.isoformat(), capability.words("VBN"))
    world.log.setdefault(record[f"{entity}_id"], []).append(event)
    return dict(record)


def next_status(world: World, capability: Capability, record: Record) -> str:
    """Say what status a write leads to: one named like it (cancel -> Cancelled), or on from the first."""
    statuses = world.blueprint.statuses
    done = inflect(capability.verb, "VBN")[:6].lower()
    for status in statuses:
        if status.lower().startswith(done) or status.lower()[:6] == capability.verb[:6]:
            return status
    if capability == world.closing and record["status"] == statuses[0] and len(statuses) > 1:
        return statuses[1] if statuses != ("draft", "active", "completed") else "completed"
    return str(record["status"])


def flatten(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Write nested arguments as one level: name -> value."""
    found: dict[str, Any] = {}
    for name, value in arguments.items():
        found |= flatten(value) if isinstance(value, dict) else {name: value}
    return found
