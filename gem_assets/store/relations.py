"""The relations over all stages, built from the table `stages`: `outcomes`, `measures`, kept rows by asset.

Views, checks and reports stand over these; none of them lists the stages. Does not belong here: named views
(`sql/views/`).
"""

import duckdb

from gem_assets.store.sql_files import OUTCOMES, outcome_assets, sql_names


def create_relations(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the relations over the tables that `connection` has."""
    union = "\nUNION ALL BY NAME\n".join(
        f"SELECT '{asset}' AS asset, * FROM {asset}{OUTCOMES}" for asset in outcome_assets()
    )
    connection.execute(f"CREATE VIEW outcomes AS\n{union}")
    declared = connection.execute("SELECT asset, measures FROM stages ORDER BY number").fetchall()
    # A package that added a stage may be gone; what it wrote stays, and is not shown.
    stages = [(asset, measures) for asset, measures in declared if asset in outcome_assets()]
    measures = [
        f"SELECT '{asset}' AS asset, '{one['name']}' AS measure, shard, record_id, generator, "
        f"{_value(one['before'])} AS before, {_value(one['column'])} AS value "
        f"FROM {asset}{OUTCOMES} WHERE outcome = 'kept'"
        for asset, declared_measures in stages
        for one in declared_measures
    ]
    connection.execute("CREATE VIEW measures AS\n" + "\nUNION ALL\n".join(measures or [_NO_MEASURE]))
    for asset in outcome_assets():
        if asset not in sql_names("views"):
            connection.execute(
                f"CREATE VIEW {asset} AS SELECT * FROM {asset}{OUTCOMES} WHERE outcome = 'kept'"
            )


_NO_MEASURE = (
    "SELECT '' AS asset, '' AS measure, '' AS shard, '' AS record_id, '' AS generator, "
    "NULL::DOUBLE AS before, NULL::DOUBLE AS value WHERE false"
)


def _value(column: str | None) -> str:
    return "NULL::DOUBLE" if column is None else f'"{column}"::DOUBLE'
