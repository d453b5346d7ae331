"""Carrying out steps of a workflow in a dialogue: which are possible now, with which values and arguments.

Does not belong here: what is said around them (`scenes.py`).
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from gem_assets.offline.dialogue.dialogue import Script, call, wording
from gem_assets.offline.service.blueprint import Capability
from gem_assets.offline.service.simulator import Result, holds, refusal
from gem_assets.offline.service.values import make_value
from gem_assets.offline.service.world import Record
from gem_assets.offline.text.lexicon import in_group
from gem_assets.offline.workflow.extraction import seeded


def records(script: Script, entity: str = "") -> list[Record]:
    """Return the records of a kind, the main one unless told, in the order of the database."""
    return list(script.world.records.get(entity or script.blueprint.entity, {}).values())


def plan_values(
    script: Script, capability: Capability, record: Record | None = None
) -> dict[str, Any] | None:
    """Choose values for a step that keep every rule on its arguments; None when ten draws find none."""
    for attempt in range(10):
        rng = seeded(script.blueprint.workflow_id, f"values {capability.name} {attempt}")
        values = _in_order(
            {name: make_value(name, schema, rng) for name, schema in capability.fields.items()}
        )
        arguments = arguments_of(script, capability, str((record or {}).get(capability.key, "")), values)
        broken = [
            r
            for r in capability.rules
            if "args." in r and holds(r, json.dumps(arguments), json.dumps(record or {})) is False
        ]
        if not broken:
            return values
    return None


def _in_order(values: dict[str, Any]) -> dict[str, Any]:
    """Let dates of one step follow each other in the order of its fields; a birth is long past."""
    dates = [n for n, v in values.items() if isinstance(v, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", v)]
    later = [n for n in dates if "birth" not in n]
    ordered = dict(zip(later, sorted(values[n] for n in later), strict=True))
    births = {
        n: f"19{70 + len(values[n]) + int(values[n][-1])}{values[n][4:]}" for n in dates if "birth" in n
    }
    return {**values, **ordered, **births}


def arguments_of(
    script: Script, capability: Capability, key: str, values: Mapping[str, Any]
) -> dict[str, Any]:
    """Put values where the schema wants them: nested objects, the key of the record, references."""
    arguments: dict[str, Any] = {}
    for name, schema in capability.schema.get("properties", {}).items():
        inner = schema.get("properties") if schema.get("type") == "object" else None
        if name == capability.key:
            arguments[name] = key
        elif inner:
            nested = {field: values[field] for field in inner if field in values}
            if nested or name in capability.schema.get("required", []):
                arguments[name] = nested
        elif name in values:
            arguments[name] = values[name]
        elif name in capability.references:
            arguments[name] = script.refs.get(name) or records(script, name[:-3])[0][name]
    return arguments


def possible_steps(script: Script) -> list[Capability]:
    """Return the steps that may be taken on the target now, in order, the closing ones left out."""
    world = script.world
    apart = (world.closing, world.before_closing)
    found: list[Capability] = []
    for step in script.blueprint.of_kind("write"):
        if (
            step.key != f"{script.blueprint.entity}_id"
            or in_group("destructive", step.verb)
            or step.name in script.done
        ):
            continue
        if step in apart or step.name not in script.blueprint.own:
            continue
        if is_past(script, step) or any(_waits_for(script, first, step) for first in apart):
            continue
        values = plan_values(script, step, script.record)
        if values is not None and not refusal(world, step, arguments_of(script, step, script.target, values)):
            found.append(step)
    return found


def _waits_for(script: Script, first: Capability | None, step: Capability) -> bool:
    """Say whether a step comes after another that has not been done yet."""
    return (
        first is not None
        and first.name not in script.done
        and (first.name, step.name) in script.blueprint.precedes
    )


def is_past(script: Script, step: Capability) -> bool:
    """Say whether something that comes after a step in the workflow has been done already."""
    return any((step.name, done) in script.blueprint.precedes for done in script.done)


def find_references(script: Script, step: Capability) -> None:
    """Look up the records of other kinds that a step refers to; one per kind serves the whole dialogue."""
    for name in step.references:
        listing = script.blueprint.find("list", name[:-3])
        if name in script.refs or not records(script, name[:-3]):
            continue
        if listing:
            call(script, listing, {}, wording(script, "leads", "list"))
        script.refs[name] = str(records(script, name[:-3])[0][name])


def take(
    script: Script, step: Capability, values: Mapping[str, Any], key: str = "", lead: str = ""
) -> Result:
    """Carry a step out on the target, or on another record."""
    find_references(script, step)
    result = call(script, step, arguments_of(script, step, key or script.target, values), lead)
    if "error" not in result and not key:
        script.done.add(step.name)
    return result


def unfindable(script: Script, step: Capability) -> list[str]:
    """Name the records a step refers to that no tool lists: the user has to name their IDs."""
    found: list[str] = []
    for name in step.references:
        if script.blueprint.find("list", name[:-3]) is None and records(script, name[:-3]):
            script.refs[name] = str(records(script, name[:-3])[0][name])
            found.append(name)
    return found
