from pathlib import Path

import duckdb
import pytest

from gem_assets.reports.yields.detail import read_detail
from gem_assets.reports.yields.yield_report import read_report
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home
from gem_assets.store.snapshot import open_snapshot
from gem_assets_tests.reports.chain_rows import empty_home, failing, filled_home


@pytest.mark.parametrize("filled", [True, False])
def test_a_report_over_the_copy_is_that_over_the_files(tmp_path: Path, filled: bool):
    home = filled_home(tmp_path) if filled else empty_home(tmp_path)
    with open_live(home) as live, open_snapshot(home) as copied:
        assert read_report(copied) == read_report(live)
        assert read_detail(home, copied) == read_detail(home, live)


def test_the_copy_stays_as_it_was_while_the_files_change(tmp_path: Path):
    home = filled_home(tmp_path)
    with open_snapshot(home) as copied:
        failing(home)
        assert copied.execute("SELECT count(*) FROM failures").fetchone() == (0,)
    with open_snapshot(home) as copied:
        assert copied.execute("SELECT count(*) FROM failures").fetchone() == (1,)


def test_a_record_that_was_left_out_is_never_read_as_an_empty_one(tmp_path: Path):
    home: Home = filled_home(tmp_path)
    with open_snapshot(home) as copied:
        assert copied.execute("SELECT count(*) FROM validated_trajectories").fetchone() == (1,)
        with pytest.raises(duckdb.InvalidInputException, match="a snapshot has no payload"):
            copied.execute("SELECT messages FROM validated_trajectories").fetchall()
