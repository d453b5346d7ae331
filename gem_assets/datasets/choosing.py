"""Choose: each trajectory a recipe could take is kept, with a split, or rejected with what shows why.

Pure over candidates; reading, writing and figures are elsewhere (`candidates`, `dataset_files`, `diversity`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from gem_assets.datasets.benchmarks import Benchmarks
from gem_assets.datasets.candidates import Candidate
from gem_assets.datasets.contamination import Hit, find_contamination
from gem_assets.datasets.near_duplicates import NearDuplicateIndex
from gem_assets.datasets.recipes import Recipe, Split
from gem_assets.datasets.shingles import Sketch, sketch
from gem_assets.datasets.splits import assign_splits, group_documents
from gem_assets.datasets.turn_order import find_turn_fault
from gem_assets.records.outcome import Reason
from gem_assets.settings import RuleSettings
from gem_assets.verification.registry import RULES, run_checks
from gem_assets.verification.view import TrajectoryView


@dataclass(frozen=True)
class Choice:
    """What became of one candidate. Exactly one of `reason` and `split` is set."""

    candidate: Candidate
    reason: Reason | None = None
    evidence: str | None = None
    matched: Candidate | None = None
    similarity: float | None = None
    hits: tuple[Hit, ...] = ()
    split: Split | None = None
    document_group: str | None = None


@dataclass
class _Seen:
    """What was kept so far, to compare the next with."""

    kept: list[Candidate] = field(default_factory=list)
    document: NearDuplicateIndex = field(default_factory=NearDuplicateIndex)
    tools: NearDuplicateIndex = field(default_factory=NearDuplicateIndex)
    dialogue: NearDuplicateIndex = field(default_factory=NearDuplicateIndex)
    alike: list[tuple[str, str]] = field(default_factory=list)
    """Documents that must share a split."""


_VIEWS = (
    ("document", Reason.DATASET_DUPLICATE_DOCUMENT, "source text"),
    ("tools", Reason.DATASET_DUPLICATE_TOOLS, "tools"),
    ("dialogue", Reason.DATASET_DUPLICATE_DIALOGUE, "dialogue"),
)


def choose(
    candidates: Iterable[Candidate], recipe: Recipe, benchmarks: Benchmarks, rules: RuleSettings
) -> list[Choice]:
    """Judge candidates in their order: of two that are alike the first stays."""
    seen = _Seen()
    choices = [_judge(candidate, recipe, benchmarks, rules, seen) for candidate in candidates]
    groups = group_documents((kept.document_id for kept in seen.kept), seen.alike)
    splits = assign_splits(groups, recipe.splits)
    return [
        choice
        if choice.reason is not None
        else replace(
            choice,
            split=splits[choice.candidate.document_id],
            document_group=groups[choice.candidate.document_id],
        )
        for choice in choices
    ]


def _judge(
    candidate: Candidate, recipe: Recipe, benchmarks: Benchmarks, rules: RuleSettings, seen: _Seen
) -> Choice:
    fault = _scope(candidate, recipe) or _form(candidate, recipe, rules)
    if fault is not None:
        return Choice(candidate, *fault)
    hits = tuple(find_contamination(candidate.trajectory, benchmarks.lists))
    blocking = [hit for hit in hits if hit.blocking]
    if blocking and recipe.decontamination == "reject":
        first = blocking[0]
        evidence = f'{first.benchmark}, {first.kind}, {first.place}: "{first.quote}"'
        return Choice(candidate, Reason.DATASET_CONTAMINATED, evidence, hits=hits)
    return replace(_compare(candidate, recipe, seen), hits=hits)


def _scope(candidate: Candidate, recipe: Recipe) -> tuple[Reason, str] | None:
    """Say why a recipe does not want a candidate at all."""
    if recipe.leaves_out(candidate.corpus):
        return Reason.DATASET_CORPUS, f"recipe {recipe.name} leaves out the corpus {candidate.corpus}"
    if candidate.generator not in recipe.generators:
        made = candidate.generator or "nobody that is recorded"
        wanted = " and ".join(recipe.generators)
        return Reason.DATASET_GENERATOR, f"made by {made}; recipe {recipe.name} takes {wanted}"
    if candidate.superseded:
        return Reason.DATASET_SUPERSEDED, "a later version of its text was ingested"
    if recipe.judgement == "passed" and candidate.judge_status != "passed":
        return Reason.DATASET_NOT_JUDGED, f"judgement: {candidate.judge_status or 'none at this stage'}"
    return None


def _form(candidate: Candidate, recipe: Recipe, rules: RuleSettings) -> tuple[Reason, str] | None:
    """Say what in a dialogue no trainer loads, or, where the recipe asks, which rule it breaks."""
    trajectory = candidate.trajectory
    fault = find_turn_fault(trajectory.messages)
    if fault is not None:
        return Reason.DATASET_TURN_ORDER, fault
    if recipe.rules:
        for finding in run_checks(TrajectoryView.of(trajectory, rules), RULES).errors:
            return Reason.DATASET_RULE, f"{finding.reason}: {finding.evidence}"
    return None


def _compare(candidate: Candidate, recipe: Recipe, seen: _Seen) -> Choice:
    """Look for what was kept already; what is kept now is remembered."""
    views = sketch(candidate.trajectory)
    alike: list[tuple[str, str]] = []
    for view, reason, called in _VIEWS:
        threshold: float = getattr(recipe.duplicates, view)
        # Tools or text shared within one document are its own workflows', not a repetition.
        lowest = min(threshold or 1.0, recipe.splits.similarity)
        for match in getattr(seen, view).find(getattr(views, view), lowest):
            other = seen.kept[match.key]
            same_document = other.document_id == candidate.document_id
            if same_document and view != "dialogue":
                continue
            if threshold and match.similarity >= threshold:
                evidence = f"its {called} is {match.similarity:.0%} that of {other.record_id} ({other.shard})"
                return Choice(candidate, reason, evidence, other, round(match.similarity, 4))
            alike.append((candidate.document_id, other.document_id))
    _remember(candidate, views, alike, seen)
    return Choice(candidate)


def _remember(candidate: Candidate, views: Sketch, alike: list[tuple[str, str]], seen: _Seen) -> None:
    number = len(seen.kept)
    seen.kept.append(candidate)
    seen.alike += alike
    for view, _, _ in _VIEWS:
        getattr(seen, view).add(number, getattr(views, view))
