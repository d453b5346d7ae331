"""Actions -> tools: paired reads and writes over the records of a workflow, with typed, described parameters.

Does not belong here: finding the actions (`actions.py`), rules over their arguments (`constraints.py`).
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from gem_assets.offline.text.lexicon import in_group, inflect, verb_class, word_set
from gem_assets.offline.text.nouns import is_thing, plural_name, short_name, words_of
from gem_assets.offline.text.parameters import Bounds, Parameter, to_schema
from gem_assets.offline.workflow.actions import Action, merge, tool_verb
from gem_assets.offline.workflow.entities import Entity
from gem_assets.offline.workflow.naming import name_problem, own_field

MAX_TOOLS = 12
MAX_WRITES = 8
NESTED_FROM = 4
"""As many fields, and they stand in one object."""

_ID_TAIL = re.compile(r"_(?:number|id|code|reference)$")
_BARE_IDS = frozenset(["number", "id", "reference", "it", "one"])
_NO_GOALS = frozenset(("make", "use", "update", "save", "create", ""))
DEFAULT_STATUSES = ("draft", "active", "completed")
"""For records whose statuses the text leaves open."""
_PREPOSITION = {
    **dict.fromkeys(("add", "attach", "upload", "append", "assign", "link"), "to"),
    **dict.fromkeys(("remove", "delete"), "from"),
    **dict.fromkeys(("set", "download", "print", "export"), "of"),
    "send": "about",
}


@dataclass(frozen=True)
class Spec:
    """A tool in the making. `path` leads from the arguments to the parameters (`details`, or nothing)."""

    name: str
    kind: str
    description: str
    schema: dict[str, Any]
    action: Action | None = None
    path: str = ""

    def to_answer(self) -> dict[str, Any]:
        """Write the tool in the answer format."""
        return {"name": self.name, "description": self.description, "inputSchema": self.schema}


def article(words: str) -> str:
    """Put `a` or `an` before words."""
    return f"{'an' if words[:1].lower() in 'aeio' else 'a'} {words}"


def build_tools(
    actions: list[Action], entity: Entity, goal: tuple[str, str], views: tuple[str, ...]
) -> list[Spec]:
    """Build 4 to 12 tools: list and get for the records, then a tool per action in the order of the text."""
    named = (_well_named(action) for action in _without_own_id(actions, entity.name))
    actions = _unique([action for action in named if action])
    related = _related(actions, entity.name)
    specs = [_list_tool(_with_ends(entity, actions)), _get_tool(entity)]
    if related:
        specs.append(_list_tool(Entity(related)))
    actions = [
        a
        for a in actions
        if not (a.verb == "set" and all(_ID_TAIL.sub("", p.name) == related for p in a.parameters))
    ]
    writes = [
        _action_tool(a, entity.name, related)
        for a in actions
        if not in_group("reads", a.verb) or a.parameters
    ]
    reads = [
        _read_tool(a, entity.name)
        for a in actions
        if in_group("reads", a.verb) and a.noun not in (entity.name, related)
    ]
    taken = {spec.name for spec in specs}
    for spec in [*_evenly(writes), *reads[:1], *_fill_ins(entity, goal, views, len(writes))]:
        if spec.name not in taken and len(specs) < MAX_TOOLS:
            taken.add(spec.name)
            specs.append(spec)
    return specs


def _with_ends(entity: Entity, actions: list[Action]) -> Entity:
    """Add the status a record ends in when it is cancelled or withdrawn, where the text names none."""
    statuses = list(entity.statuses or DEFAULT_STATUSES)
    for action in actions:
        if action.noun == entity.name and action.verb in ("cancel", "withdraw", "void", "revert"):
            ended = inflect(action.verb, "VBN")
            if not any(status.lower().startswith(ended[:6]) for status in statuses):
                statuses.append(ended.capitalize() if statuses[0][:1].isupper() else ended)
    return Entity(entity.name, tuple(statuses))


def _evenly(writes: list[Spec]) -> list[Spec]:
    """Keep at most MAX_WRITES, those with parameters and the last one first, in the order of the text."""
    if len(writes) <= MAX_WRITES:
        return writes
    ranked = sorted(range(len(writes)), key=lambda i: (_rank(writes[i]), i != len(writes) - 1, i))
    return [writes[i] for i in sorted(ranked[:MAX_WRITES])]


def _rank(spec: Spec) -> int:
    action = spec.action
    if action is None or (not action.parameters and action.verb not in word_set("tool_words.toml", "kept")):
        return 2
    return 0 if action.verb in word_set("tool_words.toml", "kept") or spec.kind == "create" else 1


def _well_named(action: Action) -> Action | None:
    """Shorten a name that is too long; None for an action whose name no developer would accept."""
    if action.verb == "set" and action.noun.endswith("_switch"):
        action = replace(action, noun=action.noun.removesuffix("_switch"))
    if not name_problem(action.name):
        return action
    tail = 3 if action.noun.endswith("_details") else 2
    short = replace(action, noun="_".join(action.noun.split("_")[-tail:]))
    return None if name_problem(short.name) else short


def _without_own_id(actions: list[Action], entity: str) -> list[Action]:
    """Drop parameters that only name the record itself, and `set_…` that nothing is left of."""
    kept: list[Action] = []
    for action in actions:
        own = {f"{entity}{tail}" for tail in ("_number", "_id", "_code", "_reference")} | {entity, *_BARE_IDS}
        parameters = tuple(p for p in action.parameters if p.name not in own)
        if action.verb == "set" and not parameters:
            continue
        if action.verb == "set" and len(parameters) == 1:
            action = replace(action, noun=own_field(parameters[0].name, entity))
        kept.append(replace(action, parameters=parameters))
    return [a for a in kept if a.verb != "authenticate" or a.parameters]


def _unique(actions: list[Action]) -> list[Action]:
    """Merge actions of one name; a second form of the same name is called after its first field."""
    by_name: dict[str, Action] = {}
    for action in actions:
        known = by_name.get(action.name)
        if (
            known
            and action.verb == "set"
            and not {p.name for p in known.parameters} & {p.name for p in action.parameters}
        ):
            first = action.parameters[0].name
            action = replace(
                action, noun=first if len(action.parameters) == 1 else f"{short_name(first)}_details"
            )
            known = by_name.get(action.name)
        if known:
            action = replace(known, parameters=merge(known.parameters, action.parameters))
        by_name[action.name] = action
    return list(by_name.values())


def _related(actions: list[Action], entity: str) -> str:
    """Find a second kind of record that the actions look up or refer to by number."""
    looked_up = [a.noun for a in actions if a.verb == "find" and a.noun != entity and is_thing(a.noun)]
    referred = [_ID_TAIL.sub("", p.name) for a in actions for p in a.parameters if _ID_TAIL.search(p.name)]
    return next((name for name in looked_up if name in referred and is_thing(name)), "")


def id_of(entity: str) -> str:
    """Name the key of a kind of record."""
    return f"{entity}_id"


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def id_schema(entity: str) -> dict[str, Any]:
    """Describe the key of a record."""
    return {"type": "string", "minLength": 3, "description": f"ID of the {words_of(entity)}."}


def _list_tool(entity: Entity) -> Spec:
    plural = plural_name(entity.name)
    status: dict[str, Any] = {"type": "string", "description": f"Only {words_of(plural)} with this status."}
    status["enum"] = list(entity.statuses or DEFAULT_STATUSES)
    query = {
        "type": "string",
        "minLength": 1,
        "description": f"Words to look for in the name of the {words_of(entity.name)}.",
    }
    description = f"List the {words_of(plural)} with ID, name and status, all or only those that match."
    return Spec(f"list_{plural}", "list", description, _object({"query": query, "status": status}, []))


def _get_tool(entity: Entity) -> Spec:
    words = words_of(entity.name)
    description = f"Return one {words} with its status and all of its fields."
    return Spec(
        f"get_{entity.name}",
        "get",
        description,
        _object({id_of(entity.name): id_schema(entity.name)}, [id_of(entity.name)]),
    )


def _read_tool(action: Action, entity: str) -> Spec:
    key = id_of(entity)
    verb = "get" if action.verb in ("find", "list") else action.verb
    belong = "belong" if action.noun.endswith("s") else "belongs"
    owner = article(words_of(entity))
    description = f"{verb.capitalize()} the {words_of(action.noun)} that {belong} to {owner}."
    return Spec(
        f"{verb}_{action.noun}", "read", description, _object({key: id_schema(entity)}, [key]), action
    )


def _action_tool(action: Action, entity: str, related: str) -> Spec:
    creates = action.noun == entity and verb_class(action.verb) == "create"
    properties: dict[str, Any] = (
        {} if creates or action.verb == "authenticate" else {id_of(entity): id_schema(entity)}
    )
    required = list(properties)
    refers = [p for p in action.parameters if related and _ID_TAIL.sub("", p.name) == related]
    fields = tuple(p for p in action.parameters if p not in refers)
    if refers or (creates and related):
        properties[id_of(related)] = id_schema(related)
        required.append(id_of(related))
    schemas = {_free(p.name, properties): to_schema(p) for p in fields}
    path = "details" if len(schemas) >= NESTED_FROM else ""
    if path:
        what = words_of(action.noun.removesuffix("_details"))
        properties["details"] = {
            **_object(schemas, list(schemas)[:5]),
            "description": f"What the {what} consists of.",
        }
        required.append("details")
    else:
        properties |= schemas
        required += list(schemas)
    return Spec(
        action.name,
        "create" if creates else "write",
        f"{_describe(action, entity, creates)} {action.condition}".strip(),
        _object(properties, required),
        action,
        path,
    )


def _free(name: str, taken: dict[str, Any]) -> str:
    return f"{name}_value" if name in taken else name


def _describe(action: Action, entity: str, creates: bool) -> str:
    verb, noun, words = action.verb.replace("_", " ").capitalize(), words_of(action.noun), words_of(entity)
    if creates:
        return f"{verb} a new {words} and return it with its {id_of(entity)} and status."
    if action.verb == "authenticate":
        return "Check who the user is before anything is read or changed."
    if action.noun == entity:
        return f"{verb} {article(words)} and return its new status."
    if action.noun.endswith("_details"):
        return f"{verb} the {', '.join(words_of(p.name) for p in action.parameters)} of {article(words)}."
    link = _PREPOSITION.get(action.verb, "for")
    return f"{verb} the {noun} {link} {article(words)}."


def _fill_ins(entity: Entity, goal: tuple[str, str], views: tuple[str, ...], writes: int) -> list[Spec]:
    """Give thin texts what a service would have anyway: its views, the goal itself, a note, saving."""
    if writes >= 3:
        return []
    name, words = entity.name, words_of(entity.name)
    found: list[Spec] = []
    if len(views) >= 2:
        view = to_schema(Parameter("view", "view to open", views))
        found.append(
            _plain_tool(
                "set_view", f"Choose the view in which {article(words)} is shown.", name, {"view": view}
            )
        )
    verb = tool_verb(goal[0])
    odd = in_group("skipped", verb) or (name == "setting" and not in_group("of_settings", verb))
    acting = verb_class(goal[0]) in ("create", "change", "set", "send", "run", "remove")
    if acting and verb not in _NO_GOALS and not odd:
        said = f"{verb.replace('_', ' ').capitalize()} {article(words)} and return its new status."
        found.append(_plain_tool(f"{verb}_{name}", said, name, {}))
    note = to_schema(Parameter("note", "note to keep with the record", bounds=Bounds(1, 500, "characters")))
    found.append(
        _plain_tool(f"update_{name}", f"Change the note kept with {article(words)}.", name, {"note": note})
    )
    found.append(_plain_tool(f"save_{name}", f"Save the changes to {article(words)}.", name, {}))
    return found[: max(2, 4 - writes)]


def _plain_tool(name: str, description: str, entity: str, properties: dict[str, Any]) -> Spec:
    both = {id_of(entity): id_schema(entity), **properties}
    return Spec(
        name, "write", description, _object(both, list(both)), Action(name.split("_")[0], entity, (), "")
    )
