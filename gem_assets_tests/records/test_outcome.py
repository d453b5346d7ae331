import pytest

from gem_assets.records.judgement import RubricScore
from gem_assets.records.outcome import FailureReason, Kept, Reason, Rejected
from gem_assets.stages.catalog import STAGES

ASKING = {stage.prefix for stage in STAGES if stage.role}
PREFIXES = ASKING | {"corpus", "prefilter", "rule", "verify", "dataset"}


def test_the_kept_children_are_those_that_were_not_rejected_in_order():
    first, last = RubricScore(rubric="R1", score=1), RubricScore(rubric="R2", score=0)
    kept = Kept((first, Rejected(Reason.EXTRACT_NO_TOOLS, "none"), last))
    assert kept.records == (first, last)


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_begins_with_the_stage_that_gives_it(reason: Reason):
    assert reason.value == reason.name.lower()
    assert reason.value.split("_")[0] in PREFIXES


def test_no_reason_is_both_a_verdict_and_a_breakdown():
    assert not {reason.value for reason in Reason} & {reason.value for reason in FailureReason}


@pytest.mark.parametrize("prefix", sorted(ASKING - {"judge"}))
@pytest.mark.parametrize("kind", ["unparseable", "refused", "too_long", "truncated", "empty"])
def test_every_stage_that_asks_a_model_has_a_reason_for_every_kind_of_refusal(prefix: str, kind: str):
    assert Reason(f"{prefix}_{kind}")
