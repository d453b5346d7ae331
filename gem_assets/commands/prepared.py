"""What commands start with: the configuration, declared tables; what --shard and --until mean."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from gem_assets.configuration import read_configuration
from gem_assets.settings import read_environment
from gem_assets.store.home import Home, StoreError, check_shard


def with_home(command: Callable[..., Any]) -> Callable[..., Any]:
    """Hand a command the configuration, with the tables declared."""

    @wraps(command)
    def prepared(**options: Any) -> Any:  # noqa: ANN401
        from gem_assets.stages.catalog import declare_home

        configuration = read_configuration(read_environment())
        declare_home(configuration.home)
        return command(configuration, **options)

    return prepared


def choose_shards(home: Home, corpus: str | None, shards: Sequence[str]) -> list[str]:
    """Resolve --corpus and --shard; raises StoreError when nothing is meant."""
    from gem_assets.store.raw import shard_names

    known = shard_names(home, corpus)
    unknown = [shard for shard in shards if check_shard(shard) not in known]
    if unknown:
        raise StoreError(
            f'there is no shard {unknown[0]}: `gem sql --live "FROM raw_rows"` lists what was ingested'
        )
    if not known:
        what = f"of corpus {corpus} " if corpus else ""
        raise StoreError(f"nothing {what}was ingested yet: `gem ingest PATH --corpus NAME`")
    return list(shards) or known


def check_asset(name: str) -> str:
    """Return the name of a sharded asset, or raise StoreError with the names there are."""
    from gem_assets.stages.catalog import STAGES

    known = [stage.asset for stage in STAGES]
    if name not in known:
        raise StoreError(f"there is no asset {name}: {', '.join(known)}")
    return name
