"""A user's round through Dagster's own pages: materialise, look, edit a prompt, backfill, compare."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gem_assets.prompts.prompt import PROMPTS
from gem_assets.store.stage_runs import current_stage_run, read_stage_runs
from gem_assets_tests.orchestration.serving import PATIENCE, Served, serving, wait_for

pytestmark = pytest.mark.browser

SHARD = "demo-00000"
PROMPT = "extract_workflows"
DOCUMENTS = [
    "deck-oven-program",
    "court-booking-club-portal",
    "beekeepers-glossary",
    "kiln-controller-firing",
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("ui")
    (folder / "prompts").mkdir()
    made = Served(folder / "home", GEM_PROMPTS=str(folder / "prompts"))
    made.ingest(DOCUMENTS, shard_size=len(DOCUMENTS))
    with serving(made):
        yield made


@pytest.fixture
def patient(page: Any) -> Any:
    page.set_default_timeout(PATIENCE * 1000)
    return page


def ended(served: Served, job: str | None = None) -> list[dict[str, Any]]:
    """The runs, once none is on the way; a failed one is a failure of the test."""
    wait_for(lambda: not served.runs("QUEUED", "NOT_STARTED", "STARTING", "STARTED"), "runs to end")
    assert served.runs("FAILURE") == []
    return [run for run in served.runs() if job in (None, run["jobName"])]


def materialise_by_clicking(page: Any, served: Served) -> None:
    page.goto(f"{served.addresses.ui}/locations/gem_assets/asset-groups/trajectories/list")
    page.get_by_role("link", name="validated_trajectories").wait_for()
    page.locator("label:has(input[type=checkbox])").first.click()
    page.get_by_role("button", name="Materialize selected").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Select a partition or create one").click()
    page.get_by_text(SHARD, exact=True).first.click()
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Launch 1 run").click()
    wait_for(lambda: served.runs(), "the run to be launched")
    ended(served)


def shown_numbers(page: Any, served: Served, asset: str) -> dict[str, str]:
    page.goto(f"{served.addresses.ui}/assets/{asset}?view=partitions&partition={SHARD}")
    page.get_by_role("cell", name="kept", exact=True).wait_for()
    rows = page.locator("tr").filter(has=page.locator("td:nth-child(2)")).all()
    return {row.locator("td").first.inner_text(): row.locator("td").nth(1).inner_text() for row in rows}


def check_by_clicking(page: Any, served: Served) -> str:
    before = len(served.runs())
    page.goto(f"{served.addresses.ui}/assets/workflows?view=checks")
    page.get_by_role("button", name="Execute all").click()
    wait_for(lambda: len(served.runs()) > before, "the check to be launched")
    ended(served)
    page.goto(f"{served.addresses.ui}/assets/workflows?view=checks")
    page.get_by_text("Latest execution").wait_for()
    page.get_by_text("stale_shards").first.wait_for()
    return page.locator("body").inner_text()


def test_materialise_edit_a_prompt_backfill_and_compare_by_clicking(patient: Any, served: Served):
    page = patient
    materialise_by_clicking(page, served)
    run = current_stage_run(served.home, "workflows", SHARD)
    assert run is not None
    assert run.kept > 0
    numbers = shown_numbers(page, served, "workflows")
    assert (numbers["inputs"], numbers["kept"], numbers["rejected"]) == (
        *(str(run.inputs), str(run.kept), str(run.rejected)),
    )
    assert f"gem audit {run.shard}" not in numbers["look"]
    assert "gem audit" in numbers["look"]
    assert served.gem("stale") == ""

    prompts = Path(served.environment["GEM_PROMPTS"])
    text = (PROMPTS / f"{PROMPT}.md").read_text("utf-8")
    (prompts / f"{PROMPT}.md").write_text(f"{text}\nKeep every name short.\n", "utf-8")
    stale = [line.split("\t") for line in served.gem("stale").splitlines()]
    asset, shard, reason, work = stale[0]
    assert (asset, shard, work) == ("workflows", SHARD, "derive again")
    assert reason.startswith(f"prompt {PROMPT} changed from {PROMPT}@")
    assert [row[0] for row in stale[1:]] == [
        "draft_trajectories",
        "refined_trajectories",
        "validated_trajectories",
    ]
    assert f"1 shards: {reason}" in check_by_clicking(page, served)

    page.goto(f"{served.addresses.ui}/locations/gem_assets/jobs/backfill_stale/playground")
    page.get_by_role("button", name="Launch Run").click()
    wait_for(lambda: len(read_stage_runs(served.home)) == 10, "the backfill to be done")
    ended(served)
    assert served.gem("stale") == ""
    again = current_stage_run(served.home, "workflows", SHARD)
    assert again is not None
    assert "nothing is stale" in check_by_clicking(page, served)

    both = [*run.prompt_versions, *again.prompt_versions]
    assert len(set(both)) == 2
    compared = wait_for(lambda: _compared(page, served, both), "both versions in the report")
    assert "that both judged" in compared


def _compared(page: Any, served: Served, versions: list[str]) -> str | None:
    """The report's comparison, where it has one of these versions; it is rebuilt after each run."""
    page.goto(served.addresses.report)
    found = page.locator("details.compared").filter(has_text=versions[0]).filter(has_text=versions[1])
    if not found.count():
        return None
    if found.get_attribute("open") is None:
        found.locator("summary").first.click()
    return str(found.inner_text())
