"""Where everything lies under GEM_HOME. Paths are built from checked names only, never from document text."""

import re
from dataclasses import dataclass
from pathlib import Path

SHARD_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,60}-[0-9]{5}")
CORPUS_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")


class StoreError(Exception):
    """Storage cannot do what was asked; one sentence that says what to do."""


@dataclass(frozen=True)
class Home:
    """The folder that holds raw text, tables, history, journal, warehouse and reports."""

    root: Path

    def __post_init__(self) -> None:
        """Refuse a path in which DuckDB or the databases of Dagster read a sign of their own."""
        if set("?%\\") & set(str(self.root)) or "**" in self.root.parts:
            raise StoreError(
                f"GEM_HOME cannot be {self.root}: no database opens a path with ?, %, \\ or a folder **: "
                "set it to another folder"
            )

    def shard_file(self, table: str, shard: str) -> Path:
        """The one file of a table's shard; raises StoreError on a name that is no shard key."""
        return self.table_folder(table) / f"{check_shard(shard)}.parquet"

    def table_folder(self, table: str) -> Path:
        """Where the files of a table lie."""
        return self.raw if table == "raw_rows" else self.tables / table

    def history_file(self, table: str, shard: str, run_id: str) -> Path:
        """Where the version that `run_id` wrote is kept after it was replaced."""
        return self.history / table / check_shard(shard) / f"{check_run(run_id)}.parquet"

    @property
    def raw(self) -> Path:
        """Ingested rows, one immutable file per shard."""
        return self.root / "raw"

    @property
    def tables(self) -> Path:
        """Shard files of every stage."""
        return self.root / "tables"

    @property
    def history(self) -> Path:
        """Versions that were replaced."""
        return self.root / "history"

    @property
    def stage_runs(self) -> Path:
        """The append-only log of (stage, shard, run)."""
        return self.tables / "stage_runs.jsonl"

    @property
    def locks(self) -> Path:
        """Lock files: one writer per (stage, shard)."""
        return self.root / "locks"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that holds all tables."""
        return self.root / "gem.duckdb"

    @property
    def journal(self) -> Path:
        """Every answer of every model."""
        return self.root / "journal.db"

    @property
    def reports(self) -> Path:
        """HTML pages."""
        return self.root / "reports"

    @property
    def models(self) -> Path:
        """Trained models, and the folders in which trainings work."""
        return self.root / "models"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME."""
        return self.root / "dagster"


def check_shard(name: str) -> str:
    """Return a shard key, or raise StoreError where the name is none."""
    if not SHARD_NAME.fullmatch(name):
        raise StoreError(f"{name!r} is no shard: shards are named like wikihow-00003")
    return name


def check_corpus(name: str) -> str:
    """Return a corpus name, or raise StoreError where it cannot be one."""
    if not CORPUS_NAME.fullmatch(name):
        raise StoreError(f"{name!r} cannot name a corpus: use lower-case letters, digits and dashes")
    return name


def check_run(run_id: str) -> str:
    """Return a run id, or raise StoreError where it could leave its folder."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", run_id):
        raise StoreError(f"{run_id!r} cannot name a run")
    return run_id
