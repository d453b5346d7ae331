import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gem_assets.records.outcome import Kept, Reason, Rejected
from gem_assets.reports.audit.audit import audit
from gem_assets.store.home import Home, StoreError
from gem_assets_tests.reports.chain_rows import (
    ESSAY,
    FERRY,
    KILN,
    NOTE,
    SHARD,
    carry,
    carry_lost_refinement,
    document,
    empty_home,
    failing,
    filled_home,
    procedure,
    raw_row,
    record_id,
    spent,
    validated,
)
from gem_assets_tests.store.writing import add_rows


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return filled_home(tmp_path_factory.mktemp("audit"))


def stages_of(text: str) -> list[tuple[str, str]]:
    return re.findall(r"^\d (\w+): ([A-Z]+)", text, re.MULTILINE)


def fact(text: str, stage: str, name: str) -> str:
    """The words of a stage's fact, without the line breaks."""
    block = re.split(r"\n\n", text[text.index(f" {stage}: ") :])[0]
    found = re.search(rf"^    {re.escape(name)} +(.*(?:\n {{17}}.*)*)", block, re.MULTILINE)
    return " ".join(found.group(1).split()) if found else ""


def test_a_document_shows_its_whole_chain_branch_by_branch(home: Home):
    assert stages_of(audit(home, KILN)) == [
        ("documents", "KEPT"),
        ("procedural_documents", "KEPT"),
        ("workflows", "KEPT"),
        ("draft_trajectories", "KEPT"),
        ("refined_trajectories", "KEPT"),
        ("validated_trajectories", "KEPT"),
        ("workflows", "REJECTED"),
    ]


@pytest.mark.parametrize(
    "asset", ["procedural_documents", "workflows", "draft_trajectories", "refined_trajectories"]
)
def test_a_record_of_any_stage_shows_what_it_came_from_and_what_came_of_it(home: Home, asset: str):
    shown = audit(home, record_id(asset, FERRY)[:8])
    assert len(stages_of(shown)) == 6
    assert f"{asset}: KEPT  <-- asked for" in shown
    assert shown.count("<-- asked for") == 1


def test_a_record_does_not_show_other_branches_but_counts_them(home: Home):
    shown = audit(home, record_id("workflows", KILN, 1))
    assert stages_of(shown)[-1] == ("workflows", "REJECTED")
    assert len(stages_of(shown)) == 3
    assert f"Not shown: 4 rows of other branches of this document (`gem audit {KILN}`)." in shown


def test_the_source_is_told_with_its_place_and_text(home: Home):
    shown = audit(home, KILN)
    for words in ("corpus sample", f"shard {SHARD}", "version 1 of 1", "kilns.jsonl, line 7", "CC0-1.0"):
        assert words in shown
    assert "https://example.org/kiln" in shown
    assert f"    | Text of {KILN}." in shown


def test_a_rejection_tells_reason_evidence_and_key_numbers(home: Home):
    shown = audit(home, record_id("validated_trajectories", FERRY))
    assert fact(shown, "validated_trajectories", "reason") == "rule_tag_left"
    assert (
        fact(shown, "validated_trajectories", "finding") == "rule_tag_left at message 4: <func> in message 4"
    )
    assert fact(shown, "validated_trajectories", "judge") == "not asked (stopped by a rule)"
    assert fact(shown, "refined_trajectories", "messages") == "10 -> 19"
    assert fact(shown, "refined_trajectories", "patterns") == "multi_hop -> multi_hop, error_recovery"
    assert fact(shown, "refined_trajectories", "spent") == "100 tokens in, 40 out, 1.5 s, cost unknown"
    assert fact(shown, "draft_trajectories", "tools") == "2 of 3 offered"
    assert fact(shown, "workflows", "steps") == "2"
    assert fact(shown, "workflows", "tools") == "2: book_ferry, open_kiln"
    assert 'at most 170 cm, from "No longer than 170 cm."' in fact(shown, "workflows", "constraint")


def test_a_rejected_refinement_tells_what_was_found_in_it(tmp_path: Path):
    home = filled_home(tmp_path)
    carry_lost_refinement(home)
    shown = audit(home, record_id("refined_trajectories", KILN))
    assert fact(shown, "refined_trajectories", "reason") == "refine_lost_validity"
    found = re.findall(r"finding +(verify_\w+)( at message 4)?(, warning)?", shown)
    assert found == [("verify_lost_write", " at message 4", ""), ("verify_guessed_id", "", ", warning")]


def test_a_judgement_tells_its_scores_and_explanations(home: Home):
    shown = fact(audit(home, record_id("validated_trajectories", KILN)), "validated_trajectories", "judge")
    assert shown == "passed by judge-1 R1 = 1: fine R2 = 1: fine R3 = 1: fine"


def test_each_row_names_prompt_model_run_and_code(home: Home):
    shown = audit(home, KILN)
    assert fact(shown, "workflows", "made by") == "model teacher-1, read after a repair turn"
    assert fact(shown, "workflows", "prompt") == "prompt@1"
    assert fact(shown, "workflows", "run") == (
        "run-1, ended 2026-05-04 12:00 UTC, code code-run-1; no earlier version"
    )
    assert fact(shown, "documents", "made by") == "rules alone, no model was asked"


def test_calls_come_from_the_journal_and_what_it_does_not_know_is_unknown(home: Home):
    asked: list[str] = []

    def calls(keys: Sequence[str]) -> list[Mapping[str, Any]]:
        asked.extend(keys)
        known: dict[str, Any] = {"key": "extract-kiln", "task": "extract_workflows", "model": "teacher-1"}
        return [
            known
            | {"input_tokens": 70, "output_tokens": 30, "seconds": 2.0, "cost": None, "parse_result": "ok"}
        ]

    shown = audit(home, record_id("workflows", KILN), calls)
    assert asked == [f"filter-{KILN}", "extract-kiln", f"draft-{KILN}", "refine-kiln", "judge-kiln"]
    assert fact(shown, "workflows", "call") == (
        "extract-kiln extract_workflows to teacher-1, 70 tokens in, 30 out, 2.0 s, cost unknown, read"
    )
    assert fact(shown, "refined_trajectories", "call") == "refine-kiln is not in the journal"


def test_what_a_fan_out_cost_is_told_once(home: Home):
    shown = audit(home, record_id("workflows", KILN, 1))
    assert fact(shown, "workflows", "spent") == "counted with the first record of the same answer"


def test_earlier_versions_tell_what_had_become_of_the_record(tmp_path: Path):
    home = filled_home(tmp_path)
    failing(home)
    gone = [(KILN, KILN, Kept((procedure(KILN),), spent("k")))]
    carry(home, "procedural_documents", gone, run_id="run-3", hour=2)
    failing_again = [(ESSAY, ESSAY, Rejected(Reason.FILTER_EMPTY, "", spent("k")))]
    carry(home, "procedural_documents", failing_again, run_id="run-4", hour=3)
    assert fact(audit(home, ESSAY), "procedural_documents", "earlier") == (
        "3 versions: rejected filter_not_multi_step (run run-1, 2026-05-04 12:00 UTC); "
        "failed timeout (run run-2, 2026-05-04 13:00 UTC); "
        "no such record (run run-3, 2026-05-04 14:00 UTC)"
    )


def test_a_kept_record_no_stage_has_read_yet_says_what_comes_next(tmp_path: Path):
    home = empty_home(tmp_path)
    carry(home, "documents", [(f"{KILN}@1", KILN, Kept((document(KILN),)))])
    assert "procedural_documents has not seen it yet" in fact(audit(home, KILN), "documents", "next")


def test_a_document_that_was_only_ingested_shows_its_text(tmp_path: Path):
    home = empty_home(tmp_path)
    add_rows(home, "sample", [raw_row(KILN, "\n".join(f"line {n}" for n in range(40)))], 10)
    shown = audit(home, KILN)
    assert "40 lines, the first 15:" in shown
    assert "| line 14" in shown and "| line 15" not in shown


def test_every_version_of_a_document_stands_with_its_own_text(tmp_path: Path):
    home = empty_home(tmp_path)
    add_rows(home, "sample", [raw_row(KILN, "old text")], 10)
    add_rows(home, "sample", [raw_row(KILN, "new text")], 10)
    old = Rejected(Reason.CORPUS_SUPERSEDED, "version 1 was replaced", record=document(KILN))
    carry(home, "documents", [(f"{KILN}@1", KILN, old)])
    carry(home, "documents", [(f"{KILN}@2", KILN, Kept((document(KILN),)))], shard="sample-00001")
    shown = audit(home, KILN)
    assert stages_of(shown) == [("documents", "KEPT"), ("documents", "REJECTED")]
    assert shown.index("version 2 of 2") < shown.index("| new text") < shown.index("version 1 of 2")
    assert shown.index("version 1 of 2") < shown.index("| old text")


def test_control_characters_are_spelled_out_and_text_cannot_pose_as_a_fact(tmp_path: Path):
    home = empty_home(tmp_path)
    hostile = "a\x1b[2J\x07b\u202ec\u200b\r\n    reason       none\x9b"
    add_rows(home, "sample", [raw_row(KILN, hostile, title=hostile, url=hostile)], 10)
    short = Rejected(Reason.CORPUS_TOO_SHORT, hostile, record=document(KILN, hostile, title=hostile))
    carry(home, "documents", [(f"{KILN}@1", KILN, short)])
    shown = audit(home, KILN)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e]", shown)
    assert "a\\x1b[2J\\x07b\\u202ec\\u200b\\r" in shown
    assert re.findall(r"^    reason +(.*)$", shown, re.MULTILINE) == ["corpus_too_short"]
    assert "    |     reason       none\\x9b" in shown


def test_a_short_prefix_is_refused(home: Home):
    with pytest.raises(StoreError, match="at least 4 characters"):
        audit(home, KILN[:3])


def test_an_unknown_prefix_says_where_ids_are_listed(home: Home):
    with pytest.raises(StoreError, match=r"begins with 'zzzz'.*lineage"):
        audit(home, "zzzz")


def test_an_ambiguous_prefix_lists_at_most_ten_candidates(tmp_path: Path):
    home = empty_home(tmp_path)
    add_rows(home, "sample", [raw_row(f"abcd{number:016d}", f"text {number}") for number in range(12)], 20)
    with pytest.raises(StoreError) as caught:
        audit(home, "abcd")
    message = str(caught.value)
    assert message.startswith("12 ids begin with 'abcd'")
    assert (message.count("(raw_rows, ingested)"), message.endswith("and 2 more")) == (10, True)
    assert "\n" not in message


def test_a_whole_id_is_never_ambiguous_and_case_does_not_matter(tmp_path: Path):
    home = empty_home(tmp_path)
    add_rows(home, "sample", [raw_row("abcdef"), raw_row("abcdefff", "another text")], 20)
    assert "version 1 of 1" in audit(home, "ABCDEF")


def test_a_home_without_tables_says_what_to_do_and_stays_untouched(tmp_path: Path):
    with pytest.raises(StoreError, match="gem ingest"):
        audit(Home(tmp_path / "nowhere"), "abcd")
    assert not (tmp_path / "nowhere").exists()


def test_a_rejected_document_ends_its_own_chain(home: Home):
    shown = audit(home, NOTE)
    assert stages_of(shown) == [("documents", "REJECTED")]
    assert fact(shown, "documents", "reason") == "corpus_too_short"


def test_lines_fit_the_terminal(tmp_path: Path):
    home = filled_home(tmp_path)
    long = Rejected(Reason.RULE_TAG_LEFT, "word " * 2000, record=validated(KILN))
    carry(
        home,
        "validated_trajectories",
        [(record_id("refined_trajectories", KILN), KILN, long)],
        "run-2",
        hour=1,
    )
    shown = audit(home, record_id("validated_trajectories", KILN))
    assert max(map(len, shown.splitlines())) <= 100
    assert "6,000 more characters" in fact(shown, "validated_trajectories", "evidence")
