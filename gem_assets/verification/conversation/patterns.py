"""The five interaction patterns, seen in the dialogue itself (arXiv 2601.10355, appendix A.3).

Each detector says in its docstring what counts. They are generous, since a pattern can be worded in many
ways, but each asks for something that happened in the dialogue, not for a word alone. Rules and questions
are read in English. Does not belong here: how many patterns are enough (`rule_settings`), the cues themselves
(`cues`), how a text mentions a value (`mentions`).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from gem_assets.records.message import Message
from gem_assets.records.outcome import Reason
from gem_assets.records.tool import Tool
from gem_assets.verification.check import Defect
from gem_assets.verification.conversation.cues import (
    Rule,
    asks,
    asks_confirmation,
    declines,
    is_check,
    is_write,
    offers,
    read_rules,
    states_rule,
)
from gem_assets.verification.conversation.mentions import Text, key_of, mentions, read_text
from gem_assets.verification.values import Scalar, leaves
from gem_assets.verification.view import ToolInteraction, TrajectoryView


@dataclass(frozen=True)
class _Scene:
    """A dialogue with what every detector needs: its texts, its calls, and the choices its tools list."""

    messages: Sequence[Message]
    texts: tuple[Text, ...]
    interactions: tuple[ToolInteraction, ...]
    choices: frozenset[str]
    """Keys of the values that schemas enumerate: they come from the tool, wherever else they appear."""


def find_few_patterns(view: TrajectoryView) -> list[Defect]:
    """Find dialogues with fewer interaction patterns than the settings ask for, where they can be seen."""
    if view.settings.language != "en":
        return []
    shown = find_patterns(view)
    if len(shown) >= view.settings.minimum_patterns:
        return []
    missing = ", ".join(name for name in PATTERNS if name not in shown)
    evidence = (
        f"The dialogue shows {len(shown)} interaction patterns ({', '.join(shown) or 'none'}), "
        f"fewer than {view.settings.minimum_patterns}; not seen: {missing}."
    )
    return [Defect(Reason.RULE_FEW_PATTERNS, evidence)]


def find_patterns(view: TrajectoryView) -> tuple[str, ...]:
    """Name the patterns a dialogue shows, each once, in the order of the generation prompt."""
    scene = _Scene(
        messages=view.messages,
        texts=tuple(read_text(message.content) for message in view.messages),
        interactions=view.interactions,
        choices=_choices(view.tools),
    )
    return tuple(name for name, shows in _DETECTORS.items() if shows(scene))


def _choices(tools: Sequence[Tool]) -> frozenset[str]:
    keys: set[str] = set()
    stack: list[Any] = [tool.parameters for tool in tools]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(cast(list[Any], node))
        elif isinstance(node, dict):
            for name, child in cast(dict[str, Any], node).items():
                if name in ("enum", "const", "default"):
                    keys.update(key_of(value) for _, value in leaves(child))
                elif isinstance(child, dict | list):
                    stack.append(child)
    return frozenset(keys)


def _shows_rule_conflict(scene: _Scene) -> bool:
    """Count a request that the assistant declines for a rule, with another way or a question instead.

    Nothing was changed since the request: the forbidden call was not made.
    """
    rules = _rules(scene)
    for index, message in enumerate(scene.messages):
        if message.role != "assistant" or message.tool_calls or not declines(message.content, rules):
            continue
        request = _last_user_before(scene, index)
        changed = any(
            request < interaction.index < index and is_write(interaction.call.name) and not interaction.failed
            for interaction in scene.interactions
        )
        if request >= 0 and not changed and (offers(message.content) or asks(message.content)):
            return True
    return False


def _shows_error_recovery(scene: _Scene) -> bool:
    """Count an error result and, later, a result without error that serves what failed.

    It comes from the same tool, or from another one that is given an argument value of the failed call.
    """
    for place, failed in enumerate(scene.interactions):
        if not failed.failed:
            continue
        values = _significant_keys(failed)
        for later in scene.interactions[place + 1 :]:
            if later.result is None or later.failed:
                continue
            if later.call.name == failed.call.name or values & _significant_keys(later):
                return True
    return False


def _shows_clarification(scene: _Scene) -> bool:
    """Count a question without a call that the user answers with a value a later call uses.

    The value is in no earlier message of the user. "Anything else?" is no question.
    """
    messages = scene.messages
    for index in range(1, len(messages) - 1):
        question, answer = messages[index], messages[index + 1]
        if question.role != "assistant" or question.tool_calls or answer.role != "user":
            continue
        if asks(question.content) and _is_used_later(scene, index + 1):
            return True
    return False


def _is_used_later(scene: _Scene, answer: int) -> bool:
    earlier = [scene.texts[place] for place in range(answer) if scene.messages[place].role == "user"]
    values = (
        value
        for interaction in scene.interactions
        if interaction.index > answer
        for _, value in leaves(interaction.call.arguments)
    )
    return any(
        mentions(scene.texts[answer], value) and not any(mentions(text, value) for text in earlier)
        for value in values
    )


def _shows_multi_hop(scene: _Scene) -> bool:
    """Count a result whose value feeds a later call, or several results combined in one reply.

    The value is in no text of the user or the system message, in no earlier call and in no list of choices,
    so it came from the result.
    """
    return _result_feeds_call(scene) or _reply_combines_results(scene)


def _result_feeds_call(scene: _Scene) -> bool:
    passed: set[str] = set()
    produced: dict[str, int] = {}
    for interaction in scene.interactions:
        for _, value in leaves(interaction.call.arguments):
            key = key_of(value)
            if produced.get(key, interaction.index) < interaction.index and not _is_given(
                scene, value, interaction.index
            ):
                return True
            passed.add(key)
        if interaction.result_index is not None and not interaction.failed:
            keys = _produced_keys(scene, interaction) - passed
            produced |= {key: interaction.result_index for key in keys if key not in produced}
    return False


def _reply_combines_results(scene: _Scene) -> bool:
    for index, message in enumerate(scene.messages):
        if message.role == "assistant" and not message.tool_calls:
            request = _last_user_before(scene, index)
            uses = [
                interaction
                for interaction in scene.interactions
                if request < interaction.index < index and not interaction.failed
            ]
            if len(uses) > 1 and _count_sources(scene, uses, index) > 1:
                return True
    return False


def _count_sources(scene: _Scene, uses: Sequence[ToolInteraction], reply: int) -> int:
    """Count the results that a reply takes a value from which no other of them and no request holds."""
    keys = [_produced_keys(scene, interaction) for interaction in uses]
    times = Counter(key for found in keys for key in found)
    line = scene.texts[reply].line
    return sum(
        any(times[key] == 1 and f" {key} " in line and not _is_given(scene, key, reply) for key in found)
        for found in keys
    )


def _shows_rule_awareness(scene: _Scene) -> bool:
    """Count a call that changes something after the assistant asked for a yes, stated a rule, or checked one.

    Asked: in its last reply before the user's. Stated: there or since, up to the call's own message. Checked:
    by a tool that checks, with a value the call has too.
    """
    rules = _rules(scene)
    for place, interaction in enumerate(scene.interactions):
        if not is_write(interaction.call.name):
            continue
        request = _last_user_before(scene, interaction.index)
        reply = scene.messages[request - 1].content if request > 1 else ""
        said = [
            message.content
            for message in scene.messages[request + 1 : interaction.index + 1]
            if message.role == "assistant"
        ]
        if asks_confirmation(reply) or any(states_rule(text, rules) for text in (reply, *said)):
            return True
        values = _significant_keys(interaction)
        if any(
            is_check(earlier.call.name) and values & _significant_keys(earlier)
            for earlier in scene.interactions[:place]
        ):
            return True
    return False


def _rules(scene: _Scene) -> list[Rule]:
    return [
        rule for message in scene.messages if message.role == "system" for rule in read_rules(message.content)
    ]


def _last_user_before(scene: _Scene, index: int) -> int:
    return next((place for place in range(index - 1, -1, -1) if scene.messages[place].role == "user"), -1)


def _significant_keys(interaction: ToolInteraction) -> set[str]:
    return {key_of(value) for _, value in leaves(interaction.call.arguments) if _is_significant(value)}


def _produced_keys(scene: _Scene, interaction: ToolInteraction) -> set[str]:
    """Give the keys of what a result holds; a result in prose is cut into its words with digits."""
    if interaction.result is None:
        return set()
    found = interaction.value
    values = _words_with_digits(found) if isinstance(found, str) else [value for _, value in leaves(found)]
    return {key_of(value) for value in values if _is_significant(value)} - scene.choices - {""}


def _is_significant(value: Scalar) -> bool:
    """Leave out what says too little to be recognised: yes and no, single digits, a letter or two."""
    if value is None or isinstance(value, bool):
        return False
    return len(value) > 2 if isinstance(value, str) else abs(value) >= 10


def _is_given(scene: _Scene, value: Scalar, index: int) -> bool:
    """Tell whether the system message or the user said a value before a message."""
    given = (place for place in range(index) if scene.messages[place].role in ("system", "user"))
    return any(mentions(scene.texts[place], value) for place in given)


def _words_with_digits(text: str) -> list[str]:
    return [word for word in text.split() if any(letter.isdecimal() for letter in word)]


_DETECTORS: dict[str, Callable[[_Scene], bool]] = {
    "rule_conflict": _shows_rule_conflict,
    "error_recovery": _shows_error_recovery,
    "clarification": _shows_clarification,
    "multi_hop": _shows_multi_hop,
    "rule_awareness": _shows_rule_awareness,
}
PATTERNS = tuple(_DETECTORS)
