"""A workflow record -> what its tools do: which read, which write, on what records, under which rules.

Works from names, schemas and the execution graph alone, so any workflow can be simulated, whoever made it.
Does not belong here: the records themselves (`simulator.py`).
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gem_assets.offline.text.lexicon import in_group, inflect, plural, singular, verb_class
from gem_assets.offline.text.nouns import plural_name, words_of
from gem_assets.offline.workflow.branches import read_condition

Kind = Literal["list", "get", "read", "create", "write", "auth"]


@dataclass(frozen=True)
class Capability:
    """One tool, understood. `key` names the argument that picks the record, "" when there is none."""

    name: str
    kind: Kind
    entity: str
    key: str
    description: str
    schema: Mapping[str, Any]
    verb: str
    noun: str
    rules: tuple[str, ...] = ()
    """Predicates of the constraints on this tool."""
    applies: tuple[str, bool] | None = None
    """The field of a record that says whether the tool applies to it, and the value it then has."""

    @property
    def fields(self) -> dict[str, Any]:
        """Parameters the user has to name, nested ones flattened: name -> schema."""
        found: dict[str, Any] = {}
        for name, schema in self.schema.get("properties", {}).items():
            if schema.get("type") == "object" and schema.get("properties"):
                found |= {
                    inner: schema["properties"][inner]
                    for inner in schema.get("required") or schema["properties"]
                }
            elif not name.endswith("_id") and name in self.schema.get("required", []):
                found[name] = schema
        return found

    @property
    def references(self) -> tuple[str, ...]:
        """Required arguments that name records of other kinds."""
        return tuple(n for n in self.schema.get("required", []) if n.endswith("_id") and n != self.key)

    @property
    def stamp(self) -> str:
        """The field that records when a step without fields was done: `deposit_confirmed_at`."""
        done = inflect(self.verb, "VBN").replace(" ", "_").replace("-", "_")
        return f"{done}_at" if self.noun in ("", self.entity) else f"{self.noun}_{done}_at"

    def words(self, form: str = "base") -> str:
        """Say what the tool does: base `add the documents`, VBD, VBG, VBN as inflected verbs."""
        verb = self.verb.replace("_", " ") if form == "base" else inflect(self.verb, form)
        noun = self.noun or self.entity
        return f"{verb} the {words_of(noun)}"


@dataclass(frozen=True)
class Blueprint:
    """A workflow as the simulator needs it. `statuses` are those of the main kind of record."""

    workflow_id: str
    goal: str
    entity: str
    statuses: tuple[str, ...]
    capabilities: tuple[Capability, ...]
    rules: tuple[str, ...]
    """The constraints in words, in the order of the source."""
    state_fields: tuple[tuple[str, float, bool], ...]
    """Numeric fields that predicates compare with a limit: (name, limit, whether the limit is the least)."""
    sourced: Mapping[str, str]
    """Predicate -> the rule it says."""
    tool_rules: Mapping[str, str]
    """Tool -> the first rule about it."""
    precedes: frozenset[tuple[str, str]]
    """The arrows of the execution graph: the first tool comes before the second."""
    own: frozenset[str]
    """Names of the workflow's tools; others were added by refinement."""

    def of_kind(self, *kinds: str) -> list[Capability]:
        """Return the capabilities of these kinds, in the order of the graph."""
        return [c for c in self.capabilities if c.kind in kinds]

    def find(self, kind: str, entity: str) -> Capability | None:
        """Return the first capability of a kind for a kind of record."""
        return next((c for c in self.capabilities if c.kind == kind and c.entity == entity), None)

    @property
    def flags(self) -> list[str]:
        """Fields of the main records that say which conditional steps apply."""
        own = f"{self.entity}_id"
        return list(dict.fromkeys(c.applies[0] for c in self.capabilities if c.applies and c.key == own))

    def closing(self) -> Capability | None:
        """Return the step that finishes the work: one that submits, starts or completes the record itself."""
        steps = [c for c in self.of_kind("write") if c.key == f"{self.entity}_id" and c.verb != "cancel"]
        steps = [c for c in steps if c.applies is None]
        own = [c for c in steps if c.noun == self.entity and in_group("closing", c.verb)]
        return own[-1] if own else (steps[-1] if len(steps) > 1 and not steps[-1].fields else None)


def read_blueprint(workflow: Mapping[str, Any], tools: list[Mapping[str, Any]] | None = None) -> Blueprint:
    """Interpret a workflow in its JSON form; `tools` replaces its tools where they have grown."""
    used = list(tools if tools is not None else workflow["tools"])
    order = _graph_order(workflow)
    used.sort(key=lambda tool: order.get(tool["name"], len(order)))
    entity = _main_entity(used)
    predicates: dict[str, list[str]] = {}
    for constraint in workflow["constraints"]:
        if constraint.get("predicate") and constraint.get("tool"):
            predicates.setdefault(constraint["tool"], []).append(constraint["predicate"])
    capabilities = tuple(_capability(tool, entity, tuple(predicates.get(tool["name"], ()))) for tool in used)
    listing = next((c for c in capabilities if c.kind == "list" and c.entity == entity), None)
    enum = (listing.schema.get("properties", {}).get("status", {}).get("enum") if listing else None) or []
    statuses = (
        tuple(str(s) for s in enum) or _predicate_statuses(predicates) or ("draft", "active", "completed")
    )
    return Blueprint(
        workflow["workflow_id"],
        _goal(workflow["description"]),
        entity,
        statuses,
        capabilities,
        tuple(dict.fromkeys(str(c["rule"]) for c in workflow["constraints"])),
        _state_fields(predicates),
        {str(c["predicate"]): str(c["rule"]) for c in workflow["constraints"] if c.get("predicate")},
        {str(c["tool"]): str(c["rule"]) for c in reversed(workflow["constraints"]) if c.get("tool")},
        frozenset((str(edge["source"]), str(edge["target"])) for edge in workflow["execution_graph"]),
        frozenset(str(tool["name"]) for tool in workflow["tools"]),
    )


def _goal(description: str) -> str:
    match = re.match(r"The user wants to (.+?)(?:;|\.|$)", description)
    return (match[1] if match else description[:1].lower() + description[1:]).strip()[:140]


def _graph_order(workflow: Mapping[str, Any]) -> dict[str, int]:
    """Number tools as the graph reaches them; those outside follow as they were listed."""
    order: dict[str, int] = {}
    for name in [
        *workflow["entry_tools"],
        *(n for e in workflow["execution_graph"] for n in (e["source"], e["target"])),
    ]:
        order.setdefault(name, len(order))
    for tool in workflow["tools"]:
        order.setdefault(tool["name"], len(order))
    return order


def _main_entity(tools: list[Mapping[str, Any]]) -> str:
    keys: Counter[str] = Counter()
    for tool in tools:
        for name in tool["parameters"].get("required", []):
            if name.endswith("_id"):
                keys[name[:-3]] += 1
    if keys:
        return keys.most_common(1)[0][0]
    nouns = [singular(tool["name"].split("_", 1)[1]) for tool in tools if "_" in tool["name"]]
    return nouns[0] if nouns else "record"


def _capability(tool: Mapping[str, Any], entity: str, rules: tuple[str, ...]) -> Capability:
    name, schema = tool["name"], tool["parameters"]
    verb, noun = split_name(name)
    required = [n for n in schema.get("required", []) if n.endswith("_id")]
    key = (
        f"{entity}_id"
        if f"{entity}_id" in schema.get("properties", {})
        else (required[0] if required else "")
    )
    kind: Kind = "write"
    if verb in ("authenticate", "login", "log_in", "sign_in"):
        kind, key = "auth", ""
    elif in_group("lists", verb) and not required:
        kind = "list"
    elif in_group("reads", verb):
        kind = "get" if key and singular_name(noun) in (key[:-3], "") else "read"
    elif (
        singular_name(noun) == entity
        and f"{entity}_id" not in schema.get("properties", {})
        and in_group("creates", verb)
    ):
        kind = "create"
    owner = singular_name(noun) if kind in ("list", "create") else key[:-3] or entity
    owner = entity if noun == plural_name(entity) else owner
    return Capability(
        name,
        kind,
        owner,
        key if kind != "create" else "",
        tool["description"],
        schema,
        verb,
        noun,
        rules,
        read_condition(tool["description"]) if kind == "write" else None,
    )


def split_name(name: str) -> tuple[str, str]:
    """Split a tool's name into verb and noun: `check_in_guest` -> (check_in, guest)."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_")
    words = snake.split("_")
    if (
        len(words) > 2
        and verb_class("_".join(words[:2]))
        and words[1] in {"in", "on", "out", "up", "off", "back"}
    ):
        return "_".join(words[:2]), "_".join(words[2:])
    return words[0], "_".join(words[1:])


def singular_name(noun: str) -> str:
    """Put the last word of a snake_case noun into the singular."""
    head, _, last = noun.rpartition("_")
    one = singular(last)
    return f"{head}_{one}" if head else one


def plural_words(entity: str) -> str:
    """Name several records: `guest networks`."""
    head, _, last = entity.rpartition("_")
    return words_of(f"{head}_{plural(last)}" if head else plural(last))


def _predicate_statuses(predicates: Mapping[str, list[str]]) -> tuple[str, ...]:
    found = [
        s
        for rules in predicates.values()
        for rule in rules
        if "state.status" in rule
        for s in re.findall(r'"([^"]+)"', rule)
    ]
    return tuple(dict.fromkeys(found)) if len(set(found)) > 1 else ()


def _state_fields(predicates: Mapping[str, list[str]]) -> tuple[tuple[str, float, bool], ...]:
    """Find `state.x <= 30`: the simulator gives records such a field."""
    found: dict[str, tuple[float, bool]] = {}
    for rules in predicates.values():
        for rule in rules:
            for match in re.finditer(r"state\.([a-z_]\w*)\s*(<=|<|>=|>|==)\s*(-?\d+(?:\.\d+)?)", rule):
                found[match[1]] = float(match[3]), match[2].startswith(">")
    return tuple((name, *limit) for name, limit in found.items())
