import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gem_assets.display.figures import Spend
from gem_assets.records.outcome import Kept, Reason, Rejected
from gem_assets.reports.yields.detail import DatasetYield, Detail, read_detail
from gem_assets.reports.yields.model import GeneratorCount, ReasonCount, YieldReport
from gem_assets.reports.yields.yield_report import (
    read_report,
    render_html,
    render_markdown,
    render_text,
    write_report,
)
from gem_assets.store.connections import open_live, open_warehouse
from gem_assets.store.home import Home
from gem_assets.store.warehouse import build_warehouse
from gem_assets_tests.reports.chain_rows import (
    ESSAY,
    FERRY,
    KILN,
    SHARD,
    carry,
    carry_lost_refinement,
    document,
    empty_home,
    failing,
    filled_home,
    procedure,
    record_id,
    spent,
)

STAGES = (
    "documents",
    "procedural_documents",
    "workflows",
    "draft_trajectories",
    "refined_trajectories",
    "validated_trajectories",
)
PILES = {
    "documents": (4, 3, 1, 0),
    "procedural_documents": (3, 2, 1, 0),
    "workflows": (2, 2, 0, 0),
    "draft_trajectories": (2, 2, 0, 0),
    "refined_trajectories": (2, 2, 0, 0),
    "validated_trajectories": (2, 1, 1, 0),
}
HOSTILE = "<script>alert(1)</script>\x1b[2J\u202e</pre><td>| cell"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return filled_home(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def report(home: Home) -> YieldReport:
    return read(home)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> YieldReport:
    return read(empty_home(tmp_path_factory.mktemp("empty")))


def read(home: Home) -> YieldReport:
    with open_live(home) as connection:
        return read_report(connection)


class TableReader(HTMLParser):
    """Collects the words of every table row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        self.inside = tag in ("td", "th", "strong", "a", "span", "em") and bool(self.rows)

    def handle_data(self, data: str) -> None:
        if self.inside and data.strip():
            self.rows[-1].append(" ".join(data.split()))


def table_rows(html: str) -> list[list[str]]:
    reader = TableReader()
    reader.feed(html)
    return reader.rows


def text_rows(text: str) -> Iterator[list[str]]:
    return (line.split() for line in text.splitlines() if re.match(r"\d  \w", line))


def test_every_stage_counts_its_inputs_in_three_piles(report: YieldReport):
    assert {s.asset: (s.inputs, s.kept, s.rejected, s.failed) for s in report.stages} == PILES
    assert all(stage.inputs == stage.kept + stage.rejected + stage.failed for stage in report.stages)


def test_text_markdown_and_page_show_the_same_piles_and_yields(report: YieldReport):
    expected = {
        stage.asset: [str(n) for n in PILES[stage.asset]]
        + ["100%" if stage.yield_share == 1 else f"{stage.yield_share:.1%}"]
        for stage in report.stages
    }
    assert {row[1]: row[2:7] for row in text_rows(render_text(report, 100))} == expected
    cells = [
        re.split(r"\s*\|\s*", line)[1:-1] for line in render_markdown(report).splitlines() if "|" in line
    ]
    assert {row[0]: row[1:6] for row in cells if row[0] in PILES} == expected
    funnel = [row for row in table_rows(render_html(report)) if row and row[0] in PILES][:6]
    assert {row[0]: row[1:6] for row in funnel} == expected


def test_a_rejected_workflow_of_a_kept_document_is_told_as_a_reason_not_as_a_lost_input(report: YieldReport):
    workflows = report.stages[2]
    assert (workflows.rejected, workflows.rejected_records, workflows.yield_share) == (0, 1, 1)
    assert [(reason.reason, reason.rows) for reason in report.reasons_of("workflows")] == [
        ("extract_graph_cyclic", 1)
    ]


def test_fan_out_is_records_per_kept_input(tmp_path: Path):
    home = empty_home(tmp_path)
    both = Kept((procedure(KILN), procedure(KILN), procedure(KILN)))
    carry(home, "procedural_documents", [(KILN, KILN, both), (FERRY, FERRY, Kept((procedure(FERRY),)))])
    assert read(home).stages[1].fan_out == 2


def test_end_to_end_counts_documents_that_became_a_trajectory(report: YieldReport):
    totals = report.totals
    assert (totals.documents, totals.fruitful_documents, totals.trajectories) == (4, 1, 1)
    assert (totals.corpora, totals.shards, totals.finished_at) == (("sample",), 1, "2026-05-04 12:00")
    assert "4 documents -> 1 validated trajectory from 1 of them" in render_text(report, 100)


def test_refinement_stands_beside_the_paper_s_means(report: YieldReport):
    gains = {gain.measure: gain for gain in report.refinement}
    assert (gains["messages"].mean_before, gains["messages"].mean_after) == (10, 17.5)
    assert (gains["tools"].median_before, gains["tools"].median_after) == (2, 4.5)
    assert (gains["calls"].mean_before, gains["calls"].mean_after, gains["calls"].records) == (3, 8.5, 2)
    for text in (render_text(report, 100), render_markdown(report)):
        for words in ("10 -> 17.5", "30.05 -> 46.1", "5.01 -> 8.6", "7.83 -> 16.3"):
            assert words in text
    row = next(row for row in table_rows(render_html(report)) if row[:1] == ["messages"])
    assert " ".join(row) == "messages 10 → 17.5 ×1.75 10 → 17.5 30.05 → 46.1 41"


def test_an_unknown_cost_is_unknown_in_every_form_and_spoils_the_total(report: YieldReport):
    assert report.stages[4].spend == Spend(None, 0.25, 1)
    assert report.spend == Spend(None, 2.25, 1)
    assert report.cost_per_trajectory is None
    row = next(row for row in text_rows(render_text(report, 100)) if row[1] == "refined_trajectories")
    assert row[8] == "unknown"
    assert "unknown (over $2.25)" in render_text(report, 100)
    assert "unknown (over $0.25)" in render_markdown(report)
    assert "unknown (over $0.25)" in render_html(report)


def test_a_known_cost_is_summed_and_divided_by_the_trajectories(tmp_path: Path):
    home = filled_home(tmp_path)
    outcomes = [
        (record_id("draft_trajectories", name), name, Rejected(Reason.REFINE_EMPTY, "", spent("k", cost=0.5)))
        for name in (KILN, FERRY)
    ]
    carry(home, "refined_trajectories", outcomes, run_id="run-2", hour=1)
    report = read(home)
    assert report.spend == Spend(3.0, 3.0, 0)
    assert report.cost_per_trajectory == 3.0


def test_tokens_and_seconds_are_those_of_the_runs_that_wrote_the_rows(tmp_path: Path):
    home = filled_home(tmp_path)
    before = read(home)
    failing(home)
    after = read(home)
    assert (before.input_tokens, before.output_tokens, before.seconds) == (1000, 400, 540)
    assert (after.input_tokens, after.output_tokens, after.seconds) == (900, 360, 540)


def test_failures_are_told_apart_from_rejections(tmp_path: Path):
    home = filled_home(tmp_path)
    failing(home)
    report = read(home)
    stage = report.stages[1]
    assert (stage.kept, stage.rejected, stage.failed, stage.yield_share) == (2, 0, 1, 1)
    assert [(reason.pile, reason.reason) for reason in report.reasons_of(stage.asset)] == [
        ("failed", "timeout")
    ]
    assert "failed: 1 timeout" in render_text(report, 100)


def test_what_no_model_judged_and_what_a_rule_stopped_are_counted_for_themselves(report: YieldReport):
    assert {count.status: count.trajectories for count in report.judgements} == {
        "passed": 1,
        "not asked (stopped by a rule)": 1,
    }


def test_kept_records_are_counted_by_who_made_them(tmp_path: Path):
    home = empty_home(tmp_path)
    offline = spent("k", generator="offline/procedural", model="offline/procedural")
    carry(
        home,
        "procedural_documents",
        [
            (KILN, KILN, Kept((procedure(KILN),), offline)),
            (FERRY, FERRY, Kept((procedure(FERRY),), spent("m"))),
        ],
    )
    made = {count.generator: count.records for count in read(home).generators}
    assert made == {"model": 1, "offline/procedural": 1}


def test_categories_and_languages_are_counted_over_documents(report: YieldReport):
    labels = {(count.vocabulary, count.label): count.documents for count in report.categories}
    assert labels == {
        ("language", "en"): 3,
        ("platform", "machine"): 2,
        ("domain", "finance"): 2,
        ("domain", "science"): 2,
        ("task_category", "search"): 2,
    }


def test_a_shard_shows_the_run_that_wrote_it(tmp_path: Path):
    home = filled_home(tmp_path)
    failing(home)
    rows = {row.asset: row for row in read(home).shards}
    assert (rows["procedural_documents"].run_id, rows["procedural_documents"].shard) == ("run-2", SHARD)
    assert (rows["procedural_documents"].finished_at, rows["workflows"].run_id) == (
        "2026-05-04 13:00",
        "run-1",
    )


def test_live_tables_and_warehouse_give_the_same_report(home: Home, report: YieldReport):
    build_warehouse(home)
    with open_warehouse(home) as connection:
        assert read_report(connection) == report


def test_every_stage_appears_also_where_nothing_ran(empty: YieldReport):
    assert empty.is_empty
    for text in (render_text(empty, 100), render_markdown(empty), render_html(empty)):
        assert all(stage in text for stage in STAGES)
        assert "Nothing was materialised yet" in text
    assert [row[2:] for row in text_rows(render_text(empty, 100))] == [["0"] * 4 + ["-"] * 4] * 6


def test_a_stage_that_nothing_reached_is_not_said_to_have_lost_nothing(tmp_path: Path):
    home = empty_home(tmp_path)
    short = Rejected(Reason.CORPUS_TOO_SHORT, "9 characters", record=document(KILN, "Too short"))
    carry(home, "documents", [(f"{KILN}@1", KILN, short)])
    carry(home, "procedural_documents", [])
    page = render_html(read(home))
    assert page.count("Nothing came this far.") == 1
    assert "Nothing was lost here." not in page
    assert "- yield" not in page


def test_the_text_is_ascii_and_fits_a_terminal_of_100_columns(report: YieldReport):
    text = render_text(report, 100)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 100


def test_only_the_three_most_frequent_reasons_are_printed_and_the_rest_is_counted(report: YieldReport):
    kinds = [Reason.FILTER_EMPTY, Reason.FILTER_REFUSED, Reason.FILTER_TRUNCATED, Reason.FILTER_TOO_LONG]
    first = report.reasons_of("procedural_documents")[0]
    many = tuple(replace(first, reason=str(kind), rows=9 - number) for number, kind in enumerate(kinds))
    text = render_text(replace(report, reasons=many), 100)
    assert "9 filter_empty, 8 filter_refused, 7 filter_truncated, 6 for 1 other reason" in text


def test_the_markdown_is_short(report: YieldReport):
    assert len(render_markdown(report).splitlines()) < 60


def test_a_reason_shows_up_to_five_examples_with_the_command_that_tells_more(tmp_path: Path):
    home = empty_home(tmp_path)
    names = [f"{number:020x}" for number in range(7)]
    short = [
        (f"{name}@1", name, Rejected(Reason.CORPUS_TOO_SHORT, f"{name} is short", record=document(name)))
        for name in names
    ]
    carry(home, "documents", short)
    (reason,) = read(home).reasons
    assert (reason.rows, [example.record_id for example in reason.examples]) == (7, names[:5])
    page = render_html(read(home))
    assert all(f"gem audit {name}" in page for name in names[:5])
    assert "kilns.jsonl, line 7" in page
    assert "2 more:" in page


def test_text_of_documents_and_models_does_nothing_on_the_page(tmp_path: Path):
    home = empty_home(tmp_path)
    about = {"title": HOSTILE, "source": HOSTILE}
    carry(
        home,
        "documents",
        [
            (f"{KILN}@1", KILN, Rejected(Reason.CORPUS_EMPTY, HOSTILE, record=document(KILN, **about))),
            (f"{ESSAY}@1", ESSAY, Kept((document(ESSAY, language="<b"),))),
        ],
    )
    labelled = procedure(ESSAY, summary=HOSTILE, domains=(HOSTILE,), task_category=HOSTILE)
    carry(home, "procedural_documents", [(ESSAY, ESSAY, Kept((labelled,), spent("k", model=HOSTILE)))])
    page = render_html(read(home))
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", page)
    assert "\\x1b[2J\\u202e" in page
    text = render_text(read(home), 100)
    assert text.isascii() and "\x1b" not in text


def test_a_label_can_neither_end_its_cell_nor_become_markup_in_markdown(report: YieldReport):
    hostile = GeneratorCount("validated_trajectories", True, HOSTILE, 1)
    shown = render_markdown(replace(report, generators=(hostile,)))
    assert (
        "| &#60;script>alert(1)&#60;/script>\\x1b&#91;2J\\u202e&#60;/pre>&#60;td>&#124; cell | 1 |" in shown
    )


def test_the_page_asks_for_nothing_from_elsewhere(report: YieldReport):
    page = render_html(report)
    assert "default-src 'none'" in page
    assert not re.findall(r"\bsrc=|url\((?!#)|@import", page)
    links = re.findall(r"\bhref=[\"']([^\"']*)", page)
    assert all(link.startswith(("#", "trajectories/index.html")) for link in links)
    assert "prefers-color-scheme: dark" in page


def test_the_page_is_written_into_the_reports_of_the_home(home: Home, report: YieldReport):
    with open_live(home) as connection:
        path = write_report(home, connection)
        detail = read_detail(home, connection)
    assert path == home.reports / "yield_report.html"
    assert path.read_text("utf-8") == render_html(report, detail)


def test_what_a_recipe_chose_ends_the_funnel(report: YieldReport):
    chosen = DatasetYield(
        recipe="default",
        asset="validated_trajectories",
        inputs=12,
        kept=9,
        rejected=3,
        reasons='{"dataset_<b>": 1, "dataset_duplicate": 2}',
        splits='{"train": 8, "test": 1}',
        finished_at="2026-05-04 12:00",
    )
    page = render_html(report, Detail(datasets=(chosen,)))
    row = next(row for row in table_rows(page) if row[:1] == ["default"])
    assert row[:7] == ["default", "2 dataset_duplicate", "1 dataset_<b>", "12", "9", "3", "train 8, test 1"]
    assert "dataset_<b>" not in page


def test_findings_are_counted_by_check_and_level_with_a_link_to_one(home: Home):
    with open_live(home) as connection:
        detail = read_detail(home, connection)
        page = render_html(read_report(connection), detail)
    (found,) = detail.findings
    assert (found.kind, found.level, found.reason, found.findings, found.trajectories) == (
        "rule",
        "error",
        "rule_tag_left",
        1,
        1,
    )
    place = f"shard={SHARD}&amp;id={record_id('validated_trajectories', FERRY)}"
    assert f'<a href="trajectories/index.html#{place}">one</a>' in page


def test_the_errors_behind_a_refinements_rejection_are_counted_and_shown(tmp_path: Path):
    home = filled_home(tmp_path)
    carry_lost_refinement(home)
    with open_live(home) as connection:
        detail = read_detail(home, connection)
        page = render_html(read_report(connection), detail)
        stored = connection.execute(
            "SELECT reason, error_findings, warning_findings FROM refined_trajectories_outcomes "
            "WHERE error_findings IS NOT NULL"
        ).fetchall()
    assert stored == [("refine_lost_validity", 1, 1)]
    (inner,) = detail.inner_reasons
    assert (inner.rejected_for, inner.reason, inner.findings, inner.trajectories) == (
        "refine_lost_validity",
        "verify_lost_write",
        1,
        1,
    )
    assert {(one.asset, one.reason, one.level) for one in detail.findings} >= {
        ("refined_trajectories", "verify_lost_write", "error"),
        ("refined_trajectories", "verify_guessed_id", "warning"),
        ("validated_trajectories", "rule_tag_left", "error"),
    }
    words = " ".join(re.sub(r"<[^>]*>", " ", page).split())
    assert "refine_lost_validity verify_lost_write 1 1 one" in words


def test_a_superseded_version_is_not_a_second_document(tmp_path: Path):
    home = empty_home(tmp_path)
    old = Rejected(Reason.CORPUS_SUPERSEDED, "version 1 was replaced", record=document(KILN))
    carry(home, "documents", [(f"{KILN}@1", KILN, old)])
    carry(home, "documents", [(f"{KILN}@2", KILN, Kept((document(KILN),)))], shard="sample-00001")
    report = read(home)
    assert (report.stages[0].inputs, report.totals.documents) == (2, 1)


def test_what_the_prefilter_may_have_lost_is_told_where_it_rejected_anything_and_only_there(
    report: YieldReport,
):
    rejected = [
        ReasonCount("procedural_documents", "rejected", reason.value, rows, ())
        for reason, rows in ((Reason.PREFILTER_TOO_SHORT, 30), (Reason.PREFILTER_REPETITIVE, 4))
    ]
    used = replace(report, reasons=(*report.reasons, *rejected))
    measured = (
        "Of 119 labelled procedures it was measured on (en) it lost 0: 0% of recall, at most 2.5% at 95 %"
    )
    for form in (render_html, render_markdown):
        assert "The prefilter rejected 34 documents before any model saw them" in form(used)
        assert measured in form(used)
        assert "The prefilter rejected" not in form(report)
