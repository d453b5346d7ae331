"""Which documents of a corpus are stored, met in this ingest, or dropped: asked block by block.

A million ids take some 100 MB there, and DuckDB spills them to GEM_HOME beyond its limit.
Does not belong here: reading files, writing shards (`raw.py`).
"""

import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Literal, NamedTuple, cast

import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs]

from gem_assets.store.connections import Connection, attach_live, open_memory, quote
from gem_assets.store.home import Home

MEMORY = "1GB"


class Standing(NamedTuple):
    """What is known of a document that an ingest meets."""

    verdict: Literal["new", "there", "added", "repeated", "dropped"]
    """`added`: there already, put there by this very ingest before it was stopped."""
    version: int
    """The version it has, or is to get."""


class KnownDocuments:
    """The documents of one corpus, for one ingest."""

    def __init__(self, connection: Connection, *, again: bool) -> None:
        self._connection = connection
        self._again = again

    def settle(self, document_ids: Sequence[str], text_hashes: Sequence[str]) -> list[Standing]:
        """Say for each document of a block what it is, and remember that it was met."""
        given = cast(
            object,
            pa.table(  # pyright: ignore[reportUnknownMemberType]
                {
                    "document_id": list(document_ids),
                    "text_hash": list(text_hashes),
                    "position": list(range(len(document_ids))),
                }
            ),
        )
        self._connection.register("given", given)
        found = self._connection.execute(_STANDING).fetchall()
        self._connection.execute("INSERT INTO met SELECT DISTINCT document_id FROM given")
        self._connection.unregister("given")
        return [self._standing(*row) for row in found]

    def _standing(
        self, version: int | None, same: bool | None, ours: bool | None, repeated: bool, dropped: int | None
    ) -> Standing:
        if repeated:
            return Standing("repeated", version or 1)
        if version is None and dropped is not None:
            return Standing("new" if self._again else "dropped", dropped + 1)
        if same and version is not None:
            return Standing("added" if ours else "there", version)
        return Standing("new", (version or 0) + 1)


@contextmanager
def open_known(home: Home, corpus: str, ingest: str, *, again: bool) -> Generator[KnownDocuments]:
    """Load what is known of a corpus."""
    spill = home.root / "spill" / ingest
    try:
        with open_memory() as connection:
            connection.execute(f"SET memory_limit = {quote(MEMORY)}; SET temp_directory = {quote(spill)}")
            attach_live(connection, home, ("raw_rows", "dropped_documents"))
            connection.execute(_KNOWN, [ingest, corpus])
            connection.execute(_DROPPED, [corpus])
            connection.execute("CREATE TABLE met (document_id VARCHAR)")
            yield KnownDocuments(connection, again=again)
    finally:
        shutil.rmtree(spill, ignore_errors=True)


_KNOWN = """
CREATE TABLE known AS
SELECT document_id, max(version) AS version, arg_max(text_hash, version) AS text_hash,
       arg_max(ingest, version) IS NOT DISTINCT FROM ? AS ours
FROM raw_rows WHERE corpus = ? GROUP BY document_id
"""
_DROPPED = """
CREATE TABLE dropped AS
SELECT document_id, max(version) AS version FROM dropped_documents WHERE corpus = ? GROUP BY document_id
"""
_STANDING = """
SELECT known.version, known.text_hash = given.text_hash, known.ours,
       met.document_id IS NOT NULL OR given.nth > 1, dropped.version
FROM (SELECT *, row_number() OVER (PARTITION BY document_id ORDER BY position) AS nth FROM given) AS given
LEFT JOIN known ON known.document_id = given.document_id
LEFT JOIN met ON met.document_id = given.document_id
LEFT JOIN dropped ON dropped.document_id = given.document_id
ORDER BY given.position
"""
