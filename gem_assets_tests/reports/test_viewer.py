import base64
import gzip
import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gem_assets.records.outcome import Kept
from gem_assets.reports.viewer.viewer import write_viewer
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home
from gem_assets_tests.reports.chain_rows import (
    ESSAY,
    FERRY,
    KILN,
    NOTE,
    SHARD,
    carry,
    document,
    empty_home,
    failing,
    filled_home,
    record_id,
)


def refresh(home: Home) -> Path:
    with open_live(home) as connection:
        return write_viewer(home, connection).parent


def unpacked(path: Path) -> Any:
    (found,) = re.findall(r'gem\.receive\("\w+", "([A-Za-z0-9+/=]*)"\);', path.read_text("ascii"))
    return json.loads(gzip.decompress(base64.b64decode(found)))


def times(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*.*")}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return filled_home(tmp_path_factory.mktemp("viewer"))


@pytest.fixture(scope="module")
def folder(home: Home) -> Path:
    return refresh(home)


def test_every_branch_of_every_document_is_there_as_far_as_it_came(folder: Path):
    told = unpacked(folder / "data" / f"{SHARD}.js")
    last = {
        (one["document"], one["stages"][-1]["asset"], one["stages"][-1]["outcome"])
        for one in told["branches"]
    }
    assert last == {
        (KILN, "validated_trajectories", "kept"),
        (KILN, "workflows", "rejected"),
        (FERRY, "validated_trajectories", "rejected"),
        (ESSAY, "procedural_documents", "rejected"),
        (NOTE, "documents", "rejected"),
    }
    assert set(told["documents"]) == {KILN, FERRY, ESSAY, NOTE}


def test_a_rejected_trajectory_keeps_its_dialogue_findings_and_draft(folder: Path):
    told = unpacked(folder / "data" / f"{SHARD}.js")
    (ferry,) = (one for one in told["branches"] if one["document"] == FERRY)
    assert [message["role"] for message in ferry["messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    assert ferry["findings"][0]["reason"] == "rule_tag_left"
    assert len(ferry["draft"]["messages"]) == 5
    assert ferry["workflow"]["constraints"][0]["sentence"] == "No longer than 170 cm."
    assert ferry["stages"][-1]["id"] == record_id("validated_trajectories", FERRY)


def test_the_index_names_what_the_list_is_searched_by(folder: Path):
    ((shard, version, rows),) = unpacked(folder / "index.js")["shards"]
    assert (shard, len(version), len(rows)) == (SHARD, 12, 5)
    kiln = next(row for row in rows if row[0] == KILN and row[3] == "kept")
    assert kiln[1:8] == [
        "The kiln",
        "validated_trajectories",
        "kept",
        None,
        ["science", "finance"],
        "machine",
        "search",
    ]


def test_nothing_is_written_again_where_nothing_changed(home: Home, folder: Path):
    before = times(folder)
    refresh(home)
    assert times(folder) == before


def test_only_the_shard_that_changed_is_written_again(tmp_path: Path):
    home = filled_home(tmp_path)
    carry(home, "documents", [("x@1", "e" * 20, Kept((document("e" * 20),)))], shard="other-00000")
    folder = refresh(home)
    before = times(folder)
    failing(home)
    refresh(home)
    after = times(folder)
    assert {name for name in after if after[name] != before.get(name)} == {
        f"data/{SHARD}.js",
        f"index/{SHARD}.json",
        f"runs/{SHARD}.js",
        "index.js",
    }


def test_shards_that_are_read_together_are_written_as_if_each_were_read_alone(tmp_path: Path):
    home = filled_home(tmp_path)
    folder = refresh(home)
    alone = (folder / "data" / f"{SHARD}.js").read_bytes()
    shutil.rmtree(folder)
    others = [f"{name}-00000" for name in ("another", "third", "zebra")]
    for number, shard in enumerate(others):
        kept = [
            (f"{name}@1", name, Kept((document(name),)))
            for name in (str(number) + letter * 19 for letter in "ef")
        ]
        carry(home, "documents", kept, shard=shard)
    refresh(home)
    assert (folder / "data" / f"{SHARD}.js").read_bytes() == alone
    for shard in others:
        told = unpacked(folder / "data" / f"{shard}.js")
        assert told["shard"] == shard
        assert len(told["documents"]) == len(told["branches"]) == 2


def test_a_shard_that_is_no_more_leaves_the_viewer(tmp_path: Path):
    home = filled_home(tmp_path)
    carry(home, "documents", [("x@1", "e" * 20, Kept((document("e" * 20),)))], shard="other-00000")
    folder = refresh(home)
    home.shard_file("documents_outcomes", "other-00000").unlink()
    kept = [line for line in home.stage_runs.read_text().splitlines() if "other-00000" not in line]
    home.stage_runs.write_text("\n".join(kept) + "\n")
    refresh(home)
    assert not (folder / "data" / "other-00000.js").exists()
    assert [shard for shard, *_ in unpacked(folder / "index.js")["shards"]] == [SHARD]


def test_the_history_of_a_shard_tells_what_changed_in_each_run(tmp_path: Path):
    home = filled_home(tmp_path)
    failing(home)
    newest, first = unpacked(refresh(home) / "runs" / f"{SHARD}.js")["stages"]["procedural_documents"]
    assert (first["first"], first["changes"], newest["run_id"]) == (True, None, "run-2")
    assert newest["changes"]["counts"] == {"outcome": 1, "same": 2}
    (changed,) = newest["changes"]["records"]
    assert (changed["reason_before"], changed["reason_after"]) == ("filter_not_multi_step", "timeout")


def test_a_run_whose_rows_were_pruned_does_not_tell_what_changed(tmp_path: Path):
    home = filled_home(tmp_path)
    failing(home)
    home.history_file("procedural_documents", SHARD, "run-1").unlink()
    newest, _ = unpacked(refresh(home) / "runs" / f"{SHARD}.js")["stages"]["procedural_documents"]
    assert newest["changes"] is None and not newest["first"]


def test_text_travels_packed_so_that_no_script_can_begin_or_end_in_it(tmp_path: Path):
    home = empty_home(tmp_path)
    hostile = "</script><script>alert(1)</script>\u2028\u202e`${x}` \\u0000"
    row = document(KILN, text=hostile, title=hostile)
    carry(home, "documents", [(f"{KILN}@1", KILN, Kept((row,)))])
    folder = refresh(home)
    script = (folder / "data" / f"{SHARD}.js").read_text("ascii")
    assert re.fullmatch(r'gem\.receive\("shard", "[A-Za-z0-9+/=]+"\);\n', script)
    assert unpacked(folder / "data" / f"{SHARD}.js")["documents"][KILN]["text"] == hostile


def test_the_page_loads_nothing_but_its_own_files(folder: Path):
    page = (folder / "index.html").read_text("utf-8")
    assert "default-src 'none'; script-src 'self' file:; style-src 'self' file:" in page
    assert set(re.findall(r'\b(?:src|href)="([^"#]+)"', page)) == {
        "viewer.css",
        "viewer.js",
        "../yield_report.html",
    }
    script = (folder / "viewer.js").read_text("utf-8")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|fetch\(", script
    )


def test_refreshing_beside_running_stages_ends_where_a_refresh_alone_would(tmp_path: Path):
    home = filled_home(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(refresh, home), pool.submit(failing, home), pool.submit(refresh, home)]
        for one in waiting:
            one.result()
    folder = refresh(home)
    together = {path.name: unpacked(path) for path in folder.rglob("*-0*.js")}
    shutil.rmtree(folder)
    assert together == {path.name: unpacked(path) for path in refresh(home).rglob("*-0*.js")}


def test_an_empty_home_has_a_page_too(tmp_path: Path):
    folder = refresh(empty_home(tmp_path))
    index = unpacked(folder / "index.js")
    assert index["shards"] == []
    assert index["ways"][0] == [asset for asset, _ in index["stages"]][: len(index["ways"][0])]
