"""The table `stages`: the declarations of the stages as rows, from which relations over all stages are built.

Does not belong here: those relations (`relations.py`), the declarations (`gem_assets/stages/`).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from gem_assets.records.base import content_hash
from gem_assets.store.home import Home
from gem_assets.store.parts import read_part_metadata, write_part

TABLE = "stages"


@dataclass(frozen=True)
class DeclaredMeasure:
    """A number of every kept record: the column that holds it, and the one of before the stage."""

    name: str
    column: str
    before: str | None


@dataclass(frozen=True)
class DeclaredStage:
    """A row of `stages`; the columns are explained in `sql/tables/stages.sql`."""

    asset: str
    number: int
    title: str
    description: str
    reads: str
    ways: tuple[str, ...]
    ends_way: bool
    by_default: bool
    gives: str
    role: str | None
    prompts: tuple[str, ...]
    authorship: str
    measures: tuple[DeclaredMeasure, ...]


def declare_stages(home: Home, stages: Sequence[DeclaredStage]) -> None:
    """Write the table `stages` where it says something else than these declarations."""
    rows = [
        asdict(stage)
        | {
            "ways": list(stage.ways),
            "prompts": list(stage.prompts),
            "measures": [asdict(one) for one in stage.measures],
        }
        for stage in stages
    ]
    version = {"declared": content_hash(rows)}
    if read_part_metadata(home, TABLE, TABLE) != version:
        write_part(home, TABLE, TABLE, rows, what="the table of stages", metadata=version, wait=True)
