"""Find the SQL files: inside the package when installed, at the top of the checkout otherwise.

The table of a stage's outcomes is composed: common columns, and the stage's own. Packages that add stages
bring SQL of their own (`extensions.py`).
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

from gem_assets.extensions import extension_folders

Room = Literal["tables", "outcomes", "views", "checks", "reports"]

OUTCOMES = "_outcomes"
_COMMON = "_common"
_PACKAGE = Path(__file__).resolve().parents[1]


@cache
def read_sql(room: Room, name: str) -> str:
    """Read `sql/ROOM/NAME.sql`, or compose the declaration of the table `ASSET_outcomes`."""
    asset = name.removesuffix(OUTCOMES)
    if room == "tables" and asset != name and asset in outcome_assets():
        return _compose(name, _read("outcomes", asset))
    return _read(room, name)


@cache
def sql_names(room: Room) -> tuple[str, ...]:
    """Name every file of a room, sorted; among the tables also those of outcomes."""
    names = _file_names(room)
    composed = {f"{asset}{OUTCOMES}" for asset in outcome_assets()} if room == "tables" else set[str]()
    return tuple(sorted(name for name in names | composed if not name.startswith("_")))


@cache
def outcome_assets() -> tuple[str, ...]:
    """Name the assets whose outcomes have a table, sorted."""
    return sql_names("outcomes")


def common_columns() -> str:
    """Declare a table `common` that has the columns every stage's table has, and no others."""
    return _compose("common", "")


def _compose(table: str, own: str) -> str:
    """Put a stage's own columns among the common ones; what its file says of the table comes first."""
    about = [line for line in own.splitlines() if line.startswith("--")]
    columns = [f"    {line}" for line in _columns(own)]
    common = _read("outcomes", _COMMON).partition("\n")[2]
    declared = common.replace("{table}", table).replace(
        "{columns}\n", "".join(f"{line}\n" for line in columns)
    )
    return "\n".join([*about, declared])


def _columns(declared: str) -> Iterator[str]:
    """Give the lines that declare columns, for `{NAME}` those of the group of columns in `_NAME.sql`."""
    for line in declared.splitlines():
        group = f"_{line[1:-1]}"
        if line.startswith("{") and group in _file_names("outcomes"):
            yield from _columns(_read("outcomes", group))
        elif line and not line.startswith("--"):
            yield line


def _file_names(room: Room) -> set[str]:
    return {path.stem for folder in _folders(room) for path in folder.glob("*.sql")}


def _read(room: Room, name: str) -> str:
    paths = [folder / f"{name}.sql" for folder in _folders(room)]
    return next((path for path in paths if path.is_file()), paths[0]).read_text("utf-8")


def _folders(room: Room) -> tuple[Path, ...]:
    packaged = _PACKAGE / "sql"
    own = packaged if packaged.is_dir() else _PACKAGE.parent / "sql"
    return tuple(folder / room for folder in (own, *(folder / "sql" for folder in extension_folders())))
