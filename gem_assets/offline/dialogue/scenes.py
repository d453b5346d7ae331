"""What can happen in a dialogue: work, a step asked for too early, a step confirmed, endings.

Each scene speaks and calls through the script; results decide how it goes on. Does not belong here: the order
of scenes (`plots.py`), wordings (`data/phrases.toml`).
"""

from typing import Any

from gem_assets.offline.dialogue.dialogue import (
    Script,
    assistant,
    call,
    listed,
    say_value,
    say_values,
    start_scene,
    user,
    wording,
)
from gem_assets.offline.dialogue.steps_taken import (
    plan_values,
    possible_steps,
    take,
    unfindable,
)
from gem_assets.offline.service.blueprint import Capability
from gem_assets.offline.service.world import Record
from gem_assets.offline.text.nouns import words_of

SHOWN = 4


def rows(found: list[Record]) -> str:
    """Name records for choosing among them."""
    return listed([f"{r['name']} ({r['status']})" for r in found[:SHOWN]])


def field_words(names: list[str]) -> str:
    """Name fields as people do."""
    return listed([words_of(name) for name in names])


def spoken(script: Script, step: Capability, values: dict[str, Any]) -> dict[str, Any]:
    """Return what the user has to say for a step: its values, and IDs that cannot be looked up."""
    return {**{name: script.refs[name] for name in unfindable(script, step)}, **values}


def read_target(script: Script) -> None:
    """Open the target and say what is in it."""
    reader = script.blueprint.find("get", script.blueprint.entity)
    if reader:
        call(script, reader, {reader.key: script.target}, wording(script, "leads", "get"))
    steps = [*possible_steps(script), *([script.world.before_closing] if script.world.before_closing else [])]
    empty = [name for step in steps for name in step.fields if script.record.get(name, 0) is None]
    known = {"fields": field_words(list(dict.fromkeys(empty))[:5])}
    missing = wording(script, "summary", "missing" if empty else "complete", known)
    assistant(script, wording(script, "summary", "found", {"missing": missing}))


def work(script: Script, count: int, part: str = "full") -> None:
    """Carry out the next steps: the user gives all values, or only says what to do and is asked for them."""
    steps = possible_steps(script)[:count]
    if not steps:
        return
    start_scene(script, f"work {part} {steps[0].name}")
    planned = [(step, plan_values(script, step, script.record) or {}) for step in steps]
    values = {name: value for step, own in planned for name, value in spoken(script, step, own).items()}
    _ask_for(script, steps, values, part)
    for step, step_values in planned:
        take(script, step, step_values, lead=wording(script, "work", "lead"))
    stored = {n: script.record.get(n, value) for n, value in values.items() if not n.endswith("_id")}
    done = wording(script, "work", "done" if stored else "plain", {"values": say_values(stored)})
    assistant(script, done)


def _ask_for(script: Script, steps: list[Capability], values: dict[str, Any], part: str) -> None:
    """Let the user ask for steps, with their values at once or when asked for them."""
    slots = {"acts": listed([step.words() for step in steps]), **_said(values)}
    if not values:
        user(script, wording(script, "work", "bare", slots))
        return
    if part == "full":
        user(script, wording(script, "work", "complex" if len(steps) > 1 else "full", slots))
        return
    user(script, wording(script, "work", "partial", slots))
    known = script.blueprint.tool_rules
    rule = next((known[step.name] for step in steps if step.name in known), "")
    warned = f" {wording(script, 'work', 'rule', {'rule': rule})}" if rule else ""
    assistant(script, wording(script, "work", "ask", {"fields": field_words(list(values))}) + warned)
    user(script, wording(script, "work", "answer", slots))


def _said(values: dict[str, Any]) -> dict[str, str]:
    said = say_values(values)
    return {"values": said, "Values": said[:1].upper() + said[1:]}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def premature(script: Script) -> None:
    """Let the user ask for the closing step too early; it is refused, and succeeds after the missing one."""
    closing, before = script.world.closing, script.world.before_closing
    values = plan_values(script, before, script.record) if before else None
    if (
        not closing
        or not before
        or values is None
        or any(script.record.get(n) is not None for n in before.fields)
    ):
        commit(script)
        return
    start_scene(script, "premature")
    closing_values = spoken(script, closing, plan_values(script, closing, script.record) or {})
    said = wording(script, "premature", "user", {"act": closing.words()})
    user(script, f"{said} {_capital(say_values(closing_values))}." if closing_values else said)
    result = take(script, closing, closing_values, lead=wording(script, "leads", "write"))
    if "error" not in result:
        assistant(script, wording(script, "commit", "done"))
        return
    slots = {
        "error": result["error"],
        "fields": field_words(list(values)),
        "values": say_values(values),
        "Values": _capital(say_values(values)),
    }
    assistant(script, wording(script, "premature", "explain", slots))
    user(script, wording(script, "premature", "answer", slots))
    take(script, before, values, lead=wording(script, "leads", "write"))
    result = take(script, closing, closing_values, lead=wording(script, "premature", "retry"))
    assistant(
        script,
        wording(script, "premature", "done")
        if "error" not in result
        else f"It was refused again: {result['error']}.",
    )


def commit(script: Script) -> None:
    """Take the closing step after the user's explicit yes."""
    closing, before = script.world.closing, script.world.before_closing
    if not closing or closing.name in script.done:
        return
    start_scene(script, "commit")
    if before and before.name not in script.done:
        values = plan_values(script, before, script.record)
        if values is None:
            return
        slots = {"acts": before.words(), "values": say_values(values), "Values": _capital(say_values(values))}
        user(script, wording(script, "work", "full", slots))
        take(script, before, values, lead=wording(script, "leads", "write"))
        assistant(script, wording(script, "work", "done", slots))
    user(script, wording(script, "commit", "user"))
    assistant(script, wording(script, "commit", "ask", {"act": closing.words()}))
    values = spoken(script, closing, plan_values(script, closing, script.record) or {})
    yes = wording(script, "commit", "yes")
    user(script, f"{yes} {_capital(say_values(values))}." if values else yes)
    result = take(script, closing, values, lead=wording(script, "leads", "write"))
    assistant(
        script,
        wording(script, "commit", "done") if "error" not in result else f"It was refused: {result['error']}.",
    )


def end(script: Script, read: bool = True) -> None:
    """Read the record back and say goodbye."""
    start_scene(script, "end")
    reader = script.blueprint.find("get", script.blueprint.entity)
    if read and reader and f'{reader.name} {{"{reader.key}": "{script.target}"}}' not in script.fresh:
        user(script, wording(script, "end", "state"))
        call(script, reader, {reader.key: script.target}, wording(script, "leads", "get"))
        assistant(
            script,
            wording(
                script, "end", "report", {"updated": script.record["updated_at"], "values": noted(script)}
            ),
        )
    user(script, wording(script, "end", "thanks"))
    assistant(script, wording(script, "end", "bye"))


def noted(script: Script) -> str:
    """Say the first fields that are filled."""
    skipped = (f"{script.blueprint.entity}_id", "name", "status", "updated_at")
    filled = {
        k: say_value(v)
        for k, v in script.record.items()
        if k not in skipped and v is not None and not k.endswith("_at")
    }
    return (
        wording(script, "end", "noted", {"values": say_values(dict(list(filled.items())[:4]))})
        if filled
        else ""
    )
