"""`refine_trajectory`: the draft's plot played again with more in it: tools, requests, pitfalls, a database.

Does not belong here: the added scenes (`added_scenes.py`) and tools (`added_tools.py`).
"""

import random
import re
from collections.abc import Callable, Mapping
from typing import Any

from gem_assets.offline.dialogue.added_scenes import (
    another,
    assign,
    compare,
    export,
    history,
    no_tool,
    note,
    physical,
    pitfall,
    reminder,
)
from gem_assets.offline.dialogue.added_tools import added_tools
from gem_assets.offline.dialogue.dialogue import Script, start_scene, wording
from gem_assets.offline.dialogue.other_records import take_back
from gem_assets.offline.dialogue.plots import begin, play, plot_of, system_message
from gem_assets.offline.dialogue.scenes import end, work
from gem_assets.offline.dialogue.steps_taken import possible_steps
from gem_assets.offline.rendering import json_tag
from gem_assets.offline.service.blueprint import read_blueprint
from gem_assets.offline.service.values import draw
from gem_assets.offline.service.world import describe_schema
from gem_assets.offline.text.imperatives import read_instruction
from gem_assets.offline.text.lexicon import verb_class
from gem_assets.offline.workflow.extraction import seeded

LONG = 60
"""Messages from which nothing is added for its own sake."""

Scene = Callable[[Script], None]


def refine(trajectory: Mapping[str, Any]) -> str:
    """Answer `refine_trajectory` for a draft in its JSON form."""
    workflow = trajectory["workflow"]
    draft_tools = list(trajectory["tools"])
    entity = read_blueprint(workflow, draft_tools).entity
    rng = seeded(workflow["workflow_id"], "refinement")
    tools = [*draft_tools, *added_tools(entity, {tool["name"] for tool in draft_tools}, rng)]
    script = begin(workflow, tools)
    opening = system_message(script, _structure(script))
    plot = plot_of(script)
    middle: list[Scene] = [*plot[1:-1]]
    for scene in (compare, pitfall):
        middle.insert(rng.randint(1 if scene is compare else len(middle), len(middle)), scene)
    play(script, (plot[0], *middle))
    _more(script, workflow, _chosen(script, rng))
    _grow(script, trajectory)
    end(script)
    answer = [json_tag("toolsets", [_answer_tool(tool) for tool in tools]), opening, *script.messages]
    return "\n".join(answer)


def _chosen(script: Script, rng: random.Random) -> list[Scene]:
    """Choose three added scenes that have their tool, and perhaps a request that no tool fits."""
    names = " ".join(c.name for c in script.blueprint.capabilities)
    having = {"_note": note, "_reminder": reminder, "assign_": assign, "_history": history, "export_": export}
    fitting = [scene for part, scene in having.items() if part in names]
    chosen: list[Scene] = rng.sample(fitting, min(2, len(fitting)))
    return [*chosen, no_tool] if rng.random() < 0.4 else chosen


def _answer_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": tool["name"], "description": tool["description"], "inputSchema": tool["parameters"]}


def _more(script: Script, workflow: Mapping[str, Any], scenes: list[Scene]) -> None:
    """Add the remaining steps and what the added tools are for."""
    for index, scene in enumerate(scenes):
        scene(script)
        if index == 0 and possible_steps(script):
            work(script, 1)
    if len(script.messages) < LONG:
        take_back(script)
    by_hand = next((step for step in workflow["steps"] if _by_hand(step)), None)
    if by_hand and no_tool not in scenes and len(script.messages) < LONG:
        physical(script, by_hand)


def _by_hand(step: str) -> bool:
    if re.search(
        r"\b(?:it|them|they|this|that|these|those|one|ones|later|again|other|above|below)\b|[:(]", step, re.I
    ):
        return False  # it speaks of something that the dialogue has not named
    found = read_instruction(step, allow_narrative=False)
    by_hand = found is not None and verb_class(found.verb) == "physical" and found.voice == "imperative"
    return by_hand and not found.condition and len(step) >= 18 if found else False


def _grow(script: Script, trajectory: Mapping[str, Any]) -> None:
    """Go on until the dialogue has more messages and calls than the draft, as far as there is matter."""
    drafted = sum(len(message["tool_calls"]) for message in trajectory["messages"])
    for index in range(3):
        if len(script.calls) <= drafted or len(script.messages) < len(trajectory["messages"]):
            another(script, index)
    while (
        len(script.calls) <= drafted or len(script.messages) < len(trajectory["messages"])
    ) and possible_steps(script):
        work(script, 1)


def _structure(script: Script) -> str:
    """Describe the database and the user for the system message."""
    start_scene(script, "structure")
    rng = script.rng
    lines = ["Database (tables, fields, types):", *(f"- {line}" for line in describe_schema(script.world))]
    lines.append(f"- Times are written as YYYY-MM-DDTHH:MM:SS; it is {script.world.now.isoformat()} now.")
    person = f"{draw('given', rng)} {draw('surnames', rng)}"
    slots = {
        "person": person,
        "age": rng.randint(23, 71),
        "job": draw("jobs", rng),
        "manner": draw("manners", rng),
        "care": draw("cares", rng),
    }
    return "\n".join([*lines, "", "User profile:", wording(script, "system", "profile", slots)])
