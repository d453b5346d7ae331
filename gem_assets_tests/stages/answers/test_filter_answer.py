"""Labels are read as models write them, and never outside their vocabulary."""

import pytest

from gem_assets.llm.asking import AnswerError
from gem_assets.prompts.vocabulary import DOMAINS, PLATFORMS, TASK_CATEGORIES
from gem_assets.stages.answers.filter_answer import ProcedureLabels, parse_filter_answer


def answer(verdict="True", summary="Somebody books.", domain="finance", platform="phone", task="search"):
    return (
        f"<multi_step>{verdict}</multi_step><summary>{summary}</summary><domain>{domain}</domain>"
        f"<platform>{platform}</platform><task>{task}</task>"
    )


def test_reads_the_labels_of_a_procedure():
    assert parse_filter_answer(answer()) == ProcedureLabels(
        "Somebody books.", "phone", ("finance",), "search"
    )


@pytest.mark.parametrize("verdict", ["False", "false", " FALSE. ", "**False**", "no"])
def test_no_procedure_is_none(verdict):
    assert parse_filter_answer(f"<multi_step>{verdict}</multi_step>") is None


@pytest.mark.parametrize(
    ("written", "labels"),
    [
        ("finance", ("finance",)),
        ("Finance, HEALTH", ("finance", "health")),
        ("- finance\n- health\n", ("finance", "health")),
        ("1. finance\n2. health", ("finance", "health")),
        ("finance; health; finance", ("finance", "health")),
        ("Travel &amp; Transportation", ("travel_and_transportation",)),
        ("`jobs-and-education`", ("jobs_and_education",)),
    ],
)
def test_domains_may_be_several_and_loosely_written(written, labels):
    labels_read = parse_filter_answer(answer(domain=written))
    assert labels_read is not None
    assert labels_read.domains == labels


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("write", [str, str.upper, str.title, "`{}`".format, " {}. ".format])
def test_every_platform_is_read(platform, write):
    labels = parse_filter_answer(answer(platform=write(platform)))
    assert labels is not None
    assert labels.platform == platform


@pytest.mark.parametrize("label", [*TASK_CATEGORIES])
def test_every_task_category_is_read_with_blanks(label):
    labels = parse_filter_answer(answer(task=label.replace("_", " ").title()))
    assert labels is not None
    assert labels.task_category == label


@pytest.mark.parametrize("label", DOMAINS)
def test_every_domain_is_read(label):
    labels = parse_filter_answer(answer(domain=label))
    assert labels is not None
    assert labels.domains == (label,)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (answer(verdict="Perhaps"), "<multi_step> has to say True or False"),
        (answer(summary=" "), "<summary> is empty"),
        (answer(domain="cooking"), '<domain> names "cooking"'),
        (answer(domain=" , "), "<domain> is empty"),
        (answer(platform="phone, computer"), "<platform> names 2 labels"),
        (answer(platform="tablet"), '<platform> names "tablet"'),
        (answer(task="ticketing"), '<task> names "ticketing"'),
        (answer() + "<task>search</task>", "<task> occurs 2 times"),
        ("<multi_step>True</multi_step>", "<summary> is missing"),
        ("True", "<multi_step> is missing"),
    ],
)
def test_error_names_the_tag(text, says):
    with pytest.raises(AnswerError) as caught:
        parse_filter_answer(text)
    assert says in str(caught.value)
