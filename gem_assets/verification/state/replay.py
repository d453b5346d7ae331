"""One pass over the calls of a trajectory with one store of records, shared by the checks that need it.

Does not belong here: what is held against the store (`state`, `exceeding`, `constraints`, `listings`).
"""

from dataclasses import dataclass, field

from gem_assets.verification.check import Defect
from gem_assets.verification.constraints.constraints import Verdict, judge_call, judge_outcome
from gem_assets.verification.state.entities import Sighting, find_records
from gem_assets.verification.state.exceeding import Taken, find_misuse
from gem_assets.verification.state.state import find_contradictions
from gem_assets.verification.state.state_store import Store
from gem_assets.verification.view import TrajectoryView


@dataclass
class Replay:
    """What a pass over the calls leaves: defects, verdicts of predicates, and the records results showed."""

    contradictions: list[Defect] = field(default_factory=list[Defect])
    """Results and calls against what was known of a record."""
    violations: list[Defect] = field(default_factory=list[Defect])
    """Results against the predicates of the constraints."""
    verdicts: list[Verdict] = field(default_factory=list[Verdict])
    sightings: dict[int, list[Sighting]] = field(default_factory=dict[int, list[Sighting]])
    """The records in results, by the message of their call."""
    first_seen: dict[str, int] = field(default_factory=dict[str, int])
    """The message of the first result that shows a record, by the record's key."""


def replay_calls(view: TrajectoryView) -> Replay:
    """Go through the calls in order; each is judged over what was known before it, then entered."""
    replay, store, taken = Replay(), Store(), Taken()
    for interaction in view.interactions:
        verdicts = judge_call(view, store, interaction)
        replay.verdicts.extend(verdicts)
        replay.violations.extend(judge_outcome(view, interaction, verdicts))
        replay.contradictions.extend(find_misuse(store, interaction, taken))
        records = find_records(interaction)
        replay.sightings.setdefault(interaction.index, []).extend(records)
        for record in records:
            replay.first_seen.setdefault(record.key, record.message)
        replay.contradictions.extend(find_contradictions(view, store, interaction, records))
    return replay


def find_contradicted_records(view: TrajectoryView) -> list[Defect]:
    """Find results and calls that contradict what was known of a record."""
    return view.shared(replay_calls).contradictions


def find_violated_constraints(view: TrajectoryView) -> list[Defect]:
    """Find calls that succeed against a constraint's predicate, or are refused within all of them."""
    return view.shared(replay_calls).violations
