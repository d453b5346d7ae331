"""Tools that refinement adds to a workflow: reads and writes any service over records has.

Does not belong here: the scenes that use them (`added_scenes.py`).
"""

import random
from typing import Any

from gem_assets.offline.text.nouns import plural_name, words_of
from gem_assets.offline.workflow.naming import name_problem
from gem_assets.offline.workflow.tools import article

ROLES = ("owner", "reviewer", "deputy")
CHANNELS = ("e-mail", "text message")
AUDIENCES = ("team", "managers", "everyone")
FORMATS = ("PDF", "CSV", "HTML")

Properties = dict[str, Any]


def added_tools(entity: str, taken: set[str], rng: random.Random) -> list[dict[str, Any]]:
    """Choose the tools to add: history and note always, and three others; none of a taken name."""
    others = [
        _detail_tool(f"set_{entity}_reminder", "Set a reminder about", entity, {"reminder": _reminder()}),
        _detail_tool(f"assign_{entity}", "Make a person responsible for", entity, {"assignee": _assignee()}),
        *_several_tools(entity),
    ]
    rng.shuffle(others)
    tools = [
        _detail_tool(
            f"get_{entity}_history", "Return everything that was done, oldest first, to", entity, {}
        ),
        _detail_tool(f"add_{entity}_note", "Attach a signed note to", entity, {"note": _note()}),
        *others[:3],
    ]
    return [tool for tool in tools if tool["name"] not in taken and not name_problem(tool["name"])]


def _text(description: str, most: int) -> Properties:
    return {"type": "string", "minLength": 1, "maxLength": most, "description": description}


def _choice(description: str, options: tuple[str, ...]) -> Properties:
    return {"type": "string", "enum": list(options), "description": description}


def _object(properties: Properties) -> Properties:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _detail_tool(name: str, does: str, entity: str, details: Properties) -> dict[str, Any]:
    words = words_of(entity)
    key = {"type": "string", "minLength": 3, "description": f"ID of the {words}."}
    parameters = _object({f"{entity}_id": key, **details})
    return {"name": name, "description": f"{does} {article(words)}.", "parameters": parameters}


def _several_tools(entity: str) -> list[dict[str, Any]]:
    several = plural_name(entity)
    words = words_of(several)
    keys = {
        f"{entity}_ids": {
            "type": "array",
            "items": {"type": "string", "minLength": 3},
            "minItems": 2,
            "maxItems": 5,
            "uniqueItems": True,
            "description": f"IDs of the {words}.",
        }
    }
    written = keys | {"format": _choice("File format.", FORMATS)}
    return [
        {
            "name": f"compare_{several}",
            "description": f"Return {words} side by side.",
            "parameters": _object(keys),
        },
        {
            "name": f"export_{several}",
            "description": f"Write {words} to one file.",
            "parameters": _object(written),
        },
    ]


def _note() -> Properties:
    note = {
        "note_author": _text("Who signs the note.", 80),
        "note_text": _text("What it says.", 500),
        "note_visibility": _choice("Who may read it.", AUDIENCES),
    }
    return {**_object(note), "description": "The note."}


def _reminder() -> Properties:
    day = {
        "type": "string",
        "pattern": r"^\d{4}-\d{2}-\d{2}$",
        "description": "Day of the reminder, as YYYY-MM-DD.",
    }
    reminder = {
        "reminder_date": day,
        "reminder_channel": _choice("How it is sent.", CHANNELS),
        "reminder_message": _text("What it says.", 200),
    }
    return {**_object(reminder), "description": "The reminder."}


def _assignee() -> Properties:
    assignee = {
        "assignee_name": _text("Full name of the person.", 80),
        "assignee_role": _choice("Role in the work on it.", ROLES),
    }
    return {**_object(assignee), "description": "The person."}
