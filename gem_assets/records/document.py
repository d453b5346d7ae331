"""A piece of source text, raw and read, and a document judged to hold a procedure."""

from typing import Literal

from gem_assets.records.base import Record

Platform = Literal["operator", "computer", "phone", "machine", "other"]


class RawRow(Record):
    """One row of a corpus as it was ingested; never changed afterwards.

    `document_id` hashes the corpus and the row's place in it (its own id where it has one, else file and
    line), so a changed text with the same place is a new version of the same document.
    """

    document_id: str
    corpus: str
    source: str
    """The file it came from, relative to what was ingested."""
    place: str
    """Where in that file: `line 17`, or `whole file`."""
    source_id: str | None = None
    """The id the row brought along."""
    title: str | None = None
    url: str | None = None
    license: str | None = None
    language: str | None = None
    text: str
    version: int = 1


class RowStatus(Record):
    """A raw row with what the rows of all shards say of it: what stage 0 judges."""

    row: RawRow
    superseded: bool
    first_document_id: str | None
    """The document that holds the same text and comes first; its own id when it does."""
    exact: bool = True
    """Whether that text is the same to the byte, not only but for case and white space."""

    @property
    def key(self) -> str:
        """Name the row among all versions."""
        return f"{self.row.document_id}@{self.row.version}"


class Document(Record):
    """Normalised text with its provenance (stage 0)."""

    document_id: str
    corpus: str
    source: str
    place: str
    title: str | None = None
    url: str | None = None
    license: str | None = None
    language: str
    """ISO 639-1 code, from the row or else recognised; `und` where neither says."""
    text: str


class ProceduralDocument(Record):
    """A document that describes a multi-step operation (stage 1; arXiv 2601.10355, appendix A.1)."""

    document: Document
    summary: str
    platform: Platform
    domains: tuple[str, ...]
    task_category: str

    @property
    def document_id(self) -> str:
        """The id of the text it judges."""
        return self.document.document_id
