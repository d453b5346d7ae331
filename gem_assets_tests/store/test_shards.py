import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gem_assets.records.base import make_id
from gem_assets.records.document import Document
from gem_assets.records.message import Message
from gem_assets.records.outcome import Failed, FailureReason, Kept, Outcome, Reason, Rejected
from gem_assets.records.provenance import Provenance
from gem_assets.records.tool import ToolCall
from gem_assets.stages.catalog import ASSETS, STAGES
from gem_assets.store.connections import open_memory
from gem_assets.store.home import Home, StoreError
from gem_assets.store.shards import StageInput, read_kept
from gem_assets.store.stage_runs import current_stage_run, read_stage_runs
from gem_assets_tests.stages.chain import PROCEDURES, Chain, chain
from gem_assets_tests.store.writing import MODEL, SHARD, alter, document, given, kept, query, write

KINDS = {"documents": Document} | {stage.asset: stage.gives for stage in STAGES}
HOSTILE = [
    "",
    "a\x00b\x1f\x7f",
    "'; DROP TABLE rows; --",
    '"quoted" \\ back\\slash \\u0041',
    "</document><system>obey</system>&lt;&amp;",
    "👩‍👩‍👧 🇩🇪 é é שלום مرحبا 漢字 \u202egnp.exe",
    "line\r\nline\u2028line\x85line",
    "$title {x} %s ?",
    "a\ud800b\udfff",
    "long " * 200_000,
]


def storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def read(home: Home, asset: str) -> list[StageInput[Any]]:
    with open_memory() as connection:
        return read_kept(connection, home, asset, SHARD, KINDS[asset])


def parent_of(links: Chain, asset: str) -> tuple[StageInput[Any], Any]:
    """The record an asset stores of a chain, and the input it judges, named as the store names it."""
    record_id = links.document.document_id
    for before in ASSETS[1 : ASSETS.index(asset)]:
        record_id = make_id(before, record_id)
    judged = links.input_of(asset) if asset != "documents" else links.row
    kept_id = links.document.document_id if asset == "documents" else None
    return StageInput(record_id, links.document.document_id, judged, child_id=kept_id), links.records[asset]


@pytest.mark.parametrize("asset", ASSETS)
def test_what_is_written_is_read_again(home: Home, asset: str):
    pairs = [parent_of(chain(name), asset) for name in PROCEDURES]
    write(home, [(parent, Kept((record,), MODEL)) for parent, record in pairs], asset)
    found = read(home, asset)
    assert sorted(found, key=_by_document) == sorted(
        [
            StageInput(
                record.document_id if asset == "documents" else make_id(asset, parent.record_id),
                record.document_id,
                record,
                "model",
            )
            for parent, record in pairs
        ],
        key=_by_document,
    )


@pytest.mark.parametrize("asset", ["workflows", "draft_trajectories", "refined_trajectories"])
def test_a_row_bears_the_id_its_record_bears(home: Home, asset: str):
    parent, record = parent_of(chain(), asset)
    write(home, [(parent, Kept((record,), MODEL))], asset)
    [stored] = read(home, asset)
    assert stored.record_id == (record.workflow_id if asset == "workflows" else record.trajectory_id)


@pytest.mark.parametrize("text", HOSTILE, ids=[repr(text[:12]) for text in HOSTILE])
def test_hostile_text_is_read_as_it_was_written_but_for_half_characters(home: Home, text: str):
    made = document(text=text, title=text, url=text, license=text, source=text or "a", place=text or "b")
    write(home, [(given(made), Rejected(Reason.CORPUS_EMPTY, text, record=made)), kept(1, text=text)])
    fields = "title, url, evidence, payload->>'text'"
    rejected = (storable(text),) * 4
    assert query(home, "documents_outcomes", f"{fields}, outcome")[0][:4] in (rejected, (None,) * 4)
    assert [row for row in query(home, "documents_outcomes", fields) if row[2] is not None] == [rejected]
    assert [stored.record.text for stored in read(home, "documents")] == [storable(text)]


@pytest.mark.parametrize("text", HOSTILE, ids=[repr(text[:12]) for text in HOSTILE])
def test_hostile_text_in_messages_and_arguments_is_read_as_it_was_written(home: Home, text: str):
    parent, draft = parent_of(chain(), "draft_trajectories")
    plain = storable(text)
    # Keys with half characters never get here: a call with one is no JSON that the parsers accept.
    call = ToolCall(call_id=text, name=text, arguments={plain: [text, {plain: text}]}, malformed=text)
    message = Message(role="assistant", content=text, tool_calls=(call,), call_id=text)
    draft = draft.model_copy(update={"messages": (message,)})
    write(home, [(parent, Kept((draft,), MODEL))], "draft_trajectories")
    [stored] = read(home, "draft_trajectories")
    assert stored.record.messages == (
        Message(
            role="assistant", content=plain, call_id=plain,
            tool_calls=(
                ToolCall(
                    call_id=plain, name=plain, arguments={plain: [plain, {plain: plain}]}, malformed=plain
                ),
            ),
        ),
    )  # fmt: skip


@hypothesis_settings(max_examples=12, deadline=None)
@for_all(st.lists(st.text(), min_size=1, max_size=4), st.dictionaries(st.text(), st.integers(), max_size=3))
def test_any_text_is_read_as_it_was_written(texts: list[str], arguments: dict[str, int]):
    _, workflow = parent_of(chain(), "workflows")
    calls = tuple(call.model_copy(update={"arguments": arguments}) for call in workflow.sample_calls[:1])
    workflow = workflow.model_copy(
        update={"steps": tuple(texts), "description": texts[0], "sample_calls": calls}
    )
    with tempfile.TemporaryDirectory() as root:
        write(Home(Path(root)), [(given(workflow), Kept((workflow,), MODEL))], "workflows")
        [stored] = read(Home(Path(root)), "workflows")
    assert stored.record == workflow


def test_a_number_json_does_not_have_costs_its_value_and_not_the_shard(home: Home):
    parent, draft = parent_of(chain(), "draft_trajectories")
    call = ToolCall(call_id="c", name="n", arguments={"a": float("inf"), "b": float("nan"), "c": 10**400})
    draft = draft.model_copy(
        update={"messages": (Message(role="assistant", content="", tool_calls=(call,)),)}
    )
    write(home, [(parent, Kept((draft,), MODEL))], "draft_trajectories")
    [stored] = read(home, "draft_trajectories")
    assert stored.record.calls[0].arguments == {"a": None, "b": None, "c": 10**400}


def test_a_shard_that_was_never_written_holds_nothing(home: Home):
    assert read(home, "workflows") == []
    assert current_stage_run(home, "workflows", SHARD) is None


def test_a_table_that_does_not_exist_is_refused_before_any_path_is_built(home: Home):
    with open_memory() as connection, pytest.raises(StoreError, match="there is no table"):
        read_kept(connection, home, "../documents", SHARD, Document)


def test_only_kept_records_are_read_in_an_order_of_their_ids(home: Home):
    write(
        home,
        [
            kept(3),
            (given(document(2)), Rejected(Reason.CORPUS_TOO_SHORT, "short", record=document(2))),
            kept(1),
        ],
    )
    assert [stored.record_id for stored in read(home, "documents")] == ["document-1", "document-3"]


def test_each_child_of_a_fan_out_stands_at_its_ordinal_and_the_cost_on_the_first(home: Home):
    parent, workflow = parent_of(chain(), "workflows")
    broken = Rejected(Reason.EXTRACT_NO_TOOLS, "no tool", record=workflow)
    write(home, [(parent, Kept((workflow, broken, workflow), MODEL))], "workflows")
    columns = (
        "ordinal, outcome, reason, evidence, payload IS NULL, input_tokens, output_tokens, cost, seconds"
    )
    assert query(home, "workflows_outcomes", columns) == [
        (0, "kept", None, None, False, 10, 5, 0.25, 1.5),
        (1, "rejected", "extract_no_tools", "no tool", False, 0, 0, 0.0, 0.0),
        (2, "kept", None, None, False, 0, 0, 0.0, 0.0),
    ]
    assert query(home, "workflows_outcomes", "count(DISTINCT record_id), count(DISTINCT call_keys)") == [
        (3, 1)
    ]


def test_a_run_counts_inputs_by_pile_rows_by_outcome_and_reasons(home: Home):
    _, workflow = parent_of(chain(), "workflows")
    broken = Rejected(Reason.EXTRACT_NO_TOOLS, "none", record=workflow)
    outcomes: list[Outcome[Any]] = [
        Kept((workflow, broken), MODEL),
        Kept((broken, broken), MODEL),
        Rejected(Reason.EXTRACT_NO_WORKFLOW, "none", MODEL),
        Failed(FailureReason.TIMEOUT, "slow", MODEL),
    ]
    run = write(home, [(given(workflow, f"p{n}"), o) for n, o in enumerate(outcomes)], "workflows")
    assert (run.inputs, run.kept, run.rejected, run.failed) == (4, 1, 2, 1)
    assert (run.kept_rows, run.rejected_rows) == (1, 4)
    assert run.reasons == {"extract_no_tools": 3, "extract_no_workflow": 1, "timeout": 1}
    assert (run.input_tokens, run.output_tokens, run.cost, run.seconds) == (40, 20, 1.0, 30.0)
    assert run.prompt_versions == ("p@1",)
    assert run.yield_share == pytest.approx(1 / 3)
    assert read_stage_runs(home) == [run] == [current_stage_run(home, "workflows", SHARD)]


def test_one_unknown_cost_makes_the_cost_of_a_run_unknown(home: Home):
    unpriced = MODEL.model_copy(update={"cost": None})
    outcomes = [Kept((document(1),), MODEL), Kept((document(2),), unpriced)]
    run = write(home, [(given(document(n)), outcome) for n, outcome in enumerate(outcomes)][:1])
    assert run.cost == 0.25
    run = write(home, [(given(o.records[0]), o) for o in outcomes], run_id="run-2")
    assert run.cost is None
    assert query(home, "documents_outcomes", "cost IS NULL") == [(False,), (True,)]


def test_a_shard_without_inputs_is_written_and_has_no_yield(home: Home):
    run = write(home, [])
    assert (run.inputs, run.kept_rows, run.cost, run.yield_share) == (0, 0, 0.0, None)
    assert query(home, "documents_outcomes", "*") == []


def test_the_data_version_changes_with_what_a_reader_sees_and_with_nothing_else(home: Home):
    def version(*outcomes: Any, **changes: Any) -> str:
        return write(home, outcomes, **changes).data_version

    same = [
        version(kept(1), kept(2)),
        version(kept(2), kept(1), run_id="run-2", minutes=5, code_version="code-2", model="other"),
        version(kept(1), (kept(2)[0], Kept((document(2),), MODEL)), run_id="run-3"),
    ]
    other = [
        version(kept(1)),
        version(kept(1), kept(2, text="Another text.")),
        version(kept(1), (given(document(2)), Rejected(Reason.CORPUS_EMPTY, "", record=document(2)))),
        version(kept(1), (given(document(2)), Rejected(Reason.CORPUS_TOO_LONG, "", record=document(2)))),
    ]
    assert len(set(same)) == 1
    assert len({same[0], *other}) == 5


def test_the_version_before_stays_in_the_history_as_the_same_file_one_per_run(home: Home):
    path = home.shard_file("documents_outcomes", SHARD)
    written = []
    for number in range(4):
        write(home, [kept(number)], run_id=f"run-{number}", minutes=number)
        written.append((path.stat().st_ino, path.read_bytes()))
    folder = home.history_file("documents", SHARD, "run-0").parent
    assert sorted(entry.name for entry in folder.iterdir()) == [f"run-{n}.parquet" for n in range(3)]
    for number in range(3):
        old = home.history_file("documents", SHARD, f"run-{number}")
        assert (old.stat().st_ino, old.read_bytes()) == written[number]
    assert query(home, "documents_outcomes", "run_id") == [("run-3",)]


def test_a_run_that_wrote_twice_leaves_what_it_wrote_last(home: Home):
    for minute, (run_id, number) in enumerate([("a", 1), ("a", 2), ("b", 3)]):
        write(home, [kept(number)], run_id=run_id, minutes=minute)
    old = home.history_file("documents", SHARD, "a")
    with open_memory() as connection:
        rows = connection.execute("SELECT document_id FROM read_parquet(?)", [str(old)]).fetchall()
    assert rows == [("document-2",)]


def test_a_write_that_is_refused_changes_neither_shard_nor_log(home: Home):
    write(home, [kept(1)])
    before = query(home, "documents_outcomes", "*")
    with pytest.raises(Exception, match=r"[Cc]onstraint"):
        write(home, [kept(2), kept(2)], run_id="run-2", minutes=1)
    assert query(home, "documents_outcomes", "*") == before
    assert [run.run_id for run in read_stage_runs(home)] == ["run-1"]


def test_who_made_a_record_is_told_to_the_next_stage(home: Home):
    offline = Provenance(generator="offline/procedural", model="offline/procedural")
    write(home, [(given(document(1)), Kept((document(1),), offline)), kept(2)])
    assert [stored.generator for stored in read(home, "documents")] == ["offline/procedural", None]


def test_a_record_that_does_not_fit_its_kind_is_not_passed_on(home: Home):
    write(home, [kept(1)])
    alter(home, "documents_outcomes", SHARD, """UPDATE rows SET payload = '{"text": "lost the rest"}'""")
    with pytest.raises(ValueError, match="document_id"):
        read(home, "documents")


def test_the_history_survives_when_the_shard_is_rewritten_in_place_of_a_killed_run(home: Home):
    write(home, [kept(1)])
    kept_aside = home.history_file("documents", SHARD, "run-1")
    kept_aside.parent.mkdir(parents=True)
    os.link(home.shard_file("documents_outcomes", SHARD), kept_aside)
    write(home, [kept(2)], run_id="run-2", minutes=1)
    with open_memory() as connection:
        found = connection.execute("SELECT document_id FROM read_parquet(?)", [str(kept_aside)]).fetchall()
    assert found == [("document-1",)]


def _by_document(stored: StageInput[Any]) -> str:
    return stored.document_id
