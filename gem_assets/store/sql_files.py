"""Find the SQL files: inside the package when installed, at the top of the checkout otherwise."""

from functools import cache
from pathlib import Path
from typing import Literal

Room = Literal["tables", "views", "checks", "reports"]

_PACKAGE = Path(__file__).resolve().parents[1]


@cache
def read_sql(room: Room, name: str) -> str:
    """Read `sql/ROOM/NAME.sql`."""
    return (_room(room) / f"{name}.sql").read_text("utf-8")


@cache
def sql_names(room: Room) -> tuple[str, ...]:
    """Name every file of a room, sorted."""
    return tuple(sorted(path.stem for path in _room(room).glob("*.sql")))


def _room(room: Room) -> Path:
    packaged = _PACKAGE / "sql"
    return (packaged if packaged.is_dir() else _PACKAGE.parent / "sql") / room
