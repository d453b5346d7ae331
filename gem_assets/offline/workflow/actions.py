"""Steps -> actions: what a service would have to do for them, with the parameters gathered from around them.

Clicking and navigating are no actions of their own; a button says what it does ("Submit"), fields belong to
the action they prepare. Does not belong here: tool schemas (`tools.py`).
"""

import re
from dataclasses import dataclass, replace
from functools import cache

from gem_assets.offline.text.blocks import sentences
from gem_assets.offline.text.fields import bounded, fields_of, labelled, merge
from gem_assets.offline.text.lexicon import in_group, is_base_form, verb_class, word_set
from gem_assets.offline.text.nouns import is_thing, name_of, plural_name, short_name
from gem_assets.offline.text.parameters import Parameter
from gem_assets.offline.text.steps import Section, Step
from gem_assets.offline.workflow.branches import state_condition

WORDS = "tool_words.toml"

_ACTING = frozenset(["create", "change", "remove", "send", "set", "run", "read"])
_CAPITALS = re.compile(
    r"^(?:on |the |on the )?((?:[A-Z][\w'’-]*)(?: (?:[A-Z][\w'’-]*|a|an|the|to|as|for|my))*)"
)
_LABEL = re.compile(r"⟦([^⟧]{2,40})⟧")
_TARGET = re.compile(r"\s+(?:to|into|from|for|on|in|of|against|under)\s")


def tool_verb(verb: str) -> str:
    """Call a verb of the text as tools do: `log_in` -> authenticate; most stay as they are."""
    return _synonyms().get(verb, verb)


@cache
def _synonyms() -> dict[str, str]:
    return dict(pair.split("=") for pair in word_set(WORDS, "synonyms"))


@dataclass(frozen=True)
class Action:
    """What a service does for a step: verb and object in snake_case, parameters, and the step's words."""

    verb: str
    noun: str
    parameters: tuple[Parameter, ...]
    text: str
    optional: bool = False
    topic: str = ""
    condition: str = ""
    """When the step applies, as its tool's description says it (`branches.py`)."""

    @property
    def name(self) -> str:
        """The name of the tool that does it."""
        return f"{'create' if self.verb == self.noun else self.verb}_{self.noun}"


@dataclass
class _Gathering:
    """Actions found so far in a section, and fields that wait for the action they belong to."""

    entity: str
    actions: list[Action]
    pending: list[Parameter]
    pending_text: str = ""
    topic: str = ""
    block: int = -1
    condition: str = ""


def read_actions(section: Section, entity: str) -> list[Action]:
    """Read the actions of a section, in order; objects the text leaves out are `entity`."""
    gathering = _Gathering(entity, [], [])
    ordered = sum(step.instruction.voice == "imperative" for step in section.steps)
    for step in section.steps:
        if step.instruction.voice == "passive" and ordered > 3:
            continue
        if step.block != gathering.block:
            _flush(gathering)
            gathering.block, gathering.topic = step.block, ""
        _take_step(gathering, step, section, entity)
    _flush(gathering)
    return [_with_notes(action, section) for action in gathering.actions]


def _take_step(gathering: _Gathering, step: Step, section: Section, entity: str) -> None:
    clause = step.instruction.condition or step.sentence.text
    gathering.condition = state_condition(clause, gathering.condition)
    group = verb_class(step.instruction.verb)
    label = _label_of(step) if group in ("press", "navigate", "choose", "run", "input") else ""
    pressed = _pressed_action(label, entity) if group in ("press", "navigate", "choose") else None
    fields = fields_of(step, section, group or "")
    if pressed:
        _add_action(gathering, Action(*pressed, (), step.text, step.instruction.optional), fields)
        return
    if group in ("press", "navigate"):
        gathering.topic = name_of(label) or gathering.topic
        return
    if group in ("input", "choose") or (group == "set" and fields):
        _take_fields(gathering, fields, step)
        return
    if group in _ACTING and not in_group("skipped", step.instruction.verb):
        named = _verb_and_noun(step, entity)
        if named:
            _add_action(gathering, Action(*named, (), step.text, step.instruction.optional), fields)


def _take_fields(gathering: _Gathering, fields: tuple[Parameter, ...], step: Step) -> None:
    last = gathering.actions[-1] if gathering.actions else None
    open_action = last and gathering.pending_text == "" and last.topic == f"block {gathering.block}"
    if (
        fields
        and last
        and open_action
        and verb_class(last.verb) not in ("read",)
        and last.verb != "authenticate"
    ):
        gathering.actions[-1] = replace(last, parameters=merge(last.parameters, fields))
        return
    gathering.pending = list(merge(tuple(gathering.pending), fields))
    gathering.pending_text = gathering.pending_text or step.text


def _add_action(gathering: _Gathering, action: Action, fields: tuple[Parameter, ...]) -> None:
    """Append an action; fields that wait go to it when it commits them, else into one of their own."""
    if gathering.pending and in_group("commit", action.verb) and action.noun == gathering.entity:
        fields = merge(tuple(gathering.pending), fields)
        gathering.pending, gathering.pending_text = [], ""
    elif gathering.pending:
        _flush(gathering)
    gathering.actions.append(
        replace(action, parameters=fields, topic=f"block {gathering.block}", condition=gathering.condition)
    )


def _flush(gathering: _Gathering) -> None:
    """Turn fields that no action took into `set_…`."""
    fields, gathering.pending = tuple(gathering.pending), []
    text, gathering.pending_text = gathering.pending_text, ""
    if not fields:
        return
    if len(fields) == 1:
        noun = fields[0].name
    else:
        noun = f"{gathering.topic if is_thing(gathering.topic) else gathering.entity}_details"
        if any(action.noun == noun for action in gathering.actions):
            noun = f"{short_name(fields[0].name)}_details"
    gathering.actions.append(Action("set", noun, fields, text, topic="set"))


def _label_of(step: Step) -> str:
    marked = _LABEL.search(step.instruction.rest)
    if marked and marked.start() < 30:
        return marked[1]
    if "▸" in step.instruction.rest or verb_class(step.instruction.verb) != "press":
        return ""
    capitals = _CAPITALS.match(step.instruction.rest)
    return capitals[1] if capitals and capitals[1].lower() not in word_set("verb_lists.toml", "nouny") else ""


def _pressed_action(label: str, entity: str) -> tuple[str, str] | None:
    """Read what a button does: `Cancel return` -> (cancel, return), `New claim` -> (create, claim)."""
    words = re.findall(r"[A-Za-z][A-Za-z'-]*", label.split("▸")[-1].split(">")[-1])
    if not words or len(words) > 4:
        return None
    verb = words[0].lower()
    rest = name_of(" ".join(words[1:]))
    if verb == "new" and rest:
        return "create", rest
    if verb in ("done", "ok"):
        return None
    joined = f"{verb}_{words[1].lower()}" if len(words) > 1 else ""
    if in_group("skipped", joined):
        return None
    if (verb_class(joined) and tool_verb(joined) != joined) or joined in (
        "check_in",
        "check_out",
        "roll_back",
        "back_up",
    ):
        return tool_verb(joined), name_of(" ".join(words[2:])) or entity
    if not is_base_form(verb) or verb_class(verb) not in _ACTING or in_group("skipped", verb):
        return None
    bare = _is_bare(verb, entity) and (len(words) == 1 or not rest or in_group("generic", rest))
    return (tool_verb(verb), rest) if is_thing(rest) else (tool_verb(verb), entity) if bare else None


def _is_bare(verb: str, entity: str) -> bool:
    """Say whether a verb without an object is meant of the record itself."""
    return in_group("bare", verb) and (entity != "setting" or in_group("of_settings", verb))


def _verb_and_noun(step: Step, entity: str) -> tuple[str, str] | None:
    verb = step.instruction.verb.replace("-", "_")
    rest = re.sub(r"^(?:up to|at most|as many as|no more than) ", "", step.instruction.rest)
    particle = re.match(r"^(?:⟦[^⟧]+⟧ |(?:[\w-]+ ){0,4}?)(on|off)\b", rest)
    if verb in ("turn", "switch") and particle:
        verb = "enable" if particle[1] == "on" else "disable"
        rest = re.sub(r"^(?:it |them )?(?:on|off)\s+(?:for )?|\s(?:on|off)\b", "", rest, count=1)
    verb = tool_verb(verb)
    if verb == "authenticate":
        return verb, "user"
    noun = name_of(_TARGET.split(rest)[0])
    noun = re.sub(r"_(?:number|code|id)$", "", noun)
    if re.match(r"(?:it|them)\b", rest):
        noun = entity
    if (in_group("generic", noun) or not noun) and _is_bare(verb, entity):
        return verb, entity
    if not is_thing(noun):
        return None
    if noun == entity:
        return verb, entity
    plural_form = plural_name(noun)
    return verb, plural_form if plural_form.split("_")[-1] in rest[:60].lower().split() else noun


def _with_notes(action: Action, section: Section) -> Action:
    """Add what the other sentences of the block say about the parameters: ranges, limits, more labels."""
    index = (
        int(action.topic.removeprefix("block "))
        if action.topic.startswith("block ")
        else _block_of(action, section)
    )
    if not 0 <= index < len(section.blocks):
        return action
    parameters = action.parameters
    for sentence in sentences(section.blocks[index].raw):
        if action.verb == "set":
            parameters = merge(parameters, labelled(sentence))
        rivals = [p.name for p in parameters]
        parameters = tuple(bounded(p, sentence.text, rivals) for p in parameters)
    return replace(action, parameters=parameters)


def _block_of(action: Action, section: Section) -> int:
    return next((step.block for step in section.steps if step.text == action.text), -1)
