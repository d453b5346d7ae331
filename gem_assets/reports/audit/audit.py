"""`gem audit`: everything there is to say of one record, from the source text to the last verdict.

The door: finding (`rows.py`), what a row tells (`facts.py`) and layout (`text.py`) live
next to it. The journal is reached through a function that is handed in.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gem_assets.reports.audit.rows import find_record, read_chain
from gem_assets.reports.audit.text import render_chain
from gem_assets.stages.catalog import declare_home
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home, StoreError

Calls = Callable[[Sequence[str]], list[Mapping[str, Any]]]
"""Looks calls up by their keys in the journal: mappings with the columns of its table, those it has."""

MINIMUM_PREFIX = 4


def no_calls(keys: Sequence[str]) -> list[Mapping[str, Any]]:
    """Know no call at all: the journal is elsewhere."""
    return []


def audit(home: Home, prefix: str, calls: Calls = no_calls) -> str:
    """Write the whole chain of the record, or document, whose id begins with `prefix`.

    Raises:
        StoreError: nothing or more than one id begins so, or the prefix is shorter than 4 characters.
    """
    wanted = prefix.strip().lower()
    if len(wanted) < MINIMUM_PREFIX:
        raise StoreError(f"{prefix!r} is too short: give at least {MINIMUM_PREFIX} characters of an id")
    if not home.raw.is_dir() and not home.tables.is_dir():
        raise StoreError(
            f"nothing was ingested into {home.root} yet: `gem ingest PATH --corpus NAME`, then `gem run`"
        )
    declare_home(home)
    with open_live(home) as connection:
        chain = read_chain(connection, home, find_record(connection, wanted))
    known = {str(call.get("key")): call for call in calls(chain.call_keys)}
    return render_chain(chain, known)
