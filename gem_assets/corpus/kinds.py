"""Which kind of file it is, by its name; and what to say of kinds that are not read.

Does not belong here: reading (`reading.py`).
"""

import re
from pathlib import PurePosixPath

from gem_assets.corpus.rows import FileKind, RefusalReason, RefusedFileError

COMPRESSED = (".gz", ".zst", ".bz2", ".xz")
KINDS: dict[str, FileKind] = {
    ".jsonl": "json_lines",
    ".ndjson": "json_lines",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "delimited",
    ".tsv": "delimited",
    ".tab": "delimited",
    ".txt": "text",
    ".text": "text",
    ".rst": "text",
    ".adoc": "text",
    ".asciidoc": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
}
_READ = ".jsonl, .json, .parquet, .csv, .tsv, .txt, .md or .html (or one of them with .gz, .zst, .bz2 or .xz)"
_TO_TEXT = "convert it to text, Markdown or HTML first"
_UNSUPPORTED = {
    ".page": ("Mallard help", "convert it to HTML first, for example with yelp-build html"),
    ".docbook": ("DocBook", "convert it to HTML or text first, for example with pandoc -f docbook"),
    ".pdf": ("PDF", _TO_TEXT),
    ".doc": ("a Word document", _TO_TEXT),
    ".docx": ("a Word document", _TO_TEXT),
    ".odt": ("an OpenDocument text", _TO_TEXT),
    ".xlsx": ("an Excel sheet", "save it as CSV"),
    ".epub": ("an e-book", _TO_TEXT),
    ".yaml": ("YAML", "write it as JSON Lines"),
    ".yml": ("YAML", "write it as JSON Lines"),
    ".arrow": ("an Arrow file", "write it as Parquet: Dataset.to_parquet"),
    ".warc": ("a web archive", "extract its pages as HTML or JSON Lines"),
    ".zip": ("a zip archive", "unpack it"),
    ".tar": ("a tar archive", "unpack it"),
    ".tgz": ("a tar archive", "unpack it"),
}
_MAN_PAGE = re.compile(r"\.(?:[1-9][a-z]{0,3}|man|mdoc|roff)")
_XML = (
    (b"projectmallard.org", ".page"),
    (b"docbook", ".docbook"),
    (b"DocBook", ".docbook"),
)


def kind_of(source: str, head: bytes = b"") -> FileKind:
    """Tell the kind of a file by its name.

    Raises:
        RefusedFileError: it is of a kind that is not read; names the kind and what to do.
    """
    name = PurePosixPath(source).name
    suffix = inner_suffix(name)
    kind = KINDS.get(suffix)
    if kind == "parquet" and name.lower().endswith(COMPRESSED):
        raise _unsupported(
            "a Parquet file compressed as a whole", "decompress it: Parquet compresses its own pages"
        )
    if kind is not None:
        return kind
    if suffix == ".xml":
        known = next((suffix for mark, suffix in _XML if mark in head), None)
        raise _unsupported(*_UNSUPPORTED[known]) if known else _unsupported("XML", _TO_TEXT)
    if suffix in _UNSUPPORTED:
        raise _unsupported(*_UNSUPPORTED[suffix])
    if _MAN_PAGE.fullmatch(suffix):
        raise _unsupported("a manual page", "convert it to text first, for example with man -Tutf8")
    told = f"the suffix {suffix}" if suffix else "a file without a suffix"
    raise _unsupported(told, f"give it one of the suffixes {_READ}")


def inner_suffix(name: str) -> str:
    """Give the suffix in lower case, without that of a compression."""
    name = name.lower()
    for compressed in COMPRESSED:
        name = name.removesuffix(compressed)
    return PurePosixPath(name).suffix


def stem_of(source: str) -> str:
    """Give the name of a file without folder and suffixes."""
    name = PurePosixPath(source).name
    suffix = inner_suffix(name)
    return name[: name.lower().rindex(suffix)] if suffix else name


def _unsupported(what: str, remedy: str) -> RefusedFileError:
    return RefusedFileError(RefusalReason.UNSUPPORTED_TYPE, f"{what} is not read", remedy)
