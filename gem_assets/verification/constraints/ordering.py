"""The order of calls: what the rules demand first, and what the execution graph says.

Does not belong here: the order of turns (`structure`).
"""

import re

from gem_assets.records.outcome import Reason
from gem_assets.verification.check import Defect
from gem_assets.verification.grounding.identifiers import squash, words_of
from gem_assets.verification.values import leaves, quote
from gem_assets.verification.view import ToolInteraction, TrajectoryView
from gem_assets.verification.words import word_set

_ENTERING = word_set("authenticate login signin verify identify auth")
_ENTERING_NOUNS = word_set(
    "user customer identity client member caller account patient student guest login session"
)
_DEMAND = re.compile(
    r"\b(?:authenticat\w+|verif\w+|identif\w+|log(?:ged|s|ging)?[ -]?in|sign(?:ed|s|"
    r"ing)?[ -]?in)\b[^.\n]{0,120}\b(?:before|first|prior)\b|"
    r"\b(?:before|first|prior to)\b[^.\n]{0,120}\b(?:authenticat\w+|verif\w+ (?:the |their |his |"
    r"a )?(?:\w+ )?(?:identity|user|customer)|"
    r"log(?:ged)?[ -]?in|sign(?:ed)?[ -]?in)\b",
    re.IGNORECASE,
)


def find_broken_order(view: TrajectoryView) -> list[Defect]:
    """Find changes made before the sign-in that the system message demands first, where one follows later."""
    system = view.messages[0].content if view.messages and view.messages[0].role == "system" else ""
    if not _DEMAND.search(system):
        return []
    entering = [interaction for interaction in view.interactions if _enters(interaction)]
    if not entering or not entering[0].succeeded:
        return []
    early = next(
        (
            interaction
            for interaction in view.interactions
            if interaction.index < entering[0].index and interaction.writes and interaction.succeeded
        ),
        None,
    )
    if early is None:
        return []
    evidence = (
        f"Message {early.index} calls {quote(early.call.name)} with success before message "
        f"{entering[0].index} calls "
        f"{quote(entering[0].call.name)}, which the system message demands first."
    )
    return [Defect(Reason.VERIFY_ORDER_BROKEN, evidence, early.index, other_message=entering[0].index)]


def _enters(interaction: ToolInteraction) -> bool:
    words = words_of(interaction.call.name)
    if not words or words[0] not in _ENTERING | {"log", "sign"}:
        return False
    if words[0] in ("log", "sign"):
        return words[1:2] == ("in",)
    return words[0] in ("login", "signin", "authenticate", "auth") or bool(_ENTERING_NOUNS & set(words[1:]))


def find_graph_breaks(view: TrajectoryView) -> list[Defect]:
    """Find calls made against an arrow of the execution graph, where the one to come first follows later."""
    first: dict[str, ToolInteraction] = {}
    for interaction in view.interactions:
        if interaction.succeeded:
            first.setdefault(interaction.call.name, interaction)
    findings: list[Defect] = []
    for edge in view.edges:
        source, target = first.get(edge.source), first.get(edge.target)
        if source and target and target.writes and target.index < source.index and _share(source, target):
            evidence = (
                f"Message {target.index} calls {quote(edge.target)} before message {source.index} calls "
                f"{quote(edge.source)}, which the execution graph puts first."
            )
            findings.append(
                Defect(Reason.VERIFY_GRAPH_ORDER, evidence, target.index, other_message=source.index)
            )
    return findings


def _share(first: ToolInteraction, second: ToolInteraction) -> bool:
    values = [{squash(str(value)) for _, value in leaves(one.call.arguments)} for one in (first, second)]
    return any(len(value) > 2 for value in values[0] & values[1])
