import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gem_assets.records.judgement import ArgumentSource, Finding
from gem_assets.records.message import Message
from gem_assets.records.outcome import Kept, Reason, Rejected
from gem_assets.records.tool import ToolCall
from gem_assets.reports.viewer.viewer import write_viewer
from gem_assets.reports.yields.yield_report import write_report
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home
from gem_assets_tests.reports.chain_rows import (
    ESSAY,
    FERRY,
    KILN,
    SHARD,
    TOOL,
    carry,
    document,
    empty_home,
    filled_home,
    procedure,
    record_id,
    validated,
)

pytestmark = pytest.mark.browser

HOSTILE = (
    "</script><script>window.harmed = 1</script><img src=x onerror='window.harmed = 1'>"
    "<tool>\u202eevil\u2066</tool> \u200b{{7*7}} javascript:window.harmed=1 <func>{}</func>"
)


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def refresh(home: Home) -> Path:
    with open_live(home) as connection:
        write_report(home, connection)
        return write_viewer(home, connection)


def traced(document_id: str) -> Any:
    """A validated trajectory with sources of its arguments and a warning."""
    call = ToolCall(call_id="c1", name="book_ferry", arguments={"length_cm": 165, "who": {"name": "Ana"}})
    again = ToolCall(call_id="c2", name="book_ferry", arguments={"ferry_id": "F-7"})
    messages = (
        Message(role="system", content="Be kind."),
        Message(role="user", content="I am 165 long and my name is Ana."),
        Message(role="assistant", content="I book it.", tool_calls=(call,)),
        Message(role="tool", content='{"ferry": {"id": "F-7", "__proto__": {"harmed": 1}}}', call_id="c1"),
        Message(role="assistant", content="", tool_calls=(again,)),
        Message(role="tool", content="not JSON <b>", call_id="c2"),
        Message(role="assistant", content="Done, I think."),
    )
    kinds = {"call_id": "c1", "call_message": 2, "tool": "book_ferry"}
    sources = (
        ArgumentSource(path="$.length_cm", value="165", kind="user", message=1, span=(5, 8), **kinds),
        ArgumentSource(
            call_message=4, call_id="c2", tool="book_ferry", path="$.ferry_id", value='"F-7"', kind="result",
            message=3, source_path="$.ferry.id",
        ),
    )  # fmt: skip
    finding = Finding(
        reason="verify_ungrounded_name",
        evidence="Ana",
        message=2,
        kind="provenance",
        level="warning",
        path="$.who.name",
    )
    made = validated(document_id)
    return made.model_copy(
        update={"messages": messages, "argument_sources": sources, "findings": (finding,), "tools": (TOOL,)}
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = filled_home(tmp_path_factory.mktemp("viewer"))
    rule = Rejected(Reason.RULE_TAG_LEFT, "<func> in message 4", record=validated(FERRY))
    parents = [record_id("refined_trajectories", name) for name in (KILN, FERRY)]
    text = "Kilns. No longer than 170 cm. Then fire it."
    kiln = traced(KILN)
    kiln = kiln.model_copy(
        update={
            "workflow": kiln.workflow.model_copy(
                update={"procedure": procedure(KILN, document=document(KILN, text=text))}
            )
        }
    )
    carry(
        made,
        "validated_trajectories",
        [(parents[0], KILN, Kept((kiln,))), (parents[1], FERRY, rule)],
        "run-2",
        hour=1,
    )
    kept = [(f"{name}@1", name, Kept((document(name, text=text),))) for name in (KILN, FERRY, ESSAY)]
    carry(made, "documents", kept, "run-2", hour=1)
    refresh(made)
    return made


@pytest.fixture(scope="module", params=["file", "http"])
def address(request: pytest.FixtureRequest, home: Home) -> Iterator[str]:
    """The reports, opened from disk and over HTTP."""
    if request.param == "file":
        yield home.reports.as_uri()
        return
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(home.reports)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def look(page: Any, address: str, wanted: str = "") -> None:
    page.goto(f"{address}/trajectories/index.html#{wanted}")
    page.wait_for_selector(".row, .message, .empty, .source, .stage")


def test_the_list_shows_trajectories_and_is_narrowed_by_search_and_filter(page: Any, address: str):
    look(page, address)
    assert page.locator(".row").count() == 2
    page.get_by_role("button", name="rejected").click()
    assert page.locator(".row .end").all_inner_texts() == ["rule_tag_left"]
    page.get_by_role("link", name="Clear all").click()
    page.get_by_role("searchbox").fill(KILN)
    assert page.locator(".row").count() == 1
    page.get_by_role("searchbox").fill("nothing like it")
    assert "Nothing matches" in page.locator(".listing").inner_text()
    assert page.complaints == []


def test_what_never_became_a_dialogue_is_shown_when_asked_for(page: Any, address: str):
    look(page, address)
    page.get_by_text("also what never became a dialogue").click()
    page.get_by_role("link", name="filter_not_multi_step").wait_for()
    page.get_by_role("link", name="filter_not_multi_step").click()
    assert "No dialogue came of this document" in page.locator(".talk").inner_text()
    assert page.locator(".rail .rejected b").inner_text() == "filter"
    assert page.complaints == []


def test_a_trajectory_is_a_conversation_with_calls_beside_their_schema(page: Any, address: str):
    look(page, address, f"shard={SHARD}&id={record_id('validated_trajectories', KILN)}")
    assert page.locator(".message").count() == 7
    cells = page.locator(".call").first.locator("tr").first.locator("th, td").all_inner_texts()
    assert cells == ["length_cm", "165", "integer"]
    assert page.locator(".call .schema").nth(1).inner_text() == "not in the schema"
    assert "verify_ungrounded_name" in page.locator(".message.assistant .finding").inner_text()
    assert page.locator(".value.bad").inner_text() == "Ana"
    assert '"__proto__"' not in page.locator(".judge").inner_text()
    assert "__proto__" in page.locator(".message.tool").first.inner_text()
    assert page.evaluate("({}).harmed") is None
    assert page.complaints == []


def test_a_click_on_a_value_shows_where_it_came_from(page: Any, address: str):
    look(page, address, f"shard={SHARD}&id={KILN}")
    page.get_by_role("button", name="165", exact=True).click()
    assert page.locator(".lit").inner_text() == "165"
    assert "said by the user, message 1" in page.locator("#note").inner_text()
    page.get_by_role("button", name="F-7", exact=True).click()
    assert page.locator(".lit").inner_text() == '"F-7"'
    assert "message 3 at $.ferry.id" in page.locator("#note").inner_text()
    page.get_by_role("button", name="back to the call").click()
    assert page.locator("#note").is_hidden()
    assert page.complaints == []


def test_a_rule_and_its_sentence_in_the_source_lead_to_each_other(page: Any, address: str):
    look(page, address, f"shard={SHARD}&id={KILN}")
    assert page.locator(".source .mark.rule").inner_text() == "No longer than 170 cm."
    page.locator(".source .mark.rule").click()
    assert "at most 170 cm" in page.locator(".rules .wanted").inner_text()
    page.get_by_role("button", name="show in the source").click()
    assert page.locator(".mark.wanted").inner_text() == "No longer than 170 cm."
    page.get_by_role("tab", name="Steps").click()
    page.get_by_role("button", name="closest passage").last.click()
    assert page.locator(".mark.step").inner_text().strip() == "Then fire it."
    assert page.complaints == []


def test_draft_and_refined_stand_side_by_side_with_what_was_written_anew_marked(page: Any, address: str):
    look(page, address, f"shard={SHARD}&id={KILN}")
    page.get_by_role("button", name="Side by side").click()
    assert page.locator(".column").count() == 2
    assert page.locator(".column").first.locator(".message").count() == 5
    assert page.locator(".column").last.locator(".message.added").count() == 6
    page.get_by_role("button", name="Draft", exact=True).click()
    assert page.locator(".message").count() == 5
    assert page.complaints == []


def test_next_and_back_keep_the_list_that_was_narrowed(page: Any, address: str):
    look(page, address, "outcome=rejected")
    page.locator(".row").first.click()
    page.wait_for_selector(".message")
    page.get_by_role("link", name="← all").click()
    page.wait_for_selector(".row")
    assert "outcome=rejected" in page.url


def test_the_history_of_a_shard_tells_its_runs_and_links_the_changed(page: Any, address: str):
    look(page, address, f"history={SHARD}&asset=validated_trajectories&run=run-2")
    runs = page.locator(".stage.wanted tbody tr").all_inner_texts()
    assert len(runs) == 2 and "with other content" in runs[0]
    assert page.locator(".wanted tr.asked").count() == 1
    assert page.complaints == []


def test_the_report_leads_to_the_dialogue_of_a_rejection(page: Any, address: str):
    page.goto(f"{address}/yield_report.html")
    page.locator("summary", has_text="rule_tag_left").first.click()
    page.get_by_role("link", name="look at it").locator("visible=true").first.click()
    page.wait_for_selector(".message")
    assert "rule_tag_left" in page.locator(".verdict").inner_text()
    assert page.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1024])
def test_nothing_overflows_at_desktop_and_laptop_width(page: Any, address: str, width: int, scheme: str):
    page.set_viewport_size({"width": width, "height": 768})
    page.emulate_media(color_scheme=scheme)
    for wanted in ("", f"shard={SHARD}&id={KILN}", f"shard={SHARD}&id={KILN}&show=both", f"history={SHARD}"):
        look(page, address, wanted)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"{address}/yield_report.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_link_to_what_is_gone_says_so(page: Any, address: str):
    look(page, address, f"shard={SHARD}&id=0123456789")
    assert "may be gone" in page.locator(".empty").inner_text()
    look(page, address, "shard=other-00000&id=0123456789")
    assert "there is no shard other-00000" in page.locator(".empty").inner_text()


def test_where_no_text_became_a_dialogue_the_list_says_how_each_ended(page: Any, tmp_path: Path):
    home = empty_home(tmp_path)
    carry(home, "documents", [(f"{KILN}@1", KILN, Kept((document(KILN),)))])
    essay = Rejected(Reason.FILTER_NOT_MULTI_STEP, "an essay")
    carry(home, "procedural_documents", [(KILN, KILN, essay)])
    with open_live(home) as connection:
        folder = write_viewer(home, connection).parent
    page.goto(f"{folder.as_uri()}/index.html")
    assert page.locator(".row .end").all_inner_texts() == ["filter_not_multi_step"]
    assert page.get_by_role("checkbox").is_checked()
    assert page.complaints == []


def test_hostile_text_does_no_harm_anywhere(page: Any, tmp_path: Path):
    home = empty_home(tmp_path)
    about = {"title": HOSTILE, "source": HOSTILE, "place": HOSTILE, "url": "javascript:window.harmed=1"}
    source = document(KILN, text=HOSTILE * 3, **about)
    carry(home, "documents", [(f"{KILN}@1", KILN, Kept((source,)))])
    labelled = procedure(KILN, document=source, summary=HOSTILE, task_category=HOSTILE)
    carry(home, "procedural_documents", [(KILN, KILN, Kept((labelled,)))])
    made = traced(KILN)
    tool = TOOL.model_copy(
        update={"name": HOSTILE, "description": HOSTILE, "parameters": {HOSTILE: HOSTILE, "type": HOSTILE}}
    )
    constraint = made.workflow.constraints[0].model_copy(
        update={"rule": HOSTILE, "sentence": HOSTILE, "predicate": HOSTILE}
    )
    workflow = made.workflow.model_copy(
        update={
            "procedure": labelled,
            "steps": (HOSTILE,),
            "description": HOSTILE,
            "tools": (tool,),
            "constraints": (constraint,),
        }
    )
    carry(home, "workflows", [(record_id("procedural_documents", KILN), KILN, Kept((workflow,)))])
    call = ToolCall(
        call_id="c1", name=HOSTILE, arguments={HOSTILE: HOSTILE, "__proto__": {"harmed": HOSTILE}}
    )
    messages = (
        Message(role="system", content=HOSTILE),
        Message(role="user", content=HOSTILE),
        Message(role="assistant", content=HOSTILE, tool_calls=(call,)),
        Message(role="tool", content=f'{{"error": "{HOSTILE.replace(chr(34), "")}"}}', call_id="c1"),
        Message(role="assistant", content=HOSTILE),
    )
    finding = Finding(reason="rule_tag_left", evidence=HOSTILE, message=2, path=HOSTILE, span=(0, 20))
    ill = made.model_copy(
        update={"workflow": workflow, "messages": messages, "tools": (tool,), "findings": (finding,)}
    )
    refined = ill.model_copy(update={"judgement": None, "findings": ()})
    draft = refined.model_copy(update={"draft_shape": None})
    carry(home, "draft_trajectories", [(record_id("workflows", KILN), KILN, Kept((draft,)))])
    carry(home, "refined_trajectories", [(record_id("draft_trajectories", KILN), KILN, Kept((refined,)))])
    verdict = Rejected(Reason.RULE_TAG_LEFT, HOSTILE, record=ill)
    carry(home, "validated_trajectories", [(record_id("refined_trajectories", KILN), KILN, verdict)])
    address = refresh(home).parent.parent.as_uri()
    page.goto(f"{address}/yield_report.html")
    unharmed(page)
    for wanted in ("", f"shard={SHARD}&id={KILN}", f"shard={SHARD}&id={KILN}&show=both"):
        look(page, address, wanted)
        unharmed(page)
    look(page, address, f"shard={SHARD}&id={KILN}")
    for tab in ("Source", "Rules", "Steps", "Tools", "Record"):
        page.get_by_role("tab", name=tab).click()
        unharmed(page)
    assert "\\u202eevil" in page.locator("h1").inner_text()
    assert page.get_by_role("link", name="original").count() == 0


def unharmed(page: Any) -> None:
    assert page.evaluate("window.harmed") is None and page.evaluate("({}).harmed") is None
    assert page.locator("img, iframe, object, form, body script:not([src])").count() == 0
    assert not set("\u202e\u2066\u200b") & set(page.locator("body").inner_text())
    assert page.complaints == []


def test_a_list_of_ten_thousand_is_drawn_a_screen_at_a_time(page: Any, address: str):
    look(page, address)
    page.evaluate(
        "() => { const one = rows.find((row) => row.messages !== null);"
        "rows = Array.from({length: 10000}, (_, n) => "
        "({...one, title: `title ${n}`, text: `title ${n}`, place: n})); route(); }"
    )
    assert page.locator(".row").count() < 60
    page.locator(".listing").evaluate("list => { list.scrollTop = list.scrollHeight }")
    page.get_by_text("title 9999").wait_for()
    page.get_by_role("searchbox").fill("title 777")
    assert page.locator(".count").inner_text().startswith("19 trajectories")
