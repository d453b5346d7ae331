from pathlib import Path

import pytest

from gem_assets_tests.browser import screenshots


@pytest.mark.browser
def test_every_picture_is_taken_and_none_is_heavy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(screenshots, "FOLDER", tmp_path)
    assert screenshots.main() == 0
    taken = {take.__name__ for take, _, _ in screenshots.PICTURES}
    assert {path.stem for path in tmp_path.glob("*.png")} == taken
