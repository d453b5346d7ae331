"""Steps with a condition: the record decides whether they are taken."""

import json

import pytest

from gem_assets.offline.dialogue.branching import branch
from gem_assets.offline.dialogue.plots import begin
from gem_assets.offline.service.simulator import run
from gem_assets.offline.workflow.branches import read_condition, state_condition

TEXT = """# Handling a return

1. Open the Returns page and search for the return by its return number.
2. Set the weight and the reason.
3. If the parcel is damaged, forward the return.
4. Otherwise, release the return.
5. If you want a copy, print the return.
6. Press **Submit**.
"""


@pytest.fixture(scope="module")
def workflow(workflows_of):
    return workflows_of(TEXT)[0].model_dump(mode="json")


@pytest.mark.parametrize(
    ("clause", "said", "field"),
    [
        ("If the parcel is damaged", "Only if the parcel is damaged.", ("parcel_damaged", True)),
        ("Unless the parcel is damaged", "Not if the parcel is damaged.", ("parcel_damaged", False)),
        ("If the parcel isn't sealed", "Only if the parcel isn't sealed.", ("parcel_sealed", False)),
        ("For a bank transfer", "Only if it is a bank transfer.", ("bank_transfer", True)),
        (
            "For international orders",
            "Only if it is about international orders.",
            ("international_orders", True),
        ),
        ("If you have a travel card", "Only if the user has a travel card.", ("travel_card", True)),
    ],
)
def test_a_fact_becomes_a_field_of_the_record(clause, said, field):
    assert state_condition(clause) == said
    assert read_condition(f"Do it. {said}") == field


@pytest.mark.parametrize(
    "clause",
    [
        "If you want a copy", "If necessary", "If this is so", "When the window opens", "To save the file",
        "If you are done", "If it rains or snows", "In the General tab", "If the parcel can be opened",
        "For more information", "For best results", "For each order", "For a better view",
        "For security reasons", "For a complete list", "For cards", "For technical questions",
        "For the bank transfer", "For tablet mode", "For proofs of address",
    ],
)  # fmt: skip
def test_a_wish_a_time_or_a_place_is_no_condition(clause):
    assert state_condition(clause) == ""


def test_otherwise_turns_the_condition_round():
    before = state_condition("If the parcel is damaged")
    assert read_condition(f"Do it. {state_condition('Otherwise, refund it', before)}") == (
        "parcel_damaged",
        False,
    )
    assert state_condition("Refund it", before) == ""


def test_tools_say_when_they_apply(workflow):
    described = {tool["name"]: tool["description"] for tool in workflow["tools"]}
    assert described["forward_return"].endswith("Only if the parcel is damaged.")
    assert described["release_return"].endswith("Not if the parcel is damaged.")
    assert "if" not in described["submit_return"].lower()


@pytest.mark.parametrize("damaged", [True, False])
def test_the_service_takes_one_branch_and_refuses_the_other(workflow, damaged):
    script = begin(workflow)
    script.record["parcel_damaged"] = damaged
    allowed, refused = (
        ("forward_return", "release_return") if damaged else ("release_return", "forward_return")
    )
    assert "not applicable" in run(script.world, refused, {"return_id": script.target})["error"]
    assert "error" not in run(script.world, allowed, {"return_id": script.target})


@pytest.mark.parametrize("damaged", [True, False])
def test_the_dialogue_follows_the_branch_of_the_record(workflow, damaged):
    script = begin(workflow)
    script.record["parcel_damaged"] = damaged
    script.done |= {tool["name"] for tool in workflow["tools"] if tool["name"].startswith("set_")}
    assert branch(script, probe=False)
    taken, other = ("forward_return", "release_return") if damaged else ("release_return", "forward_return")
    assert taken in script.calls and other not in script.calls
    read = next(json.loads(m[6:-7]) for m in script.messages if m.startswith("<tool>"))
    assert read["parcel_damaged"] is damaged


def test_no_call_of_a_finished_dialogue_takes_the_wrong_branch(run_all):
    one = run_all("branches", TEXT)[0]
    for trajectory in (one.draft, one.refined):
        results = [m.content for m in trajectory.messages if m.role == "tool"]
        assert not any("not applicable" in result for result in results)
