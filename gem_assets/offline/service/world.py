"""A service's records: how they are made for a workflow, and how they are described.

Does not belong here: answering calls (`simulator.py`).
"""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gem_assets.offline.service.blueprint import Blueprint, Capability, plural_words
from gem_assets.offline.service.values import draw, make_value
from gem_assets.offline.text.lexicon import in_group
from gem_assets.offline.workflow.extraction import record_id, seeded

MAX_FIELDS = 28
RECORDS = 4

Record = dict[str, Any]


@dataclass
class World:
    """The service's state. `log` has what was done to a record, newest last."""

    blueprint: Blueprint
    rng: random.Random
    records: dict[str, dict[str, Record]] = field(default_factory=dict)
    locked: dict[str, str] = field(default_factory=dict)
    log: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    now: datetime = datetime(2026, 3, 2, 9, 0)
    closing: Capability | None = None
    before_closing: Capability | None = None


def open_world(blueprint: Blueprint) -> World:
    """Fill a service with records; the same workflow always gets the same ones."""
    rng = seeded(blueprint.workflow_id, "world")
    world = World(
        blueprint,
        rng,
        now=datetime(2026, 3, 2, 8, 0) + timedelta(days=rng.randint(0, 60), minutes=rng.randint(0, 480)),
    )
    entities = dict.fromkeys([blueprint.entity, *(c.entity for c in blueprint.of_kind("list", "get"))])
    for capability in blueprint.capabilities:
        entities |= dict.fromkeys(name[:-3] for name in capability.references)
    for entity in entities:
        names = rng.sample(sorted(_names(entity)), RECORDS)
        for index in range(RECORDS):
            new_record(world, entity, names[index], filled=index > 0)
    world.closing = blueprint.closing()
    world.before_closing = _step_before(blueprint, world.closing)
    return world


def _step_before(blueprint: Blueprint, closing: Capability | None) -> Capability | None:
    """Find the last step with fields that the workflow takes before the closing one."""
    if closing is None:
        return None
    steps = blueprint.of_kind("write")
    earlier = steps[: steps.index(closing)]
    fitting = [
        c
        for c in earlier
        if c.key == closing.key
        and c.fields
        and c.applies is None
        and not in_group("destructive", c.verb)
        and not c.references
    ]
    return fitting[-1] if fitting else None


def _names(entity: str) -> set[str]:
    person = any(in_group("personal", word) for word in entity.split("_"))
    pool = "surnames" if person else "places"
    rng = random.Random(entity)
    return {draw(pool, rng) for _ in range(40)}


def field_schemas(blueprint: Blueprint, entity: str) -> dict[str, Any]:
    """Return the fields that records of a kind have besides key, name and status: name -> schema."""
    found: dict[str, Any] = {}
    for capability in blueprint.of_kind("write", "create"):
        if entity in (capability.entity, capability.key[:-3]):
            found |= {
                name: schema for name, schema in capability.fields.items() if name not in ("name", "status")
            }
            if not capability.fields and capability.kind == "write":
                found[capability.stamp] = {"type": "string", "description": "timestamp"}
    return dict(list(found.items())[:MAX_FIELDS])


def new_record(world: World, entity: str, name: str, filled: bool) -> Record:
    """Make a record, its fields filled or still empty, and put it into the service."""
    key = record_id(entity, world.rng)
    while key in world.records.get(entity, {}):
        key = record_id(entity, world.rng)
    main = entity == world.blueprint.entity
    statuses = world.blueprint.statuses if main else ("active",)
    record: Record = {
        f"{entity}_id": key,
        "name": name,
        "status": statuses[0] if not filled else world.rng.choice(statuses),
    }
    for field_name, schema in field_schemas(world.blueprint, entity).items() if main else ():
        stamp = schema.get("description") == "timestamp"
        record[field_name] = (
            None if stamp or not filled else make_value(field_name, schema, seeded(key, field_name))
        )
    for flag in world.blueprint.flags if main else ():
        record[flag] = seeded(key, flag).random() < 0.5
    for field_name, limit, least in world.blueprint.state_fields if main else ():
        apart = seeded(key, field_name).randint(1, 3)
        record[field_name] = (
            int(limit) + apart if least else max(0, int(limit) - apart) if limit > 1 else int(limit)
        )
    record["updated_at"] = (
        world.now - timedelta(days=world.rng.randint(1, 9), minutes=world.rng.randint(0, 600))
    ).isoformat()
    world.records.setdefault(entity, {})[key] = record
    world.log[key] = [(record["updated_at"], "created")]
    return record


def describe_schema(world: World) -> list[str]:
    """Describe the database, a line per kind of record: fields with types, key first."""
    lines: list[str] = []
    for entity in world.records:
        fields = [f"{entity}_id (string, primary key)", "name (string)", "status (string)"]
        if entity == world.blueprint.entity:
            fields += [
                f"{n} ({s.get('type', 'string')})" for n, s in field_schemas(world.blueprint, entity).items()
            ]
            fields += [f"{flag} (boolean)" for flag in world.blueprint.flags]
            fields += [f"{name} (integer)" for name, *_ in world.blueprint.state_fields]
            fields[2] = f"status (one of {', '.join(world.blueprint.statuses)})"
        lines.append(f"{plural_words(entity)}: {', '.join(fields)}, updated_at (timestamp)")
    return lines
