"""What a refinement lost against its draft: tools, rules of the source, validity.

Does not belong here: whether it is well formed (`structure`), what it gained (`sql/views/refinement_gain`).
"""

from gem_assets.records.outcome import Reason
from gem_assets.records.trajectory import Trajectory
from gem_assets.verification.constraints.faithfulness import predicate_amounts
from gem_assets.verification.constraints.sentences import Amount, read_sentence, read_sentences, same_amount
from gem_assets.verification.registry import CONTENT_CHECKS, Verification, run_checks
from gem_assets.verification.values import quote
from gem_assets.verification.view import TrajectoryView

Loss = tuple[Reason, str]


def find_loss(draft: Trajectory, refined: Trajectory, verified: Verification) -> Loss | None:
    """Name the first thing a refinement, which was checked before, lost; None where it kept everything."""
    return _lost_tools(draft, refined) or _lost_facts(draft, refined) or _lost_validity(draft, verified)


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


def _lost_validity(draft: Trajectory, verified: Verification) -> Loss | None:
    """Find an error in what is said and done that the draft does not have; rules are stage 5's."""
    broken = next((finding for finding in verified.errors if finding.kind != "rule"), None)
    if broken is None or run_checks(TrajectoryView.of(draft), CONTENT_CHECKS).errors:
        return None
    return Reason.REFINE_LOST_VALIDITY, f"{broken.reason}: {broken.evidence}"
