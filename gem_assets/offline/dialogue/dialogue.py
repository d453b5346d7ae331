"""The dialogue in the making: messages, wording without repetition, and calls that the simulator answers.

Does not belong here: what happens in a dialogue (`scenes.py`), the wordings themselves (`data/phrases.toml`).
"""

import json
import random
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from gem_assets.offline.rendering import tag, text_tag, to_json
from gem_assets.offline.service.blueprint import Blueprint, Capability, plural_words
from gem_assets.offline.service.simulator import Result, run
from gem_assets.offline.service.world import Record, World
from gem_assets.offline.text.lexicon import read_data
from gem_assets.offline.text.nouns import words_of
from gem_assets.offline.workflow.extraction import seeded


@dataclass
class Script:
    """A dialogue so far. `target` is the record it is about, `refs` others by argument name."""

    world: World
    rng: random.Random
    messages: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    scenes: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    fresh: dict[str, Result] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    target: str = ""
    refs: dict[str, str] = field(default_factory=dict)
    had_error: bool = False
    done: set[str] = field(default_factory=set)
    """Names of the tools whose step has been carried out on the target."""

    @property
    def blueprint(self) -> Blueprint:
        """The workflow it follows."""
        return self.world.blueprint

    @property
    def record(self) -> Record:
        """The record it is about, as it is now."""
        return self.world.records[self.blueprint.entity][self.target]


@cache
def phrases() -> dict[str, dict[str, list[str]]]:
    """Read the wordings: occasion -> part -> variants."""
    return tomllib.loads(read_data("phrases.toml"))


def start_scene(script: Script, name: str) -> None:
    """Begin a scene: its choices depend on the workflow and its name alone, not on what came before."""
    script.scenes.append(name)
    script.rng = seeded(script.blueprint.workflow_id, f"scene {name}")


def wording(script: Script, occasion: str, part: str, slots: Mapping[str, Any] | None = None) -> str:
    """Choose a wording not used yet and fill its slots."""
    variants = phrases()[occasion][part]
    fresh = [v for v in variants if f"{occasion}.{part}.{v}" not in script.used] or variants
    chosen = script.rng.choice(fresh)
    script.used.add(f"{occasion}.{part}.{chosen}")
    entity = script.blueprint.entity
    known = {
        "entity": words_of(entity),
        "plural": plural_words(entity),
        "goal": script.blueprint.goal,
        "id": script.target,
    }
    if script.target:
        known |= {"name": script.record["name"], "status": script.record["status"]}
    text = chosen.format_map(known | dict(slots or {}))
    text = re.sub(r"\s+", " ", text).replace("..", ".").replace(". ..", " ...").strip()
    return re.sub(r"([.!?]) ([a-z])", lambda m: f"{m[1]} {m[2].upper()}", text[:1].upper() + text[1:])


def user(script: Script, text: str) -> None:
    """Let the user speak."""
    _add(script, "user", text_tag("user", text))


def assistant(script: Script, text: str) -> None:
    """Let the assistant speak without calling."""
    _add(script, "assistant", text_tag("assistant", text))


def call(script: Script, capability: Capability, arguments: Mapping[str, Any], lead: str = "") -> Result:
    """Make a call and note its result; a read that would only repeat one since the last write is spared."""
    key = f"{capability.name} {json.dumps(dict(arguments), sort_keys=True)}"
    if key in script.fresh:
        return script.fresh[key]
    func = tag("func", to_json({"name": capability.name, "arguments": dict(arguments)}))
    _add(script, "assistant", tag("assistant", f"{_escaped(lead)} {func}".strip()))
    result = run(script.world, capability.name, arguments)
    _add(script, "tool", tag("tool", to_json(result)))
    if capability.kind in ("write", "create") and "error" not in result:
        script.fresh.clear()
    script.had_error = script.had_error or "error" in result
    script.fresh[key] = result
    script.calls.append(capability.name)
    return result


def _escaped(text: str) -> str:
    return text_tag("x", text)[3:-4]


def _add(script: Script, role: str, message: str) -> None:
    script.messages.append(message)
    script.roles.append(role)


def listed(items: list[str], last: str = "and") -> str:
    """Join phrases: `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""


def say_value(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Say a value as people write it; numbers and ids stay as they are."""
    if isinstance(value, list):
        return listed([say_value(one) for one in value])
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def say_values(values: Mapping[str, Any]) -> str:
    """Say fields with their values: `length 12 and fare Flex`."""
    return listed([f"{words_of(name)} {say_value(value)}" for name, value in values.items()])
