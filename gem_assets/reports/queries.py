"""Read a query of `sql/reports/`, as mappings or as values of a dataclass.

Does not belong here: SQL (`sql/reports/`), what a report makes of the rows (the rooms beside this module).
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from gem_assets.store.connections import Connection
from gem_assets.store.sql_files import read_sql

T = TypeVar("T")


def read_rows(
    connection: Connection, report: str, kind: type[T], parameters: Mapping[str, object] | None = None
) -> tuple[T, ...]:
    """Read a query of `sql/reports/` as values of a dataclass that has its columns."""
    return tuple(kind(**row) for row in rows_of(connection, report, parameters))


def rows_of(
    connection: Connection, report: str, parameters: Mapping[str, object] | None = None
) -> list[dict[str, Any]]:
    """Read a query of `sql/reports/` as mappings from column to value; a list becomes a tuple."""
    found = connection.execute(read_sql("reports", report), dict(parameters) if parameters else None)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, map(_frozen, values), strict=True)) for values in found.fetchall()]


def _frozen(value: Any) -> Any:  # noqa: ANN401 - any value of a column
    return tuple(value) if isinstance(value, list) else value
