from dataclasses import replace

import pytest

from gem_assets.records.outcome import Reason
from gem_assets_tests.verification.changes import OPEN, offering, schema
from gem_assets_tests.verification.dialogues import load, result

# Texts of an argument or a result that stand in for a value, and texts that look alike.
STAND_INS = [
    ("/path/to/report.pdf", "/footpath/toll.pdf"),
    ("C:\\path\\to\\x", "C:\\paths\\x"),
    ("path/example", "the path to it"),
    ("path=/example", "path=/exams"),
    ("5+ more results", "5 more results on page 2"),
    ("... 12 more items", "12 more items"),
    ("…and more entries", "And more entries than before"),
    ("[1, 2, ...]", "wait ... then press"),
    ("<your name>", "<b>your name</b>"),
    ("<customer_id>", "<br>"),
    ("<ORDER_ID>", "<Page Up>"),
    ("<order id>", "<order_id>7</order_id>"),
    ("[insert date]", "[Insert Table]"),
    ("[Your Name]", "[Your cart]"),
    ("[your company]", "[your link](https://a.b)"),
    ("YOUR_API_KEY", "YOURS"),
    ("your_token", "your token"),
    ("xxx-xxx-xxxx", "XXX-XX-6789"),
    ("XXX.XXX", "XXXL"),
    ("xxxx-xxxx-xxxx-xxxx", "XXXX-XXXX-XXXX-1234"),
    ("TODO: fill in", "TODO: buy milk"),
    ("placeholder", "placeholder text"),
    ("placeholder_value", "A placeholder shows inside the field"),
    ("name_placeholder", "placeholders"),
    ("Lorem ipsum dolor sit amet", "The lorem ipsum text was replaced"),
    ("todo", "todos"),
    ("TODO", "xxx"),
    ("https://example.com/path/to/it", "https://example.com/a"),
    ("/path/example", "anna@example.com"),
]


@pytest.mark.parametrize(("stand_in", "near"), STAND_INS)
def test_tells_a_placeholder_from_a_value(stand_in: str, near: str):
    script = load("parcel")
    assert Reason.RULE_PLACEHOLDER in script.with_arguments(OPEN, return_code=stand_in).reasons()
    assert Reason.RULE_PLACEHOLDER not in script.with_arguments(OPEN, return_code=near).reasons()


@pytest.mark.parametrize(("stand_in", "near"), STAND_INS)
def test_tells_a_placeholder_from_a_value_in_results_too(stand_in: str, near: str):
    script = load("parcel")
    assert Reason.RULE_PLACEHOLDER in script.with_result(OPEN, result({"note": stand_in}).content).reasons()
    assert Reason.RULE_PLACEHOLDER not in script.with_result(OPEN, result({"note": near}).content).reasons()


def test_a_word_that_stands_in_for_a_value_passes_where_the_dialogue_is_about_it():
    script = load("parcel").with_result(OPEN, '{"next": "TODO", "hint": "placeholder"}')
    assert script.reasons() == ["rule_placeholder", "rule_placeholder"]
    assert replace(script, source="A to-do list; every field has a placeholder.").reasons() == []
    assert offering("list_todos", "set_placeholder")(script).reasons() == []
    assert schema("open_locker", hint={"enum": ["todo", "placeholder"]})(script).reasons() == []
