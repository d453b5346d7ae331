import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.llm.protocol import FailedError, LlmError, RefusalKind, RefusedError, StopRunError
from gem_assets.llm.roles import OFFLINE_MODEL
from gem_assets.records.outcome import Failed, FailureReason, Kept, Outcome, Reason, Rejected
from gem_assets.records.provenance import Provenance
from gem_assets.stages.catalog import STAGES, stage_of
from gem_assets.stages.run import judge_inputs, stamp_generator, to_outcome
from gem_assets.stages.stage import Stage
from gem_assets.store.shards import StageInput
from gem_assets_tests.store.writing import document

KINDS: tuple[RefusalKind, ...] = ("unparseable", "refused", "too_long", "truncated", "empty")
ASKING = [stage for stage in STAGES if stage.role]
FILTER = ASKING[0]
SPENT = Provenance(input_tokens=7, cost=None, call_keys=("k",))
BROKEN = Rejected(Reason.EXTRACT_NO_TOOLS, "none")

endings = st.sampled_from(
    [
        Kept((document(),)),
        Kept((document(), BROKEN)),
        Rejected(Reason.FILTER_NOT_MULTI_STEP, "an essay"),
        Failed(FailureReason.CANCELLED, "stopped"),
        *(FailedError(reason, "broke") for reason in FailureReason),
        *(RefusedError(kind, "no", SPENT) for kind in KINDS),
    ]
)


def named(stage: Stage) -> str:
    return stage.asset


def inputs(count: int) -> list[StageInput[Any]]:
    return [StageInput(f"record-{number}", f"document-{number}", number) for number in range(count)]


def ending(how: Outcome[Any] | LlmError) -> Outcome[Any]:
    if isinstance(how, LlmError):
        raise how
    return how


def kind_of(outcome: Outcome[Any]) -> str:
    return type(outcome).__name__


def run(step: Callable[[Any], Awaitable[Any]], count: int, stage: Stage = FILTER, concurrency: int = 4):
    return asyncio.run(judge_inputs(step, inputs(count), stage, concurrency))


@given(st.lists(endings, max_size=30), st.sampled_from(ASKING), st.integers(1, 8), st.randoms())
def test_every_input_ends_in_exactly_one_outcome_in_the_order_it_came(
    hows: list[Any], stage: Stage, concurrency: int, random: Any
):
    async def step(number: int) -> Outcome[Any]:
        for _ in range(random.randrange(3)):
            await asyncio.sleep(0)
        return ending(hows[number])

    judged = run(step, len(hows), stage, concurrency)
    assert [given.record for given, _ in judged] == list(range(len(hows)))
    kinds = Counter(kind_of(outcome) for _, outcome in judged)
    assert sum(kinds.values()) == len(hows)
    assert set(kinds) <= {"Kept", "Rejected", "Failed"}
    for (_, outcome), how in zip(judged, hows, strict=True):
        if isinstance(how, FailedError):
            assert isinstance(outcome, Failed)
            assert outcome.reason == how.reason
        elif not isinstance(how, RefusedError):
            assert outcome is how


@given(st.integers(1, 6), st.lists(st.integers(0, 5), max_size=20))
def test_no_more_inputs_are_judged_at_a_time_than_allowed(concurrency: int, pauses: list[int]):
    active, most = 0, 0

    async def step(number: int) -> Outcome[Any]:
        nonlocal active, most
        active += 1
        most = max(most, active)
        for _ in range(pauses[number] + 1):
            await asyncio.sleep(0)
        active -= 1
        return Kept((document(),))

    run(step, len(pauses), concurrency=concurrency)
    assert most == min(concurrency, len(pauses))


def test_a_slow_input_holds_up_none_of_the_others():
    finished: list[int] = []
    others_done = asyncio.Event()

    async def step(number: int) -> Outcome[Any]:
        if number == 0:
            await others_done.wait()
        finished.append(number)
        if len(finished) == 9:
            others_done.set()
        return Kept((document(),))

    run(step, 10, concurrency=2)
    assert finished == [*range(1, 10), 0]


def test_progress_counts_every_input():
    told: list[tuple[int, int]] = []

    async def step(number: int) -> Outcome[Any]:
        return Kept((document(),))

    asyncio.run(judge_inputs(step, inputs(3), FILTER, 2, lambda done, total: told.append((done, total))))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_wrong_setting_stops_the_run_and_is_no_verdict_on_a_record():
    begun: list[int] = []

    async def step(number: int) -> Outcome[Any]:
        begun.append(number)
        await asyncio.sleep(0)
        raise StopRunError("GEM_API_KEY is refused: set another")

    with pytest.raises(StopRunError, match="GEM_API_KEY is refused"):
        run(step, 50, concurrency=3)
    assert len(begun) <= 3


def test_a_fault_of_ours_is_not_counted_as_an_outcome():
    async def step(number: int) -> Outcome[Any]:
        raise ZeroDivisionError

    with pytest.raises(BaseExceptionGroup) as caught:
        run(step, 2)
    assert caught.group_contains(ZeroDivisionError)


def attempted(error: LlmError, stage: Stage) -> Outcome[Any]:
    async def step() -> Outcome[Any]:
        raise error

    return asyncio.run(to_outcome(step(), stage))


@pytest.mark.parametrize(
    "stage", [stage for stage in ASKING if stage.role != "judge"], ids=lambda stage: stage.asset
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_refusal_is_a_rejection_of_that_kind_with_what_it_cost(stage: Stage, kind: RefusalKind):
    outcome = attempted(RefusedError(kind, "because", SPENT), stage)
    assert outcome == Rejected(Reason(f"{stage.prefix}_{kind}"), "because", SPENT)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("refused", Rejected(Reason.JUDGE_REFUSED, "because", SPENT)),
        ("too_long", Rejected(Reason.JUDGE_TOO_LONG, "because", SPENT)),
        ("unparseable", Failed(FailureReason.JUDGE_UNPARSEABLE, "because", SPENT)),
        ("truncated", Failed(FailureReason.JUDGE_UNPARSEABLE, "because", SPENT)),
        ("empty", Failed(FailureReason.JUDGE_UNPARSEABLE, "because", SPENT)),
    ],
)
def test_a_judge_that_cannot_be_read_has_said_nothing(kind: RefusalKind, expected: Outcome[Any]):
    assert attempted(RefusedError(kind, "because", SPENT), stage_of("validated_trajectories")) == expected


@pytest.mark.parametrize("stage", ASKING, ids=named)
@pytest.mark.parametrize("reason", FailureReason)
def test_a_breakdown_is_a_failure_whatever_the_stage(stage: Stage, reason: FailureReason):
    assert attempted(FailedError(reason, "because", SPENT), stage) == Failed(reason, "because", SPENT)


def test_a_wrong_setting_is_left_to_rise():
    with pytest.raises(StopRunError):
        attempted(StopRunError("GEM_MODEL"), FILTER)


@pytest.mark.parametrize(
    ("own", "inherited", "stamped"),
    [
        ("model", OFFLINE_MODEL, OFFLINE_MODEL),
        (OFFLINE_MODEL, OFFLINE_MODEL, OFFLINE_MODEL),
        (None, OFFLINE_MODEL, OFFLINE_MODEL),
        ("model", "model", "model"),
        (OFFLINE_MODEL, "model", OFFLINE_MODEL),
        (None, "model", "model"),
        ("model", None, "model"),
        (None, None, None),
    ],
)
@pytest.mark.parametrize(
    "make",
    [
        lambda provenance: Kept((document(), BROKEN), provenance),
        lambda provenance: Rejected(Reason.RULE_END, "open", provenance, document()),
        lambda provenance: Failed(FailureReason.TIMEOUT, "slow", provenance),
    ],
    ids=["kept", "rejected", "failed"],
)
def test_what_the_baseline_generator_began_stays_its_own(
    make: Callable[[Provenance], Outcome[Any]], own: str | None, inherited: str | None, stamped: str | None
):
    given = SPENT.model_copy(update={"generator": own})
    expected = SPENT.model_copy(update={"generator": stamped})
    assert stamp_generator(make(given), inherited) == make(expected)
