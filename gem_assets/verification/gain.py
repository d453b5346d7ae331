"""What a refinement lost against its draft: tools, rules of the source, validity.

Does not belong here: whether it is well formed (`structure`), what it gained (`sql/views/refinement_gain`).
"""

from gem_assets.records.judgement import Finding
from gem_assets.records.outcome import Reason
from gem_assets.records.trajectory import Trajectory
from gem_assets.settings import RuleSettings
from gem_assets.verification.constraints.faithfulness import predicate_amounts
from gem_assets.verification.constraints.sentences import Amount, read_sentence, read_sentences, same_amount
from gem_assets.verification.rules import check_rules
from gem_assets.verification.values import quote
from gem_assets.verification.verify import Verification, verify

Loss = tuple[Reason, str]


def find_loss(draft: Trajectory, refined: Trajectory) -> Loss | None:
    """Name the first thing a refinement lost; None where it kept everything."""
    return _lost_tools(draft, refined) or _lost_facts(draft, refined) or _lost_validity(draft, refined)


def find_decidable(trajectory: Trajectory, rules: RuleSettings) -> tuple[Finding, ...]:
    """Give the findings that would reject a trajectory, rules first."""
    source = trajectory.workflow.procedure.document.text
    broken = check_rules(trajectory.tools, trajectory.messages, rules, source=source)
    return (*broken, *_verified(trajectory).decidable)


def _lost_tools(draft: Trajectory, refined: Trajectory) -> Loss | None:
    lost = sorted({tool.name for tool in draft.tools} - {tool.name for tool in refined.tools})
    return (Reason.REFINE_LOST_TOOLS, f"no longer on offer: {', '.join(map(quote, lost))}") if lost else None


def _lost_facts(draft: Trajectory, refined: Trajectory) -> Loss | None:
    """Find a constraint whose number the draft's system message states and no refined message does."""
    before, after = _stated(draft, ("system",)), _stated(refined, ("system", "user", "assistant", "tool"))
    for constraint in draft.workflow.constraints:
        for amount in predicate_amounts(constraint, read_sentence(constraint.rule)):
            if amount[0] > 1 and same_amount(amount, before) and not same_amount(amount, after):
                return (
                    Reason.REFINE_LOST_FACTS,
                    f"{amount[0]:g} is gone, of the rule {quote(constraint.rule)}",
                )
    return None


def _stated(trajectory: Trajectory, roles: tuple[str, ...]) -> frozenset[Amount]:
    return frozenset(
        amount
        for message in trajectory.messages
        if message.role in roles
        for sentence in read_sentences(message.content)
        for amount in sentence.numbers
    )


def _lost_validity(draft: Trajectory, refined: Trajectory) -> Loss | None:
    """Find a decidable finding of verification that the draft did not give; rules are stage 5's."""
    broken = _verified(refined).decidable
    if not broken or _verified(draft).decidable:
        return None
    return Reason.REFINE_LOST_VALIDITY, f"{broken[0].reason}: {broken[0].evidence}"


def _verified(trajectory: Trajectory) -> Verification:
    workflow = trajectory.workflow
    return verify(
        trajectory.tools,
        trajectory.messages,
        constraints=workflow.constraints,
        edges=workflow.execution_graph,
        source=workflow.procedure.document.text,
    )
