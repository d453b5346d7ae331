"""The scene about a step that applies to some records only: the record decides which branch is taken.

Does not belong here: where conditions come from (`workflow/branches.py`).
"""

from gem_assets.offline.dialogue.dialogue import (
    Script,
    assistant,
    call,
    say_value,
    start_scene,
    user,
    wording,
)
from gem_assets.offline.dialogue.steps_taken import possible_steps, take
from gem_assets.offline.service.blueprint import Capability
from gem_assets.offline.text.nouns import words_of


def branch(script: Script, probe: bool) -> bool:
    """Let the user want a step that does not apply; read the record, say why not, take the other branch."""
    found = _not_applying(script)
    reader = script.blueprint.find("get", script.blueprint.entity)
    if found is None or reader is None or probe:
        return found is not None and reader is not None
    step, flag = found
    start_scene(script, f"branch {step.name}")
    slots = {
        "act": step.words(),
        "flag": words_of(flag),
        "value": say_value(script.record[flag]),
        "rule": step.description.rsplit(". ", 1)[-1],
    }
    user(script, wording(script, "branch", "user", slots))
    call(script, reader, {reader.key: script.target}, wording(script, "leads", "get"))
    other = _other_branch(script, step)
    if other is None:
        assistant(script, wording(script, "branch", "refuse", slots))
        user(script, wording(script, "branch", "yes", slots))
        assistant(script, wording(script, "branch", "after", slots))
        return True
    slots |= {"other": other.words()}
    assistant(script, wording(script, "branch", "instead", slots))
    user(script, wording(script, "branch", "go", slots))
    take(script, other, {}, lead=wording(script, "leads", "write"))
    assistant(script, wording(script, "work", "plain", slots))
    return True


def _not_applying(script: Script) -> tuple[Capability, str] | None:
    """Find a step whose condition the target does not meet."""
    for step in script.blueprint.of_kind("write"):
        own = step.key == f"{script.blueprint.entity}_id"
        if own and step.applies and script.record.get(step.applies[0]) is (not step.applies[1]):
            return step, step.applies[0]
    return None


def _other_branch(script: Script, step: Capability) -> Capability | None:
    """Find the step without fields that applies where another does not."""
    for other in possible_steps(script):
        opposite = step.applies and other.applies == (step.applies[0], not step.applies[1])
        if opposite and not other.fields and not other.references:
            return other
    return None
