"""`make screenshots`: the pictures of README, taken from the sample corpus in a home of their own.

A picture is refused where it is heavier than a repository should carry.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from gem_assets_tests.browser.conftest import CHROMIUM, QUIET
from gem_assets_tests.orchestration.serving import CORPUS, PATIENCE, Served, serving

FOLDER = Path(__file__).with_name("screenshots")
HEAVIEST = 150_000
"""Bytes of a picture."""
SHARD_SIZE = 12
SHARD = "demo-00003"
ASSET = "procedural_documents"


def main(target: Path = FOLDER) -> int:
    """Take every picture; returns the exit code."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        served = Served(Path(folder) / "home")
        served.ingest([path.stem for path in sorted(CORPUS.glob("*.md"))], SHARD_SIZE)
        served.gem("run", "--corpus", "demo")
        target.mkdir(exist_ok=True)
        with serving(served), sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            for take, width, height in PICTURES:
                page = chromium.new_page(viewport={"width": width, "height": height})
                page.set_default_timeout(PATIENCE * 1000)
                take(page, served)
                page.screenshot(path=target / f"{take.__name__}.png")
                page.close()
            chromium.close()
    heavy = [path.name for path in target.glob("*.png") if path.stat().st_size > HEAVIEST]
    print("\n".join(f"{path.stat().st_size:>7} {path.name}" for path in sorted(target.glob("*.png"))))
    return 1 if heavy else 0


def report(page: Any, served: Served) -> None:
    """Where documents are lost: the top of the yield report."""
    page.goto(served.addresses.report)
    page.get_by_role("heading", name="Funnel").wait_for()


def viewer(page: Any, served: Served) -> None:
    """A trajectory, with a value of one call and the place that it came from."""
    page.goto(f"{served.addresses.viewer}#shard={SHARD}")
    page.locator(".row").first.click()
    page.locator(".call .value .result").first.click()
    page.locator("#note").wait_for()
    # The page glides there.
    page.wait_for_function(SETTLED)


def dagster(page: Any, served: Served) -> None:
    """A stage over its shards in Dagster's own pages."""
    page.goto(f"{served.addresses.ui}/assets/{ASSET}?view=partitions&partition={SHARD}")
    page.get_by_role("cell", name="kept", exact=True).wait_for()
    page.wait_for_load_state("networkidle")


PICTURES = ((report, 1200, 600), (viewer, 1100, 540), (dagster, 1400, 600))
SETTLED = """() => new Promise((done) => {
  const top = () => document.querySelector(".lit").getBoundingClientRect().top;
  const before = top();
  setTimeout(() => done(top() === before && before > 0 && before < innerHeight), 300);
})"""

if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
