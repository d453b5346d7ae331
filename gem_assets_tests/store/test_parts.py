from collections.abc import Mapping

import pytest

from gem_assets.store.connections import open_memory
from gem_assets.store.files import only_writer, sweep
from gem_assets.store.home import Home, StoreError
from gem_assets.store.parts import (
    drop_part,
    history_file,
    next_number,
    part_file,
    read_part,
    read_part_metadata,
    read_rows,
    write_part,
)
from gem_assets_tests.store.processes import let_go, started
from gem_assets_tests.store.writer_process import ingest

TABLE, KEY = "ingests", "demo-00000"


def put(home: Home, *notes: str, run: str | None = None, key: str = KEY, wait: bool = False) -> None:
    metadata = {} if run is None else {"run_id": run}
    rows = [ingest(note) for note in notes]
    write_part(home, TABLE, key, rows, what="the part", metadata=metadata, history=run_of, wait=wait)


def run_of(metadata: Mapping[str, str]) -> str | None:
    return metadata.get("run_id")


def notes(home: Home, key: str = KEY) -> list[str]:
    return [row["corpus"] for row in read_part(home, TABLE, key)]


def versions(home: Home, key: str = KEY) -> dict[str, list[str]]:
    folder = history_file(home, TABLE, key, "x").parent
    with open_memory() as connection:
        return {
            path.stem: [row["corpus"] for row in read_rows(connection, path)]
            for path in sorted(folder.glob("*.parquet"))
        }


def test_what_is_written_is_read_again_as_it_was_written_or_in_order(home: Home):
    put(home, "b", "a", run="one")
    assert notes(home) == ["b", "a"]
    assert [row["corpus"] for row in read_part(home, TABLE, KEY, ordered=True)] == ["a", "b"]
    assert read_part_metadata(home, TABLE, KEY) == {"run_id": "one"}


def test_a_part_that_was_never_written_or_was_dropped_holds_nothing(home: Home):
    assert (notes(home), read_part_metadata(home, TABLE, KEY)) == ([], {})
    drop_part(home, TABLE, KEY)
    put(home, "a", run="one")
    drop_part(home, TABLE, KEY)
    assert (notes(home), read_part_metadata(home, TABLE, KEY)) == ([], {})


def test_each_version_stays_in_the_history_under_the_run_that_wrote_it(home: Home):
    for number in range(3):
        put(home, f"n{number}", run=f"run-{number}")
    assert notes(home) == ["n2"]
    assert versions(home) == {"run-0": ["n0"], "run-1": ["n1"]}


def test_a_version_without_a_run_is_replaced_without_a_trace(home: Home):
    put(home, "a")
    put(home, "b", run="two")
    assert versions(home) == {}


@pytest.mark.parametrize(
    "key", ["", ".", "..", "../x", "a/b", ".hidden", "a*", "a?", "[ab]", "A", "a b", "a\n", "ä", "a" * 201]
)
def test_a_key_that_could_leave_its_folder_or_match_others_is_refused(home: Home, key: str):
    with pytest.raises(StoreError, match="cannot name a part"):
        put(home, "a", key=key)
    with pytest.raises(StoreError, match="cannot name a part"):
        read_part(home, TABLE, key)


def test_a_table_that_is_not_declared_is_refused_before_any_path_is_built(home: Home):
    with pytest.raises(StoreError, match="there is no table"):
        part_file(home, "../ingests", KEY)


def test_the_second_writer_of_a_part_is_refused_and_other_parts_are_free(home: Home):
    put(home, "a", run="one")
    with only_writer(home.locks / TABLE / f"{KEY}.lock", "it"):
        with pytest.raises(StoreError, match="another process is writing the part: wait for it"):
            put(home, "b", run="two")
        put(home, "c", key="demo-00001")
    assert (notes(home), versions(home)) == (["a"], {})


def test_rows_that_break_the_declaration_leave_the_part_before(home: Home):
    put(home, "a", run="one")
    with pytest.raises(StoreError, match="the part was not written, because its rows break the table's decl"):
        put(home, "b", "b", run="two")
    assert (notes(home), read_part_metadata(home, TABLE, KEY)) == (["a"], {"run_id": "one"})


def test_the_next_number_follows_all_there_are_of_that_corpus(home: Home):
    assert next_number(home, TABLE, "demo") == 0
    for key in ("demo-00002", "demo-00010", "demo-other-00077"):
        put(home, "a", key=key)
    assert next_number(home, TABLE, "demo") == 11


def test_a_writer_killed_before_any_step_leaves_a_part_whole_and_writing_again_goes_on(home: Home):
    for step in range(14):
        put(home, "before", run="before", key=f"demo-{step:05}")
    with started(home, "die_at_each_step") as [process]:
        [said] = let_go([process])
    steps = int(said)
    assert 8 <= steps < 14
    seen: set[str] = set()
    for step in range(steps + 1):
        key = f"demo-{step:05}"
        [left] = notes(home, key)
        seen.add(left)
        put(home, "again", run="again", key=key)
        assert notes(home, key) == ["again"]
        assert versions(home, key) == {"before": ["before"]} | (
            {"killed": ["killed"]} if left == "killed" else {}
        )
    assert seen == {"before", "killed"}
    assert sweep(home.root) > 0
    assert list(home.root.rglob(".*.tmp*")) == []
