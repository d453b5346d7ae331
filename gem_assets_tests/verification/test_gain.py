"""What a refinement may not lose."""

from gem_assets.records.outcome import Kept, Reason, Rejected
from gem_assets.records.trajectory import Trajectory
from gem_assets.verification.gain import Loss, find_loss
from gem_assets.verification.registry import run_checks
from gem_assets.verification.shape import measure
from gem_assets.verification.view import TrajectoryView
from gem_assets_tests.stages.chain import PROCEDURES, chain

DRAFT, REFINED = chain(PROCEDURES[0]).draft, chain(PROCEDURES[0]).refined


def lost(draft: Trajectory, refined: Trajectory) -> Loss | None:
    return find_loss(draft, refined, run_checks(TrajectoryView.of(refined)))


def loss(refined: Trajectory) -> Reason | None:
    found = lost(DRAFT, refined)
    return found[0] if found else None


def test_a_recorded_refinement_loses_nothing():
    assert [lost(chain(name).draft, chain(name).refined) for name in PROCEDURES] == [None] * len(PROCEDURES)


def test_a_tool_that_is_gone_is_a_loss():
    assert loss(REFINED.model_copy(update={"tools": REFINED.tools[1:]})) == Reason.REFINE_LOST_TOOLS


def test_a_rule_whose_number_is_gone_is_a_loss():
    messages = tuple(
        message.model_copy(update={"content": message.content.replace("15", "some")})
        for message in REFINED.messages
    )
    assert loss(REFINED.model_copy(update={"messages": messages})) == Reason.REFINE_LOST_FACTS


def test_a_new_contradiction_is_a_loss():
    place = next(index for index, message in enumerate(REFINED.messages) if message.tool_calls)
    call = REFINED.messages[place].tool_calls[0]
    strange = call.model_copy(update={"arguments": {"student_number": "99313"}})
    message = REFINED.messages[place].model_copy(update={"tool_calls": (strange,)})
    messages = (*REFINED.messages[:place], message, *REFINED.messages[place + 1 :])
    assert loss(REFINED.model_copy(update={"messages": messages})) == Reason.REFINE_LOST_VALIDITY


def test_settings_let_a_valid_draft_stand_in():
    from gem_assets.records.provenance import Provenance
    from gem_assets.stages.refinement import _conclude_loss
    from gem_assets_tests.stages.chain import SETTINGS

    lost = (Reason.REFINE_LOST_TOOLS, "no longer on offer: extend_loan")
    assert isinstance(_conclude_loss(DRAFT, REFINED, lost, Provenance(), SETTINGS), Rejected)
    lenient = SETTINGS.model_copy(update={"refinement_fallback": True})
    kept = _conclude_loss(DRAFT, REFINED, lost, Provenance(), lenient)
    assert isinstance(kept, Kept)
    (stand_in,) = kept.records
    assert stand_in.messages == DRAFT.messages
    assert stand_in.trajectory_id == REFINED.trajectory_id
    assert stand_in.refinement_fallback == "refine_lost_tools: no longer on offer: extend_loan"
    assert stand_in.shape == measure(DRAFT.tools, DRAFT.messages)
