"""The filter on short texts in styles that no corpus here has."""

import tomllib
from pathlib import Path

DOCUMENTS = tomllib.loads(Path(__file__).with_name("other_styles.toml").read_text("utf-8"))["document"]


def test_there_are_enough_styles_and_half_of_them_are_procedures():
    assert len({one["style"] for one in DOCUMENTS}) >= 40
    assert 0.4 <= sum(one["procedure"] for one in DOCUMENTS) / len(DOCUMENTS) <= 0.6


def test_the_filter_knows_procedures_in_other_styles(judge):
    kept = {one["style"]: judge(one["text"].strip(), one["title"]) for one in DOCUMENTS}
    wrong = [one["style"] for one in DOCUMENTS if kept[one["style"]] != one["procedure"]]
    assert len(wrong) <= 0.1 * len(DOCUMENTS), wrong


def test_procedures_in_other_styles_become_workflows_with_tools(workflows_of, judge):
    for one in DOCUMENTS:
        text = one["text"].strip()
        if one["procedure"] and judge(text, one["title"]):
            workflows = workflows_of(text, one["title"])
            assert workflows and all(len(workflow.tools) >= 4 for workflow in workflows), one["style"]
