"""Where every value of every call's arguments comes from, and what is to be said of those from nowhere.

A value is looked up in what was said before its call: user, system message, results, the assistant's own
proposals once answered. Does not belong here: the look-up (`origins`).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic import JsonValue

from gem_assets.records.judgement import ArgumentSource, Finding
from gem_assets.records.outcome import Reason
from gem_assets.verification.finding_levels import make_finding
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
from gem_assets.verification.material import Exchange, Material
from gem_assets.verification.values import Scalar, leaves, quote

_JOINED = re.compile(r"[^\W_]+(?:[-_#][^\W_]+)*")


def trace_arguments(material: Material) -> tuple[list[ArgumentSource], list[Finding]]:
    """Find the source of every argument value, and report those that have none."""
    trace = Trace()
    by_message: dict[int, list[Exchange]] = {}
    by_result: dict[int, Exchange] = {}
    for exchange in material.exchanges:
        by_message.setdefault(exchange.index, []).append(exchange)
        if exchange.result_index is not None:
            by_result[exchange.result_index] = exchange
    for index, message in enumerate(material.messages):
        if message.role == "assistant":
            trace.findings.extend(
                find_unknown_amounts(trace.said, lambda: trace.proposed, index, message.content)
            )
            trace.unanswered.append((index, message.content))
            for exchange in by_message.get(index, ()):
                _trace_call(trace, material, exchange)
        elif message.role == "tool":
            _enter_tool_message(trace, material, index, by_result.get(index))
        else:
            _enter_speech(trace, index, message.role, message.content)
    return trace.sources, trace.findings


def _enter_tool_message(trace: Trace, material: Material, index: int, exchange: Exchange | None) -> None:
    if exchange is None:
        enter_text(trace.said, index, "result", material.messages[index].content)
    else:
        enter_result(trace.said, index, exchange.value)
        for path, value in leaves(exchange.value):
            noun = id_noun(path.rpartition(".")[2].split("[")[0])
            if noun is not None and is_id_value(value):
                trace.shown.add(noun)
                trace.shown_ids.add(squash(str(value)))


def _enter_speech(trace: Trace, index: int, role: str, text: str) -> None:
    if role == "user":
        trace.answered.extend(trace.unanswered)
        trace.unanswered.clear()
    enter_text(trace.said, index, "system" if role == "system" else "user", text)


def _trace_call(trace: Trace, material: Material, exchange: Exchange) -> None:
    tool = material.tools.get(exchange.call.name)
    schema = tool.parameters if tool else {}
    described = tool.description if tool else ""
    for argument in _arguments(exchange, schema):
        origin = find_origin(trace, argument, described)
        trace.sources.append(_source(argument, origin))
        _report_mixed_unit(trace, argument)
        if origin.kind == "ungrounded":
            _report(trace, material, argument)
        elif origin.kind == "composed" and isinstance(argument.value, str):
            _report_ids_in_text(trace, argument)


def _arguments(exchange: Exchange, schema: Mapping[str, Any]) -> Iterator[Argument]:
    definitions = _mapping(schema.get("$defs")) or _mapping(schema.get("definitions"))
    stack: list[tuple[str, str, JsonValue, Mapping[str, Any]]] = [
        ("$", "", cast(JsonValue, exchange.call.arguments), schema)
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
            yield Argument(exchange, path, key, value, node)


def _resolve(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = node.get("$ref")
    return _mapping(definitions.get(reference.rpartition("/")[2])) if isinstance(reference, str) else node


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any part of a schema
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}


def _source(argument: Argument, origin: Origin) -> ArgumentSource:
    spot = origin.spot
    return ArgumentSource(
        call_message=argument.exchange.index,
        call_id=argument.exchange.call.call_id,
        tool=argument.exchange.call.name,
        path=argument.path,
        value=quote(argument.value),
        kind=origin.kind,
        message=spot.message if spot else None,
        source_path=spot.path if spot else None,
        span=spot.span if spot else None,
        derivation=origin.derivation,
    )


def _report(trace: Trace, material: Material, argument: Argument) -> None:
    value, exchange = argument.value, argument.exchange
    key = squash(str(value))
    if key in trace.reported:
        return
    trace.reported.add(key)
    call, path = quote(exchange.call.name), quote(argument.path)[1:-1]
    where = f"Message {exchange.index} calls {call} with {path} = {quote(value)}"
    if is_id_argument(argument.key, value, trace.said):
        _report_id(trace, material, argument, where)
        return
    reason, what = _kind_of_ungrounded(value)
    evidence = f"{where}: {what} that nobody said, no earlier result holds, and nothing said before yields."
    trace.findings.append(make_finding(reason, evidence, exchange.index, path=argument.path))


def _kind_of_ungrounded(value: Scalar) -> tuple[Reason, str]:
    if not isinstance(value, str):
        return Reason.VERIFY_UNGROUNDED_NUMBER, "a number"
    if read_date(value) or TIME.fullmatch(value):
        return Reason.VERIFY_UNGROUNDED_DATE, "a date or time"
    return Reason.VERIFY_UNGROUNDED_NAME, "a text"


def _report_id(trace: Trace, material: Material, argument: Argument, where: str) -> None:
    exchange = argument.exchange
    created = _created_later(material, exchange, str(argument.value))
    if created is not None and not exchange.failed:
        reason = Reason.VERIFY_ID_BEFORE_CREATED
        evidence = f"{where}; this identifier comes into being only with the result in message {created}."
    else:
        open_world = exchange.failed or not _could_be_known(trace, material, argument)
        reason = Reason.VERIFY_GUESSED_ID if open_world else Reason.VERIFY_UNGROUNDED_ID
        evidence = f"{where}: an identifier that nobody said and no earlier result holds."
    trace.findings.append(
        make_finding(reason, evidence, exchange.index, path=argument.path, other_message=created)
    )


def _could_be_known(trace: Trace, material: Material, argument: Argument) -> bool:
    """Tell whether the dialogue shows where such an identifier comes from, so that a strange one is a fault.

    A system message about a domain holds all that the assistant was told. Without one (a dialogue cut out of
    its context), or with one that speaks of behaviour and calls alone, only a kind of identifier that results
    have shown can be judged.
    """
    first = material.messages[0]
    if first.role == "system" and tells_of_a_domain(first.content):
        return True
    noun = id_noun(argument.key)
    return noun in trace.shown or any(
        shown.startswith(family_of(argument.value)) and family_of(argument.value) for shown in trace.shown_ids
    )


def _created_later(material: Material, exchange: Exchange, value: str) -> int | None:
    """Find a later change whose result holds an identifier that its own arguments do not."""
    wanted = squash(value)
    for later in material.exchanges:
        if later.index <= exchange.index or later.result_index is None or not later.writes:
            continue
        text = material.messages[later.result_index].content
        if value in text and wanted not in squash(quote(later.call.arguments)):
            return later.result_index
    return None


def _report_mixed_unit(trace: Trace, argument: Argument) -> None:
    other = find_mixed_unit(trace.said, argument.key, argument.value)
    if other is None:
        return
    index, path = argument.exchange.index, quote(argument.path)[1:-1]
    call = f"Message {index} calls {quote(argument.exchange.call.name)}"
    evidence = f"{call} with {path} = {quote(argument.value)}; said was {quote(other)}."
    trace.findings.append(make_finding(Reason.VERIFY_UNIT_MIXED, evidence, index, path=argument.path))


def _report_ids_in_text(trace: Trace, argument: Argument) -> None:
    for word in _JOINED.findall(str(argument.value)):
        if looks_like_id(word) and id_noun(argument.key) is None and not find_id(trace.said, word):
            evidence = (
                f"Message {argument.exchange.index} calls {quote(argument.exchange.call.name)}: the text of "
                f"{quote(argument.path)[1:-1]} names {quote(word)}, which nobody said and no earlier "
                f"result holds."
            )
            trace.findings.append(
                make_finding(
                    Reason.VERIFY_UNGROUNDED_TEXT, evidence, argument.exchange.index, path=argument.path
                )
            )
