import subprocess
import sys
from pathlib import Path

import pytest

from gem_assets_tests.browser import screenshots


@pytest.mark.browser
def test_every_picture_is_taken_and_none_is_heavy(tmp_path: Path):
    # In a process of its own: Playwright runs once in a process, and the other tests of this room have it.
    command = [sys.executable, "-m", "gem_assets_tests.browser.screenshots", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    taken = {take.__name__ for take, _, _ in screenshots.PICTURES}
    assert {path.stem for path in tmp_path.glob("*.png")} == taken
