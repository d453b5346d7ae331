"""Laws of the dialogues, drafts and refinements alike, over the sample corpus."""

import json
from collections import Counter
from itertools import pairwise

import pytest

from gem_assets.verification.constraints.predicates import evaluate
from gem_assets.verification.conversation.mentions import mentions, read_text
from gem_assets.verification.registry import RULES, run_checks
from gem_assets.verification.values import leaves
from gem_assets.verification.view import TrajectoryView, pair_calls

READS = ("list_", "get_", "compare_", "check_", "watch_", "review_", "inspect_", "authenticate_")


@pytest.fixture(scope="module", params=["draft", "refined"])
def trajectories(request, made):
    return [(one.name, getattr(one, request.param)) for one in made]


def test_passes_every_rule(trajectories):
    for name, trajectory in trajectories:
        assert run_checks(TrajectoryView.of(trajectory), RULES).findings == (), name


def test_turns_are_in_order(trajectories):
    for name, trajectory in trajectories:
        messages = trajectory.messages
        assert [m.role for m in messages].count("system") == 1
        assert messages[0].role == "system"
        assert messages[-1].role == "assistant" and not messages[-1].tool_calls
        for before, after in pairwise(messages):
            if before.tool_calls:
                assert len(before.tool_calls) == 1 and after.role == "tool", name
            elif before.role == "assistant":
                assert after.role == "user", name
            else:
                assert after.role == ("user" if before.role == "system" else "assistant"), name


def test_every_argument_value_was_said_or_returned_before(trajectories):
    for name, trajectory in trajectories:
        texts = [read_text(message.content) for message in trajectory.messages]
        for use in pair_calls(trajectory.messages):
            before = texts[: use.index]
            for path, value in leaves(use.call.arguments):
                assert any(mentions(text, value) for text in before), (name, use.call.name, path, value)


def test_repeats_no_call_unless_something_was_written_between(trajectories):
    for name, trajectory in trajectories:
        seen: set[str] = set()
        for use in pair_calls(trajectory.messages):
            key = f"{use.call.name} {json.dumps(use.call.arguments, sort_keys=True)}"
            assert key not in seen, (name, key)
            if not use.call.name.startswith(READS) and not use.failed:
                seen.clear()
            seen.add(key)


def test_enough_calls_build_on_earlier_results(trajectories):
    built = total = 0
    for _, trajectory in trajectories:
        returned = ""
        for use in pair_calls(trajectory.messages):
            ids = [str(v) for path, v in leaves(use.call.arguments) if "_id" in path]
            built += any(value in returned for value in ids)
            total += 1
            returned += use.result.content if use.result else ""
    assert built >= 0.3 * total


def test_results_are_json_of_a_stable_shape(trajectories):
    for name, trajectory in trajectories:
        shapes: dict[str, set[str]] = {}
        for use in pair_calls(trajectory.messages):
            assert use.result is not None
            result = json.loads(use.result.content)
            if use.failed:
                assert set(result) == {"error"}, name
            else:
                assert shapes.setdefault(use.call.name, set(result)) == set(result), (name, use.call.name)


def test_a_read_shows_what_the_last_write_wrote(trajectories):
    for name, trajectory in trajectories:
        known: dict[str, dict] = {}
        for use in pair_calls(trajectory.messages):
            assert use.result is not None
            result = json.loads(use.result.content)
            key = next((result[k] for k in use.call.arguments if k.endswith("_id") and k in result), None)
            if use.failed or key is None or "updated_at" not in result:
                continue
            if use.call.name.startswith("get_") and key in known:
                assert result == known[key], (name, key)
            known[key] = result


def test_the_user_names_no_tool(trajectories):
    for _, trajectory in trajectories:
        names = [tool.name for tool in trajectory.tools]
        for message in trajectory.messages:
            assert message.role != "user" or not any(name in message.content for name in names)


def test_calls_that_succeed_keep_the_predicates(trajectories):
    for name, trajectory in trajectories:
        for use in pair_calls(trajectory.messages):
            for constraint in trajectory.workflow.constraints:
                if (
                    constraint.tool == use.call.name
                    and constraint.predicate
                    and "state" not in constraint.predicate
                ):
                    kept = evaluate(constraint.predicate, use.call.arguments, {})
                    assert use.failed or kept is not False, (name, constraint.predicate)


def test_the_system_message_states_every_constraint(trajectories):
    for name, trajectory in trajectories:
        for constraint in trajectory.workflow.constraints:
            assert constraint.rule in trajectory.messages[0].content, name


def test_drafts_have_the_size_of_a_dialogue(made):
    for one in made:
        shape = one.draft.shape
        assert 14 <= shape.message_count <= 50, one.name
        assert shape.call_count >= 5, one.name
        assert shape.tool_count >= 3, one.name


def test_refinement_adds_messages_tools_and_calls(made):
    grown = [
        one.refined.shape.message_count > one.draft.shape.message_count
        and one.refined.shape.tool_count > one.draft.shape.tool_count
        and one.refined.shape.call_count > one.draft.shape.call_count
        for one in made
    ]
    assert sum(grown) >= 0.9 * len(grown)


def test_refinement_keeps_the_tools_and_adds_reads_and_writes(made):
    for one in made:
        old = {tool.name for tool in one.draft.tools}
        new = {tool.name for tool in one.refined.tools}
        assert old < new
        assert any(name.startswith("get_") for name in new - old)
        assert any(not name.startswith(READS) for name in new - old)


def test_refinement_states_database_and_profile(made):
    for one in made:
        assert "primary key" in one.refined.messages[0].content
        assert "User profile" in one.refined.messages[0].content


def test_no_skeleton_dominates(made):
    skeletons = Counter(tuple((m.role, bool(m.tool_calls)) for m in one.draft.messages) for one in made)
    assert skeletons.most_common(1)[0][1] <= 0.25 * len(made)
