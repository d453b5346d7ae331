"""Plots: which scenes a dialogue has, in which order; and the system message it opens with.

Does not belong here: the scenes themselves (`scenes.py`, `conflicts.py`).
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gem_assets.offline.dialogue.added_scenes import another, misread
from gem_assets.offline.dialogue.conflicts import conflict, deletes, limit_sentence
from gem_assets.offline.dialogue.dialogue import Script, phrases, start_scene, wording
from gem_assets.offline.dialogue.openings import open_browse, open_create, open_misquote, open_vague
from gem_assets.offline.dialogue.other_records import locked, take_back
from gem_assets.offline.dialogue.scenes import commit, end, premature, work
from gem_assets.offline.rendering import text_tag
from gem_assets.offline.service.blueprint import Blueprint, Capability, read_blueprint
from gem_assets.offline.service.simulator import holds
from gem_assets.offline.service.world import World, open_world
from gem_assets.offline.text.lexicon import in_group
from gem_assets.offline.text.nouns import words_of
from gem_assets.offline.workflow.extraction import seeded

Scene = Callable[[Script], None]


def _one(script: Script) -> None:
    work(script, 1)


def _two(script: Script) -> None:
    work(script, 2)


def _asked(script: Script) -> None:
    work(script, 1, "partial")


def _end_read(script: Script) -> None:
    end(script)


def _end_short(script: Script) -> None:
    end(script, read=False)


# Every plot asks something, meets a rule, repairs an error, and closes; the openings and the order differ.
PLOTS: tuple[tuple[Scene, ...], ...] = (
    (open_vague, _asked, conflict, premature, _end_short),
    (open_misquote, _two, conflict, commit, _end_short),
    (open_browse, conflict, _asked, premature, _end_short),
    (open_vague, _two, premature, conflict, _end_short),
    (open_create, _asked, conflict, locked, commit, _end_short),
    (open_browse, _asked, locked, conflict, _end_read),
    (open_misquote, _asked, premature, conflict, _end_short),
    (open_vague, locked, _asked, conflict, commit, _end_short),
    (open_create, _two, conflict, premature, _end_short),
    (open_misquote, conflict, _two, _end_read),
    (open_browse, _two, conflict, locked, _end_short),
    (open_create, conflict, _asked, _one, premature, _end_short),
)
MIN_CALLS = 5
MIN_TOOLS = 4


def begin(workflow: Mapping[str, Any], tools: list[Mapping[str, Any]] | None = None) -> Script:
    """Open the service of a workflow and choose the record the dialogue is about."""
    blueprint = read_blueprint(workflow, tools)
    world = open_world(blueprint)
    script = Script(world, seeded(blueprint.workflow_id, "script"))
    _prepare_statuses(world)
    script.target = next(iter(world.records[blueprint.entity]))
    return script


def plot_of(script: Script) -> tuple[Scene, ...]:
    """Choose a plot; those that create a record are more likely where the workflow can."""
    rng = seeded(script.blueprint.workflow_id, "plot")
    creates = bool(script.blueprint.of_kind("create"))
    fitting = [plot for plot in PLOTS if creates or plot[0] is not open_create]
    if creates:
        fitting += [plot for plot in PLOTS if plot[0] is open_create] * 2
    return rng.choice(fitting)


def _prepare_statuses(world: World) -> None:
    """Give the target the status that allows most steps, and one other record one that forbids a step."""
    blueprint = world.blueprint
    steps = [c for c in blueprint.of_kind("write") if not in_group("destructive", c.verb)]
    first, second = list(world.records[blueprint.entity].values())[:2]
    ranked = max(
        blueprint.statuses,
        key=lambda s: (_allowed(steps, {**first, "status": s}), -blueprint.statuses.index(s)),
    )
    first["status"] = ranked
    for step in blueprint.of_kind("write"):
        for status in blueprint.statuses:
            if _allowed([step], {**second, "status": status}) == 0:
                second["status"] = status
                return


def _allowed(steps: list[Capability], record: Mapping[str, Any]) -> int:
    state = json.dumps(record)
    return sum(
        all(holds(rule, "{}", state) is not False for rule in step.rules if "state.status" in rule)
        for step in steps
    )


def system_message(script: Script, extra: str = "") -> str:
    """Write the system message: role, rules of the source in order, limits, order of work, conduct."""
    start_scene(script, "system")
    blueprint = script.blueprint
    rules, accepted = blueprint.rules, _limits(blueprint)
    lines = [wording(script, "system", "role")]
    if rules:
        lines += [
            "",
            wording(script, "system", "rules_head"),
            *(f"{n}. {rule}" for n, rule in enumerate(rules, 1)),
        ]
    if accepted:
        lines += ["", wording(script, "system", "accepted_head"), *(f"- {line}" for line in accepted)]
    conduct = [line.format(entity=words_of(blueprint.entity)) for line in phrases()["system"]["conduct"]]
    conduct = [line for line in conduct if not (deletes(script) and "deleted with" in line)]
    lines += ["", wording(script, "system", "conduct_head"), *(f"- {line}" for line in conduct)]
    return text_tag("system", "\n".join(lines) + (f"\n\n{extra}" if extra else ""))


def _limits(blueprint: Blueprint) -> list[str]:
    """State limits and closed choices of the parameters that no rule of the source states."""
    found: list[str] = []
    own = (c for c in blueprint.of_kind("write", "create") if c.name in blueprint.own)
    for capability in own:
        for name, schema in capability.fields.items():
            if any(name in predicate for predicate in blueprint.sourced):
                continue
            if "enum" in schema:
                found.append(f"The {words_of(name)} must be one of {', '.join(map(str, schema['enum']))}.")
            elif schema.get("maximum") is not None or schema.get("minimum", 0) > 1:
                found.append(limit_sentence(name, schema))
    return list(dict.fromkeys(found))[:8]


def _next_step(script: Script) -> None:
    work(script, 1, "full" if any(name.startswith("work partial") for name in script.scenes) else "partial")


def play(script: Script, scenes: Iterable[Scene]) -> None:
    """Play scenes, and fill up what is then too short or has met no error."""
    for scene in scenes:
        scene(script)
    fillers: tuple[Scene, ...] = (_next_step, _next_step, commit, take_back)
    for filler in fillers:
        if len(set(script.calls)) < MIN_TOOLS:
            filler(script)
    if not script.had_error:
        locked(script)
    if not script.had_error:
        misread(script)
    for index in range(3):
        if len(script.calls) < MIN_CALLS:
            another(script, index)


def generate(workflow: Mapping[str, Any]) -> str:
    """Answer `generate_trajectory` for a workflow in its JSON form."""
    script = begin(workflow)
    opening = system_message(script)
    *before, last = plot_of(script)
    play(script, before)
    last(script)
    return "\n".join([opening, *script.messages])
