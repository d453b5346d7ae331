"""A procedural text -> the `extract_workflows` answer: steps, graph, sample calls, tools, constraints.

Does not belong here: dialogues.
"""

import hashlib
import random
import re
from dataclasses import dataclass
from typing import Any

from gem_assets.offline.rendering import json_tag, render_graph, tag, text_tag
from gem_assets.offline.service.values import make_value
from gem_assets.offline.text.lexicon import inflect, is_base_form, verb_class, verb_lemmas
from gem_assets.offline.text.nouns import words_of
from gem_assets.offline.text.signals import MIN_EVIDENCE
from gem_assets.offline.text.steps import Section, read_sections
from gem_assets.offline.workflow.actions import read_actions
from gem_assets.offline.workflow.constraints import (
    capability_actions,
    limited_actions,
    quotable_sentences,
    read_rules,
)
from gem_assets.offline.workflow.entities import find_entity, goal_of
from gem_assets.offline.workflow.rule_sentences import is_rule
from gem_assets.offline.workflow.tools import Spec, build_tools, id_of

MAX_STEPS = 24
MAX_SECTION_STEPS = 60
MIN_STEPS_OF_ITS_OWN = 3
MAX_WORKFLOWS = 2


@dataclass(frozen=True)
class Procedure:
    """A stretch of a text that is carried out from beginning to end."""

    title: str
    sections: tuple[Section, ...]


def seeded(identity: str, purpose: str) -> random.Random:
    """Make the generator of one record and purpose; the same always."""
    return random.Random(hashlib.sha256(f"{identity}/{purpose}".encode("utf-8", "replace")).digest())


def extract(text: str, title: str | None, identity: str, summary: str = "") -> str:
    """Answer `extract_workflows` for a text; `<no_workflow>` when it tells of fewer than two steps."""
    blocks = [_workflow(procedure, text, seeded(f"{identity}/{n}", "workflow"), summary)
              for n, procedure in enumerate(procedures(text, title))]  # fmt: skip
    found = [block for block in blocks if block]
    return (
        "\n".join(found) if found else text_tag("no_workflow", "The text tells of fewer than two operations.")
    )


def procedures(text: str, title: str | None) -> list[Procedure]:
    """Find the procedures of a text: one, or two when it has separate ones under headings of their own."""
    sections = read_sections(text, title)
    own = [s for s in sections if _stands_alone(s)]
    if len(own) < 2 or sum(len(_counting(s)) for s in sections) > 2 * sum(len(_counting(s)) for s in own):
        return [Procedure(title or next((s.heading for s in sections if s.heading), ""), sections)]
    best = sorted(own, key=lambda s: -len(_counting(s)))[:MAX_WORKFLOWS]
    return [Procedure(s.heading, (s,)) for s in sections if s in best]


def _counting(section: Section) -> list[Any]:
    return [step for step in section.steps if step.evidence >= MIN_EVIDENCE]


def _stands_alone(section: Section) -> bool:
    goal = goal_of(section.heading)
    numbered = {step.block for step in section.steps if step.numbered}
    return bool(goal[0]) and len(numbered) >= MIN_STEPS_OF_ITS_OWN


def describe_goal(title: str, sections: tuple[Section, ...]) -> str:
    """Say in a few words what is done, as `cancel an order`; from the title, else from the first step."""
    plain = re.sub(r"[*`#_<>]", "", title).strip(" .:?")
    if ": " in plain and goal_of(plain.split(": ")[0])[0]:
        plain = plain.split(": ")[0]
    wanted = re.sub(
        r"^(?:\W|\d|\.)*(?:how (?:to|do i|do you|we|you|can i|can you)\s+)?", "", plain, flags=re.I
    )
    first, _, rest = wanted.partition(" ")
    lemma = next(iter(verb_lemmas(first.lower())), "") if first.isalpha() else ""
    if (
        rest
        and lemma
        and (first.lower().endswith("ing") or (is_base_form(first) and verb_class(first.lower())))
    ):
        return f"{lemma} {rest}"[:120].strip()
    step = next((s for section in sections for s in section.steps if s.evidence >= MIN_EVIDENCE), None)
    return (
        f"work through “{plain}”"
        if plain
        else (step.text[:1].lower() + step.text[1:120] if step else "follow the text")
    )


def _views(sections: tuple[Section, ...]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for section in sections:
        for step in section.steps:
            if (
                verb_class(step.instruction.verb) in ("navigate", "press")
                and step.instruction.voice != "passive"
            ):
                match = re.match(
                    r"(?:on |to |the |in )*(?:⟦([^⟧]{3,30})⟧|([A-Z][\w-]{2,}(?: [A-Z][\w-]+)*))",
                    step.instruction.rest,
                )
                label = (match[1] or match[2] or "").strip(" .:") if match else ""
                button = " " not in label and is_base_form(label) and verb_class(label.lower()) is not None
                if re.fullmatch(r"[\w][\w &/-]{2,30}", label) and not (
                    button or re.match(r"(?:Ctrl|Alt|Shift|Esc|Enter|Tab|Super|Turn O|F\d)", label)
                ):
                    found[label] = None
    return tuple(found)[:8]


def _workflow(procedure: Procedure, text: str, rng: random.Random, summary: str) -> str:
    sections = tuple(
        Section(s.heading, s.level, s.blocks, s.steps[:MAX_SECTION_STEPS]) for s in procedure.sections
    )
    steps = [
        step.text
        for section in sections
        for step in section.steps
        if step.evidence >= MIN_EVIDENCE or step.in_list
    ]
    steps = list(dict.fromkeys(re.sub(r"\s+", " ", step)[:240] for step in steps))[:MAX_STEPS]
    if len(steps) < 2:
        return ""
    entity = find_entity(sections, procedure.title)
    actions = [action for section in sections for action in read_actions(section, entity.name)]
    quotable = quotable_sentences(sections, text)
    extra = capability_actions([s for s in quotable if is_rule(s)], entity, actions)
    extra += limited_actions(quotable, entity, actions)
    specs = build_tools(actions + extra, entity, goal_of(procedure.title), _views(sections))
    found = read_rules(quotable, specs, entity)
    goal = describe_goal(procedure.title, sections)
    keeps = f"the service keeps the {words_of(entity.name)} records and carries out each step."
    description = f"The user wants to {goal}; {keeps} {summary}"
    lines = "\n".join(f"Step{n}: {step}" for n, step in enumerate(steps, 1))
    inner = [
        text_tag("description", description.strip()),
        text_tag("steps", lines),
        tag("execution_graph", render_graph(_groups(specs, {a.name for a in extra}))),
        json_tag("actions", _sample_calls(specs, entity.name, rng)),
        json_tag("tools", [spec.to_answer() for spec in specs]),
        json_tag("constraints", [rule.to_answer() for rule in found]),
    ]
    return tag("workflow", "".join(inner))


def _groups(specs: list[Spec], side: set[str]) -> list[list[str]]:
    """Order tools: who the user is, lookups, the record, the steps; what is possible besides, last.

    Fields that are set one after the other are set in any order. Where a record is made, it need not be
    opened first: reading it back stands at the end.
    """
    login = [s.name for s in specs if s.action and s.action.verb == "authenticate"]
    lists = [s.name for s in specs if s.kind == "list"]
    reads = [s.name for s in specs if s.kind == "get"]
    creates = any(spec.kind == "create" for spec in specs)
    steps: list[list[str]] = []
    before: Spec | None = None
    for spec in specs:
        if spec.kind not in ("write", "create", "read") or spec.name in side or spec.name in login:
            continue
        if before and _sets(before) and _sets(spec):
            steps[-1].append(spec.name)
        else:
            steps.append([spec.name])
        before = spec
    last = [s.name for s in specs if s.name in side and s.name not in login]
    return [login, lists, [] if creates else reads, *steps, last, reads if creates else []]


def _sets(spec: Spec) -> bool:
    return spec.kind == "write" and spec.name.split("_")[0] in ("set", "update", "adjust")


def record_id(entity: str, rng: random.Random) -> str:
    """Make the key of a record: `CLM-48210`."""
    head = entity.split("_")[-1].upper()
    letters = (head[0] + "".join(c for c in head[1:] if c not in "AEIOUY-") + "XQZ")[:3]
    return f"{letters}-{rng.randint(10000, 99999)}"


def _sample_calls(specs: list[Spec], entity: str, rng: random.Random) -> list[dict[str, Any]]:
    own = record_id(entity, rng)
    calls: list[dict[str, Any]] = []
    for spec in [s for s in specs if s.kind != "list"][:5]:
        arguments: dict[str, Any] = {}
        for name in spec.schema["required"]:
            if name.endswith("_id"):
                arguments[name] = own if name == id_of(entity) else record_id(name[:-3], rng)
            else:
                arguments[name] = make_value(name, spec.schema["properties"][name], rng)
        calls.append({"name": spec.name, "arguments": arguments})
    return [{"name": next(s.name for s in specs if s.kind == "list"), "arguments": {}}, *calls]


def summarise(text: str, title: str | None) -> str:
    """Say in one sentence what a text explains."""
    sections = read_sections(text, title)
    heading = title or next((s.heading for s in sections if s.heading), "")
    goal = describe_goal(heading, sections)
    count = sum(len(_counting(section)) for section in sections)
    gerund, _, rest = goal.partition(" ")
    return f"Step-by-step text on {inflect(gerund, 'VBG')} {rest} ({count} operations)."
