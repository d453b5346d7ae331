from dataclasses import replace

import pytest

from gem_assets.datasets.recipes import DuplicateSettings, Recipe
from gem_assets.records.message import Message
from gem_assets.records.outcome import Reason
from gem_assets_tests.datasets.making import (
    RECIPE,
    candidate,
    chosen,
    recorded,
    unlike,
    with_document,
    words,
)


def test_every_candidate_is_kept_with_a_split_or_rejected_with_evidence():
    choices = chosen(
        candidate(unlike("a"), 1),
        candidate(unlike("b"), 2, generator="offline/procedural"),
        candidate(unlike("a", "copy"), 3),
    )
    assert len(choices) == 3
    for choice in choices:
        assert (choice.reason is None) == (choice.split is not None) == (choice.document_group is not None)
        assert (choice.reason is None) == (choice.evidence is None)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"corpus": "demo"}, Reason.DATASET_CORPUS),
        ({"generator": "offline/procedural"}, Reason.DATASET_GENERATOR),
        ({"generator": None}, Reason.DATASET_GENERATOR),
        ({"superseded": True}, Reason.DATASET_SUPERSEDED),
        ({"judge_status": "not run (no model)"}, Reason.DATASET_NOT_JUDGED),
        ({"judge_status": None}, Reason.DATASET_NOT_JUDGED),
    ],
)
def test_what_a_recipe_does_not_want_is_rejected(columns: dict, reason: Reason):
    recipe = RECIPE.model_copy(update={"leave_out_corpora": ("demo",)})
    assert [choice.reason for choice in chosen(candidate(unlike("a"), **columns), recipe=recipe)] == [reason]


def test_a_recipe_that_ignores_judgement_takes_what_was_not_judged():
    recipe = RECIPE.model_copy(update={"judgement": "ignored"})
    [choice] = chosen(candidate(unlike("a"), judge_status="failed"), recipe=recipe)
    assert choice.reason is None


def test_rules_are_checked_where_the_recipe_asks():
    recipe = Recipe(name="mine", description="", stage="draft", judgement="ignored", rules=True)
    [good, bad] = chosen(candidate(recorded(), 1), candidate(unlike("a"), 2), recipe=recipe)
    assert good.reason is None
    assert bad.reason is Reason.DATASET_RULE
    assert str(bad.evidence).startswith("rule_")


def _turns(*roles: str) -> tuple[Message, ...]:
    return tuple(Message(role=role, content="x", call_id="c" if role == "tool" else None) for role in roles)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "roles",
    [
        ("system",),
        ("system", "user"),
        ("system", "user", "user", "assistant"),
        ("system", "user", "assistant", "assistant"),
        ("user", "system", "assistant"),
        ("user", "tool", "assistant"),
        ("assistant", "user", "assistant"),
    ],
)
def test_turns_that_no_trainer_loads_are_rejected(roles: tuple[str, ...]):
    [choice] = chosen(candidate(unlike("a").model_copy(update={"messages": _turns(*roles)})))
    assert choice.reason is Reason.DATASET_TURN_ORDER


def test_an_unanswered_call_is_rejected():
    messages = recorded().messages
    place = next(number for number, message in enumerate(messages) if message.tool_calls)
    cut = messages[: place + 1] + messages[place + 2 :]
    [choice] = chosen(candidate(recorded().model_copy(update={"messages": cut})))
    assert choice.reason is Reason.DATASET_TURN_ORDER


def test_the_same_text_under_another_id_is_a_duplicate_of_the_first():
    first = unlike("a")
    second = unlike("b").model_copy(update={"workflow": with_document(first, "other").workflow})
    [kept, copy] = chosen(candidate(first, 1), candidate(second, 2))
    assert kept.reason is None
    assert copy.reason is Reason.DATASET_DUPLICATE_DOCUMENT
    assert copy.matched is kept.candidate
    assert copy.similarity == 1
    assert "record-001" in str(copy.evidence)


def test_the_same_tools_are_a_duplicate_between_documents_only():
    first, other = unlike("a"), unlike("b")
    same_tools = other.model_copy(update={"tools": first.tools})
    [_, between] = chosen(candidate(first, 1), candidate(same_tools, 2))
    assert between.reason is Reason.DATASET_DUPLICATE_TOOLS
    within = same_tools.model_copy(update={"workflow": first.workflow})
    assert [choice.reason for choice in chosen(candidate(first, 1), candidate(within, 2))] == [None, None]


def test_the_same_dialogue_is_a_duplicate_even_within_a_document():
    first = unlike("a")
    copy = unlike("b", first.document_id).model_copy(
        update={"messages": first.messages, "workflow": first.workflow}
    )
    assert [choice.reason for choice in chosen(candidate(first, 1), candidate(copy, 2))] == [
        None,
        Reason.DATASET_DUPLICATE_DIALOGUE,
    ]


def test_a_duplicate_of_something_rejected_is_no_duplicate():
    first = candidate(unlike("a"), 1, generator="offline/procedural")
    [_, second] = chosen(first, candidate(unlike("a", "copy"), 2))
    assert second.reason is None


def test_comparisons_can_be_switched_off():
    recipe = RECIPE.model_copy(update={"duplicates": DuplicateSettings(document=0, tools=0, dialogue=0)})
    choices = chosen(candidate(unlike("a"), 1), candidate(unlike("a", "copy"), 2), recipe=recipe)
    assert [choice.reason for choice in choices] == [None, None]
    assert choices[0].document_group == choices[1].document_group


def test_documents_that_are_half_alike_never_part():
    shared, recipe = words("shared", 300), RECIPE
    many = [
        candidate(
            with_document(unlike(f"n{number}"), f"d{number}", f"{shared} {words(f'own{number}', 100)}"),
            number,
        )
        for number in range(12)
    ]
    choices = chosen(*many, recipe=recipe)
    assert {choice.reason for choice in choices} == {None}
    assert len({choice.document_group for choice in choices}) == 1
    assert len({choice.split for choice in choices}) == 1


def test_the_order_of_candidates_decides_and_nothing_else():
    both = [candidate(unlike("a"), 1), candidate(unlike("a", "copy"), 2)]
    assert [choice.reason is None for choice in chosen(*both)] == [True, False]
    assert [choice.reason is None for choice in chosen(*reversed(both))] == [True, False]
    again = replace(both[0], trajectory=unlike("a"))
    assert chosen(again)[0].split == chosen(both[0])[0].split
