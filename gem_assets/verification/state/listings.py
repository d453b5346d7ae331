"""Listings: a list must hold what was created, and what was asked for.

Does not belong here: single records (`state`), totals (`sums`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from gem_assets.records.outcome import Reason
from gem_assets.verification.check import Defect
from gem_assets.verification.grounding.identifiers import singular, squash, words_of
from gem_assets.verification.state.comparing import agree, is_status
from gem_assets.verification.state.entities import Sighting
from gem_assets.verification.state.replay import replay_calls
from gem_assets.verification.values import leaves, quote
from gem_assets.verification.view import ToolInteraction, TrajectoryView
from gem_assets.verification.words import word_set

_UNMAKING = word_set(
    "delete remove cancel archive close move transfer merge void reject complete finish return"
)
# What keeps a list from being all there is.
_PARTIAL = word_set(
    "available open active upcoming past recent latest top next popular pending overdue unread free "
    "history closed "
    "search find query filter suggest recommend lookup archived due nearby"
)
_PAGED = re.compile(
    r"page|cursor|offset|has_more|hasmore|next|truncated|limit|showing|remaining", re.IGNORECASE
)
_TOTALS = word_set("total count total_count total_results totalCount results_count found matches")
_PAGES = (1, 2, 3, 5, 10, 15, 20, 25, 50, 100)


@dataclass(frozen=True)
class _Created:
    interaction: ToolInteraction
    sighting: Sighting
    is_new: bool
    """Made here, not just changed."""


def find_omissions(view: TrajectoryView) -> list[Defect]:
    """Find lists that lack a record made earlier, though nothing filters or pages them."""
    replay = view.shared(replay_calls)
    sightings, first_seen = replay.sightings, replay.first_seen
    created: list[_Created] = []
    findings: list[Defect] = []
    for interaction in view.interactions:
        found = sightings.get(interaction.index, [])
        if interaction.writes and interaction.succeeded:
            created = [made for made in created if not _unmakes(interaction, made)]
            created.extend(_made_by(interaction, found, first_seen))
        elif interaction.succeeded and created:
            findings.extend(_omitted(interaction, found, created))
    return findings


def _made_by(
    interaction: ToolInteraction, found: list[Sighting], first_seen: dict[str, int]
) -> Iterator[_Created]:
    words = words_of(interaction.call.name)
    if _UNMAKING & set(words[:1]):
        return
    named = {squash(str(value)) for _, value in leaves(interaction.call.arguments)}
    nouns = {singular(word) for word in words[1:]}
    for sighting in found:
        fresh = first_seen.get(sighting.key) == interaction.result_index and sighting.key not in named
        changed = sighting.key in named and not sighting.parent
        if (
            (fresh or changed)
            and sighting.sure
            and (sighting.noun in nouns or sighting.path in ("$", "$.data"))
        ):
            yield _Created(interaction, sighting, fresh)


def _unmakes(interaction: ToolInteraction, made: _Created) -> bool:
    if not _UNMAKING & set(words_of(interaction.call.name)):
        return False
    return any(squash(str(value)) == made.sighting.key for _, value in leaves(interaction.call.arguments))


def _omitted(
    interaction: ToolInteraction, found: list[Sighting], created: list[_Created]
) -> Iterator[Defect]:
    words = words_of(interaction.call.name)
    if _PARTIAL & set(words) or not isinstance(interaction.value, dict | list):
        return
    listed = {sighting.key for sighting in found}
    for made in created:
        rows = [row for row in found if row.noun == made.sighting.noun and row.listed_in is not None]
        plural = {singular(word) for word in words}
        if not rows or made.sighting.key in listed or made.sighting.noun not in plural:
            continue
        chosen = _selects(interaction, made) if made.is_new else not interaction.call.arguments
        if chosen and not _is_paged(interaction.value, len(rows)):
            yield _omission(interaction, made)


def _selects(interaction: ToolInteraction, made: _Created) -> bool:
    """Tell whether every argument of a listing fits what was made."""
    known = [
        *made.interaction.call.arguments.values(),
        *made.sighting.fields.values(),
        *made.sighting.others.values(),
    ]
    texts = {squash(str(value)) for value in known if not isinstance(value, dict | list | tuple)}
    return all(
        value is None or squash(str(value)) in texts
        for path, value in leaves(interaction.call.arguments)
        if not isinstance(value, bool) and not is_status(path.rpartition(".")[2])
    ) and not any(is_status(name) for name in interaction.call.arguments)


def _is_paged(value: JsonValue, rows: int) -> bool:
    if not isinstance(value, dict):
        return False
    for path, leaf in leaves(value):
        name = path.rpartition(".")[2]
        if "[" not in path and _PAGED.search(name) and leaf not in (None, False, 1):
            return True
        if (
            "[" not in path
            and name in _TOTALS
            and isinstance(leaf, int)
            and leaf > rows + (rows not in _PAGES)
        ):
            return True
    return False


def _omission(interaction: ToolInteraction, made: _Created) -> Defect:
    evidence = (
        f"Message {interaction.result_index} lists {quote(made.sighting.noun)} records without "
        f"{quote(made.sighting.shown)}, "
        f"which message {made.sighting.message} {'created' if made.is_new else 'changed'}."
    )
    return Defect(
        Reason.VERIFY_LISTING_OMITS,
        evidence,
        interaction.result_index,
        other_message=made.sighting.message,
    )


def find_out_of_filter_rows(view: TrajectoryView) -> list[Defect]:
    """Find rows of a list that differ from what the list was asked for by the same field."""
    sightings = view.shared(replay_calls).sightings
    findings: list[Defect] = []
    for interaction in view.interactions:
        if interaction.writes or not interaction.succeeded:
            continue
        for name, wanted in interaction.call.arguments.items():
            if not isinstance(wanted, str | int) or isinstance(wanted, bool):
                continue
            for row in sightings.get(interaction.index, []):
                value = row.others.get(name) or row.fields.get(name)
                if (
                    row.listed_in
                    and value is not None
                    and not isinstance(value, tuple)
                    and not agree(value, wanted)
                ):
                    evidence = (
                        f"Message {interaction.result_index} lists {quote(row.shown)} with {quote(name)} = "
                        f"{quote(value)}, "
                        f"where {quote(wanted)} was asked for."
                    )
                    findings.append(
                        Defect(
                            Reason.VERIFY_LISTING_FILTER,
                            evidence,
                            interaction.result_index,
                            other_message=interaction.index,
                            path=f"{row.path}.{name}",
                        )
                    )
                    break
    return findings[:10]
