"""Verification of a trajectory beyond rules: provenance, state, constraints, faithfulness, dialogue.

Deterministic, and made of what the trajectory itself and its source say. Does not belong here: the rules of
form (`rules`), what is done with a finding (`stages`), which findings reject (`finding_levels`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gem_assets.records.judgement import ArgumentSource, Finding, VerificationMetrics
from gem_assets.records.message import Message
from gem_assets.records.tool import Tool
from gem_assets.records.workflow import Constraint, Edge
from gem_assets.verification.constraints.constraints import Verdict, judge_call, judge_outcome
from gem_assets.verification.constraints.faithfulness import check_faithfulness
from gem_assets.verification.constraints.ordering import find_broken_order, find_graph_breaks
from gem_assets.verification.constraints.statements import find_wrong_statements
from gem_assets.verification.conversation.conversation import find_conversation_faults
from gem_assets.verification.grounding.provenance import trace_arguments
from gem_assets.verification.material import Material, read_material
from gem_assets.verification.state.dates import find_impossible_dates
from gem_assets.verification.state.echoes import find_contradicted_calls
from gem_assets.verification.state.entities import Sighting, find_records
from gem_assets.verification.state.exceeding import Taken, find_excess, find_use_of_ended
from gem_assets.verification.state.listings import find_omissions, find_strays
from gem_assets.verification.state.state import replay
from gem_assets.verification.state.state_store import Store
from gem_assets.verification.state.sums import find_wrong_sums


@dataclass(frozen=True)
class Verification:
    """What verification has to say of a trajectory: decidable findings first."""

    findings: tuple[Finding, ...]
    argument_sources: tuple[ArgumentSource, ...]
    metrics: VerificationMetrics

    @property
    def decidable(self) -> tuple[Finding, ...]:
        """The findings that reject."""
        return tuple(finding for finding in self.findings if finding.level == "decidable")


CHECKS: tuple[Callable[[Material], list[Finding]], ...] = (
    find_contradicted_calls,
    find_broken_order,
    find_graph_breaks,
    find_wrong_sums,
    find_impossible_dates,
    find_conversation_faults,
)


def verify(
    tools: Sequence[Tool],
    messages: Sequence[Message],
    *,
    constraints: Sequence[Constraint] = (),
    edges: Sequence[Edge] = (),
    source: str = "",
    language: str = "en",
) -> Verification:
    """Verify a dialogue. Without constraints and source, what needs them is left out."""
    material = read_material(
        tools, messages, constraints=constraints, edges=edges, source=source, language=language
    )
    sources, findings = trace_arguments(material)
    findings.extend(_replay(material))
    for check in CHECKS:
        findings.extend(check(material))
    faithfulness = check_faithfulness(material)
    findings.extend(faithfulness.findings)
    ordered = sorted(findings, key=lambda finding: finding.level != "decidable")
    metrics = VerificationMetrics(
        argument_count=len(sources),
        grounded_share=_grounded_share(sources),
        rule_count=faithfulness.rules,
        sourced_share=faithfulness.sourced / faithfulness.rules if faithfulness.rules else None,
    )
    return Verification(tuple(ordered), tuple(sources), metrics)


def _replay(material: Material) -> list[Finding]:
    """Go through the calls in order with one store, for state and constraints both."""
    store, findings = Store(), list[Finding]()
    verdicts: list[Verdict] = []
    sightings: dict[int, list[Sighting]] = {}
    first_seen: dict[str, int] = {}
    taken = Taken()
    for exchange in material.exchanges:
        judged = judge_call(material, store, exchange)
        verdicts.extend(judged)
        findings.extend(judge_outcome(material, exchange, judged))
        findings.extend(find_excess(store, exchange))
        findings.extend(find_use_of_ended(store, exchange, taken))
        found = find_records(exchange)
        sightings.setdefault(exchange.index, []).extend(found)
        for sighting in found:
            first_seen.setdefault(sighting.key, sighting.message)
        findings.extend(replay(material, store, exchange, found))
    findings.extend(find_omissions(material, sightings, first_seen))
    findings.extend(find_strays(material, sightings))
    findings.extend(find_wrong_statements(material, verdicts))
    return findings


def _grounded_share(sources: Sequence[ArgumentSource]) -> float | None:
    judged = [source for source in sources if source.kind not in ("free", "composed")]
    if not judged:
        return None
    return sum(source.kind != "ungrounded" for source in judged) / len(judged)
