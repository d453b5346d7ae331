"""Where every value of every call's arguments comes from, and what is to be said of those from nowhere.

A value is looked up in what was said before its call: user, system message, results, the assistant's own
proposals once answered. Does not belong here: the look-up (`origins`).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic import JsonValue

from gem_assets.records.judgement import ArgumentSource
from gem_assets.records.outcome import Reason
from gem_assets.verification.check import Defect
from gem_assets.verification.grounding.context import tells_of_a_domain
from gem_assets.verification.grounding.derivations import read_date
from gem_assets.verification.grounding.grounding import find_id, is_id_argument
from gem_assets.verification.grounding.identifiers import (
    family_of,
    id_noun,
    is_id_value,
    looks_like_id,
    squash,
)
from gem_assets.verification.grounding.ledger import enter_result, enter_text
from gem_assets.verification.grounding.origins import TIME, Argument, Origin, Trace, find_origin
from gem_assets.verification.grounding.quoted import find_mixed_unit, find_unknown_amounts
from gem_assets.verification.values import Scalar, leaves, quote
from gem_assets.verification.view import ToolInteraction, TrajectoryView

_JOINED = re.compile(r"[^\W_]+(?:[-_#][^\W_]+)*")


def find_unsourced_values(view: TrajectoryView) -> list[Defect]:
    """Find argument values and amounts that nothing before them holds or yields."""
    return view.shared(trace_arguments).unsourced


def find_early_identifiers(view: TrajectoryView) -> list[Defect]:
    """Find identifiers used before the result that brings them into being."""
    return view.shared(trace_arguments).early


def trace_arguments(view: TrajectoryView) -> Trace:
    """Find the source of every argument value, and note those that have none."""
    trace = Trace()
    by_message: dict[int, list[ToolInteraction]] = {}
    by_result: dict[int, ToolInteraction] = {}
    for interaction in view.interactions:
        by_message.setdefault(interaction.index, []).append(interaction)
        if interaction.result_index is not None:
            by_result[interaction.result_index] = interaction
    for index, message in enumerate(view.messages):
        if message.role == "assistant":
            trace.unsourced.extend(
                find_unknown_amounts(trace.said, lambda: trace.proposed, index, message.content)
            )
            trace.unanswered.append((index, message.content))
            for interaction in by_message.get(index, ()):
                _trace_call(trace, view, interaction)
        elif message.role == "tool":
            _enter_tool_message(trace, view, index, by_result.get(index))
        else:
            _enter_speech(trace, index, message.role, message.content)
    return trace


def _enter_tool_message(
    trace: Trace, view: TrajectoryView, index: int, interaction: ToolInteraction | None
) -> None:
    if interaction is None:
        enter_text(trace.said, index, "result", view.messages[index].content)
    else:
        enter_result(trace.said, index, interaction.value)
        for path, value in leaves(interaction.value):
            noun = id_noun(path.rpartition(".")[2].split("[")[0])
            if noun is not None and is_id_value(value):
                trace.shown.add(noun)
                trace.shown_ids.add(squash(str(value)))


def _enter_speech(trace: Trace, index: int, role: str, text: str) -> None:
    if role == "user":
        trace.answered.extend(trace.unanswered)
        trace.unanswered.clear()
    enter_text(trace.said, index, "system" if role == "system" else "user", text)


def _trace_call(trace: Trace, view: TrajectoryView, interaction: ToolInteraction) -> None:
    tool = view.tools_by_name.get(interaction.call.name)
    schema = tool.parameters if tool else {}
    described = tool.description if tool else ""
    for argument in _arguments(interaction, schema):
        origin = find_origin(trace, argument, described)
        trace.sources.append(_source(argument, origin))
        _report_mixed_unit(trace, argument)
        if origin.kind == "ungrounded":
            _report(trace, view, argument)
        elif origin.kind == "composed" and isinstance(argument.value, str):
            _report_ids_in_text(trace, argument)


def _arguments(interaction: ToolInteraction, schema: Mapping[str, Any]) -> Iterator[Argument]:
    definitions = _mapping(schema.get("$defs")) or _mapping(schema.get("definitions"))
    stack: list[tuple[str, str, JsonValue, Mapping[str, Any]]] = [
        ("$", "", cast(JsonValue, interaction.call.arguments), schema)
    ]
    while stack:
        path, key, value, node = stack.pop()
        node = _resolve(node, definitions)
        if isinstance(value, dict):
            properties = _mapping(node.get("properties"))
            for name, child in reversed(value.items()):
                stack.append((f"{path}.{name}", name, child, _mapping(properties.get(name))))
        elif isinstance(value, list):
            items = _mapping(node.get("items"))
            stack.extend((f"{path}[{at}]", key, value[at], items) for at in reversed(range(len(value))))
        else:
            yield Argument(interaction, path, key, value, node)


def _resolve(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = node.get("$ref")
    return _mapping(definitions.get(reference.rpartition("/")[2])) if isinstance(reference, str) else node


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any part of a schema
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}


def _source(argument: Argument, origin: Origin) -> ArgumentSource:
    spot = origin.spot
    return ArgumentSource(
        call_message=argument.interaction.index,
        call_id=argument.interaction.call.call_id,
        tool=argument.interaction.call.name,
        path=argument.path,
        value=quote(argument.value),
        kind=origin.kind,
        message=spot.message if spot else None,
        source_path=spot.path if spot else None,
        span=spot.span if spot else None,
        derivation=origin.derivation,
    )


def _report(trace: Trace, view: TrajectoryView, argument: Argument) -> None:
    value, interaction = argument.value, argument.interaction
    key = squash(str(value))
    if key in trace.reported:
        return
    trace.reported.add(key)
    call, path = quote(interaction.call.name), quote(argument.path)[1:-1]
    where = f"Message {interaction.index} calls {call} with {path} = {quote(value)}"
    if is_id_argument(argument.key, value, trace.said):
        _report_id(trace, view, argument, where)
        return
    reason, what = _kind_of_ungrounded(value)
    evidence = f"{where}: {what} that nobody said, no earlier result holds, and nothing said before yields."
    trace.unsourced.append(Defect(reason, evidence, interaction.index, path=argument.path))


def _kind_of_ungrounded(value: Scalar) -> tuple[Reason, str]:
    if not isinstance(value, str):
        return Reason.VERIFY_UNGROUNDED_NUMBER, "a number"
    if read_date(value) or TIME.fullmatch(value):
        return Reason.VERIFY_UNGROUNDED_DATE, "a date or time"
    return Reason.VERIFY_UNGROUNDED_NAME, "a text"


def _report_id(trace: Trace, view: TrajectoryView, argument: Argument, where: str) -> None:
    interaction = argument.interaction
    created = _created_later(view, interaction, str(argument.value))
    if created is not None and not interaction.failed:
        reason, defects = Reason.VERIFY_ID_BEFORE_CREATED, trace.early
        evidence = f"{where}; this identifier comes into being only with the result in message {created}."
    else:
        open_world = interaction.failed or not _could_be_known(trace, view, argument)
        reason = Reason.VERIFY_GUESSED_ID if open_world else Reason.VERIFY_UNGROUNDED_ID
        defects = trace.unsourced
        evidence = f"{where}: an identifier that nobody said and no earlier result holds."
    defects.append(Defect(reason, evidence, interaction.index, path=argument.path, other_message=created))


def _could_be_known(trace: Trace, view: TrajectoryView, argument: Argument) -> bool:
    """Tell whether the dialogue shows where such an identifier comes from, so that a strange one is a fault.

    A system message about a domain holds all that the assistant was told. Without one (a dialogue cut out of
    its context), or with one that speaks of behaviour and calls alone, only a kind of identifier that results
    have shown can be judged.
    """
    first = view.messages[0]
    if first.role == "system" and tells_of_a_domain(first.content):
        return True
    noun = id_noun(argument.key)
    return noun in trace.shown or any(
        shown.startswith(family_of(argument.value)) and family_of(argument.value) for shown in trace.shown_ids
    )


def _created_later(view: TrajectoryView, interaction: ToolInteraction, value: str) -> int | None:
    """Find a later change whose result holds an identifier that its own arguments do not."""
    wanted = squash(value)
    for later in view.interactions:
        if later.index <= interaction.index or later.result_index is None or not later.writes:
            continue
        text = view.messages[later.result_index].content
        if value in text and wanted not in squash(quote(later.call.arguments)):
            return later.result_index
    return None


def _report_mixed_unit(trace: Trace, argument: Argument) -> None:
    other = find_mixed_unit(trace.said, argument.key, argument.value)
    if other is None:
        return
    index, path = argument.interaction.index, quote(argument.path)[1:-1]
    call = f"Message {index} calls {quote(argument.interaction.call.name)}"
    evidence = f"{call} with {path} = {quote(argument.value)}; said was {quote(other)}."
    trace.unsourced.append(Defect(Reason.VERIFY_UNIT_MIXED, evidence, index, path=argument.path))


def _report_ids_in_text(trace: Trace, argument: Argument) -> None:
    for word in _JOINED.findall(str(argument.value)):
        if looks_like_id(word) and id_noun(argument.key) is None and not find_id(trace.said, word):
            evidence = (
                f"Message {argument.interaction.index} calls {quote(argument.interaction.call.name)}: "
                f"the text of {quote(argument.path)[1:-1]} names {quote(word)}, which nobody said "
                f"and no earlier result holds."
            )
            trace.unsourced.append(
                Defect(
                    Reason.VERIFY_UNGROUNDED_TEXT, evidence, argument.interaction.index, path=argument.path
                )
            )
