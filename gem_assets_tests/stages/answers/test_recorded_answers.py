"""The recorded answers: each is read or refused for the right reason, and the chains hold together."""

import json
import re
from pathlib import Path

import cel
import pytest

from gem_assets.llm.asking import AnswerError
from gem_assets.records.document import Document, ProceduralDocument
from gem_assets.records.workflow import Workflow
from gem_assets.settings import ExtractionSettings
from gem_assets.stages.answers.filter_answer import parse_filter_answer
from gem_assets.stages.answers.judge_answer import parse_judge_answer
from gem_assets.stages.answers.trajectory_answer import (
    parse_refined_trajectory,
    parse_trajectory,
    render_trajectory,
)
from gem_assets.stages.answers.workflow_answer import parse_workflow_answer
from gem_assets.stages.workflow_checks import check_workflow
from gem_assets.verification.registry import RULES, run_checks
from gem_assets.verification.view import TrajectoryView

DATA = Path(__file__).parents[2] / "data"
ANSWERS = DATA / "recorded_answers"
INDEX = json.loads((ANSWERS / "index.json").read_text("utf-8"))
VARIANTS = json.loads((ANSWERS / "variants.json").read_text("utf-8"))
DOCUMENTS = {
    row["id"]: row
    for row in map(json.loads, (DATA / "recorded_documents.jsonl").read_text("utf-8").splitlines())
}
PARSERS = {
    "filter_document": parse_filter_answer,
    "extract_workflows": parse_workflow_answer,
    "generate_trajectory": parse_trajectory,
    "refine_trajectory": parse_refined_trajectory,
    "judge_trajectory": parse_judge_answer,
}
# What the error of a broken answer has to name.
BROKEN = {
    "filter_document/lowmark_two_platforms.txt": "<platform>",
    "filter_document/lowmark_unknown_task.txt": "<task>",
    "filter_document/mirefield_unclosed_domain.txt": "<domain>",
    "filter_document/mirefield_verdict_only.txt": "<summary> is missing",
    "filter_document/refusal.txt": "refusal without a <multi_step> tag",
    "filter_document/talvik_cut_off.txt": "<summary>",
    "extract_workflows/lowmark_constraints_missing.txt": "<constraints> is missing",
    "extract_workflows/lowmark_unclosed_tools.txt": "<tools>",
    "extract_workflows/mirefield_bad_graph.txt": "<execution_graph>",
    "extract_workflows/mirefield_cut_off.txt": "<workflow>",
    "extract_workflows/refusal.txt": "refusal without a <workflow> tag",
    "extract_workflows/talvik_call_without_arguments.txt": "<actions>",
    "extract_workflows/talvik_wrong_json.txt": "<tools>",
    "generate_trajectory/lowmark_wrong_json.txt": "<func> in <assistant> at message 8",
    "generate_trajectory/mirefield_call_without_name.txt": "<func> in <assistant> at message 2",
    "generate_trajectory/mirefield_unclosed_assistant.txt": "<assistant>",
    "generate_trajectory/refusal.txt": "refusal without a <system> tag",
    "generate_trajectory/talvik_cut_off.txt": "<assistant>",
    "generate_trajectory/talvik_text_between.txt": "between </assistant> and <user>",
    "refine_trajectory/lowmark_arguments_no_object.txt": '"arguments" of <func>',
    "refine_trajectory/lowmark_unclosed_toolsets.txt": "<toolsets>",
    "refine_trajectory/mirefield_toolsets_missing.txt": "<toolsets> is missing",
    "refine_trajectory/mirefield_wrong_json.txt": "<toolsets>",
    "refine_trajectory/refusal.txt": "refusal without a <toolsets> tag",
    "refine_trajectory/talvik_cut_off.txt": "<assistant>",
    "refine_trajectory/talvik_wrong_closing_tag.txt": "<tool>",
    "judge_trajectory/lowmark_cut_off.txt": "R1, R2 and R3",
    "judge_trajectory/lowmark_prose_only.txt": "R1, R2 and R3",
    "judge_trajectory/mirefield_missing_r3.txt": "R3",
    "judge_trajectory/mirefield_two_verdicts.txt": "two JSON verdicts",
    "judge_trajectory/refusal.txt": "refusal",
    "judge_trajectory/talvik_score_of_two.txt": "R2",
}
FILES = sorted(str(path.relative_to(ANSWERS)) for path in ANSWERS.glob("*/*.txt"))
CHAINS = sorted(document for document, tasks in INDEX.items() if len(tasks) == len(PARSERS))
MONTHS = ("January", "February", "March", "April", "May", "June")
# Values that follow from what was said without standing there: 18 booked travellers and 3 more.
DERIVED = {"lowmark-group-tickets": {21}}


def read(file):
    return (ANSWERS / file).read_text("utf-8")


def parse(file):
    return PARSERS[file.split("/")[0]](read(file))


def workflow_of(document):
    row, labels = DOCUMENTS[document], parse(INDEX[document]["filter_document"])
    (parsed,) = parse(INDEX[document]["extract_workflows"])
    source = Document(
        document_id=document, corpus="recorded", source="recorded_documents.jsonl", place="line 1",
        title=row["title"], language=row["language"], text=row["text"],
    )  # fmt: skip
    procedure = ProceduralDocument(
        document=source, summary=labels.summary, platform=labels.platform, domains=labels.domains,
        task_category=labels.task_category,
    )  # fmt: skip
    return Workflow(
        workflow_id=f"{document}-0", procedure=procedure, description=parsed.description, steps=parsed.steps,
        entry_tools=parsed.entry_tools, execution_graph=parsed.edges, sample_calls=parsed.sample_calls,
        tools=parsed.tools, constraints=parsed.constraints,
    )  # fmt: skip


def trajectories_of(document):
    """Draft and refined dialogue, each with its tools."""
    refined = parse(INDEX[document]["refine_trajectory"])
    draft = parse(INDEX[document]["generate_trajectory"])
    return (workflow_of(document).tools, draft), (refined.tools, refined.messages)


def calls_of(messages):
    return [call for message in messages for call in message.tool_calls]


def leaves(value):
    if isinstance(value, dict):
        value = list(value.values())
    return [leaf for item in value for leaf in leaves(item)] if isinstance(value, list) else [value]


def choices(schema):
    if isinstance(schema, dict):
        return {*schema.get("enum", ())}.union(*(choices(part) for part in schema.values()))
    return set().union(*(choices(part) for part in schema)) if isinstance(schema, list) else set()


def is_given(value, said):
    """Tell whether a value was said before: as it is, or a date in words."""
    if re.fullmatch(r"2026-\d\d-\d\d", str(value)):
        _, month, day = str(value).split("-")
        return str(value) in said or f"{int(day)} {MONTHS[int(month) - 1]}" in said or f"{int(day)}th" in said
    words = {3: "three", 4: "four", 5: "five", 6: "six", 20: "20"}
    if isinstance(value, int | float):
        return bool(re.search(rf"(?<!\d){value}(?!\d)|\b{words.get(value, value)}\b", said))
    return str(value).lower() in said.lower()


@pytest.mark.parametrize("task", sorted(PARSERS))
def test_there_are_whole_and_broken_answers_for_every_task(task):
    files = [file for file in FILES if file.startswith(f"{task}/")]
    broken = [file for file in files if file in BROKEN]
    assert len(files) >= 6
    assert len(broken) >= 4
    assert len(files) - len(broken) >= 3


@pytest.mark.parametrize("file", FILES)
def test_is_read_or_refused_for_what_is_wrong_with_it(file):
    if file not in BROKEN:
        parse(file)
        return
    with pytest.raises(AnswerError) as caught:
        parse(file)
    assert BROKEN[file] in str(caught.value)


def test_every_broken_answer_is_there():
    assert set(BROKEN) <= set(FILES)


def test_index_names_documents_and_whole_answers():
    assert set(INDEX) == set(DOCUMENTS)
    assert len(CHAINS) >= 3
    for tasks in INDEX.values():
        assert all(
            file in FILES and file not in BROKEN and file.startswith(f"{task}/")
            for task, file in tasks.items()
        )


@pytest.mark.parametrize("document", sorted(VARIANTS))
def test_a_variant_is_broken_first_and_repaired_by_the_chains_answer(document):
    assert set(VARIANTS[document]) == set(INDEX[document])
    for task, variant in VARIANTS[document].items():
        assert variant["first_answer"] in BROKEN
        assert variant["repair_answer"] == INDEX[document][task]


@pytest.mark.parametrize("document", sorted(DOCUMENTS))
def test_a_document_carries_its_title_and_is_no_longer_than_a_page(document):
    row = DOCUMENTS[document]
    assert row["text"].startswith(row["title"])
    assert 150 <= len(row["text"].split()) <= 300


@pytest.mark.parametrize("document", CHAINS)
def test_the_workflow_of_a_chain_holds_together(document):
    workflow = workflow_of(document)
    assert check_workflow(workflow, ExtractionSettings()) is None
    assert all(constraint.sentence in DOCUMENTS[document]["text"] for constraint in workflow.constraints)
    assert sum(constraint.predicate is not None for constraint in workflow.constraints) >= 8


@pytest.mark.parametrize("document", CHAINS)
def test_the_dialogues_of_a_chain_break_no_rule(document):
    for tools, messages in trajectories_of(document):
        view = TrajectoryView(tools, messages, source=DOCUMENTS[document]["text"])
        assert run_checks(view, RULES).findings == ()
        assert parse_trajectory(render_trajectory(messages)) == messages


@pytest.mark.parametrize("document", CHAINS)
def test_refinement_makes_a_chain_longer_and_richer(document):
    (tools, draft), (more_tools, refined) = trajectories_of(document)
    assert len(draft) >= 14
    assert len(calls_of(draft)) >= 5
    assert len(refined) > len(draft)
    assert len(calls_of(refined)) > len(calls_of(draft))
    assert [tool for tool in more_tools if tool in tools] == list(tools)
    assert len(more_tools) >= len(tools) + 2
    assert "# Database" in refined[0].content
    assert any(
        isinstance(leaf, dict | list) for call in calls_of(refined) for leaf in call.arguments.values()
    )


@pytest.mark.parametrize("document", CHAINS)
def test_every_argument_of_a_chain_was_given_before(document):
    for tools, messages in trajectories_of(document):
        listed = choices([tool.parameters for tool in tools])
        for index, message in enumerate(messages):
            said = "\n".join(earlier.content for earlier in messages[:index])
            for value in (leaf for call in message.tool_calls for leaf in leaves(call.arguments)):
                derived = value in listed or value in DERIVED.get(document, ())
                assert derived or is_given(value, said), (index, value)


@pytest.mark.parametrize("document", CHAINS)
def test_calls_of_a_chain_that_succeed_keep_the_constraints_on_their_arguments(document):
    constraints = [
        constraint
        for constraint in workflow_of(document).constraints
        if constraint.predicate and "state" not in constraint.predicate
    ]
    assert constraints
    for _, messages in trajectories_of(document):
        failed = {
            message.call_id for message in messages if message.role == "tool" and "error" in message.content
        }
        for call in calls_of(messages):
            for constraint in constraints:
                if constraint.tool == call.name and call.call_id not in failed:
                    assert cel.compile(constraint.predicate).execute({"args": call.arguments}), (
                        constraint.rule
                    )


@pytest.mark.parametrize("document", CHAINS)
def test_results_of_a_chain_are_objects(document):
    for _, messages in trajectories_of(document):
        results = [json.loads(message.content) for message in messages if message.role == "tool"]
        assert all(isinstance(result, dict) for result in results)
        assert any(set(result) == {"error"} for result in results)


@pytest.mark.parametrize("document", CHAINS)
def test_the_judge_passes_a_chain(document):
    assert [score.score for score in parse(INDEX[document]["judge_trajectory"])] == [1, 1, 1]
