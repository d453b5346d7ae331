"""Read the journal from outside a run, for audits and reports.

Does not belong here: writing it (`journal.py`).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gem_assets.llm.journal.journal import Journal


def read_calls(journal: Path, keys: Sequence[str]) -> list[Mapping[str, Any]]:
    """Read the calls of these keys, in their order; those the journal does not hold are left out."""
    if not journal.is_file():
        return []
    opened = Journal(journal, "reading")
    try:
        found = opened.calls_by_keys(keys)
    finally:
        opened.close()
    return [vars(found[key]) for key in keys if key in found]
