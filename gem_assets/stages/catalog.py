"""Every way to a trajectory, as a chain of stages; and what follows from the chains.

Read each stage's declaration beside its function. A package can add stages and ways (`extensions.py`).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import cast

from gem_assets.extensions import DeclarationError, extensions
from gem_assets.settings import Settings
from gem_assets.stages.corpus import DOCUMENTS
from gem_assets.stages.extraction import WORKFLOWS
from gem_assets.stages.filtering import PROCEDURAL_DOCUMENTS
from gem_assets.stages.generation import DRAFT_TRAJECTORIES
from gem_assets.stages.refinement import REFINED_TRAJECTORIES
from gem_assets.stages.stage import RAW_ROWS, Stage, Way
from gem_assets.stages.synthesis import SYNTHESIZED_TRAJECTORIES
from gem_assets.stages.validation import VALIDATED_SYNTHESIZED_TRAJECTORIES, VALIDATED_TRAJECTORIES
from gem_assets.store.connections import column_types
from gem_assets.store.home import Home, StoreError
from gem_assets.store.sql_files import outcome_assets
from gem_assets.store.stage_table import DeclaredMeasure, DeclaredStage, declare_stages
from gem_assets.store.tables import declare_tables

WRITTEN = Way(
    name="written",
    description="The paper's: workflow, draft, refinement, each by the teacher (arXiv 2601.10355).",
    group="trajectories",
    stages=(
        DOCUMENTS,
        PROCEDURAL_DOCUMENTS,
        WORKFLOWS,
        DRAFT_TRAJECTORIES,
        REFINED_TRAJECTORIES,
        VALIDATED_TRAJECTORIES,
    ),
)
SYNTHESIZED = Way(
    name="synthesized",
    description="By a trained Synthesizer, in one call for each procedural document.",
    group="synthesis",
    stages=(
        DOCUMENTS,
        PROCEDURAL_DOCUMENTS,
        SYNTHESIZED_TRAJECTORIES,
        VALIDATED_SYNTHESIZED_TRAJECTORIES,
    ),
)

Extend = Callable[[tuple[Way, ...]], tuple[Way, ...]]
"""What an entry point of a package is: takes the ways there are, gives those there shall be."""


def _with_extensions(ways: tuple[Way, ...]) -> tuple[Way, ...]:
    for point in extensions():
        package = f"the package {point.dist.name if point.dist else '?'} ({point.name} = {point.value})"
        try:
            ways = tuple(cast(Extend, point.load())(ways))
            check_ways(ways)
        except DeclarationError as error:
            raise DeclarationError(f"{package}: {error}") from error
        except Exception as error:  # whatever a package does wrong
            problem = f"{type(error).__name__}: {error}"
            raise DeclarationError(f"{package} cannot add its stages: {problem}") from error
    return ways


def check_ways(ways: Sequence[Way]) -> None:
    """Check what no type can say of declarations.

    Raises:
        DeclarationError: a chain does not fit together, or a stage names what there is not.
    """
    before: dict[str, tuple[Stage, str]] = {}
    for way in ways:
        upstream = RAW_ROWS
        for stage in way.stages:
            if upstream != RAW_ROWS:
                _check_step(way, before[upstream][0], stage)
            known = before.setdefault(stage.asset, (stage, upstream))
            if known != (stage, upstream):
                raise DeclarationError(
                    f"{stage.asset} is declared twice, or reads {known[1]} on one way and {upstream} on "
                    f"the way {way.name}: an asset has one declaration and one place"
                )
            upstream = stage.asset
    for stage, _ in before.values():
        _check_stage(stage)


def _check_step(way: Way, giver: Stage, taker: Stage) -> None:
    if not issubclass(giver.gives, taker.takes):
        raise DeclarationError(
            f"the way {way.name}: {giver.asset} gives {giver.gives.__name__}, and {taker.asset} takes "
            f"{taker.takes.__name__}"
        )


def _check_stage(stage: Stage) -> None:
    if stage.asset not in outcome_assets():
        raise DeclarationError(f"{stage.asset} has no sql/outcomes/{stage.asset}.sql with its own columns")
    unknown = [name for name in stage.settings if name not in Settings.model_fields]
    try:
        held = {name for name, _ in column_types(stage.table)}
    except StoreError as error:
        raise DeclarationError(f"sql/outcomes/{stage.asset}.sql cannot be read: {error}") from error
    unknown += [
        name for one in stage.measures for name in (one.column, one.before) if name and name not in held
    ]
    if stage.role is not None:
        kinds = ("unparseable", "refused", "too_long", "truncated", "empty")
        known = {str(reason) for reason in stage.reasons}
        # A judge that cannot be read has said nothing: only what it declines to judge is rejected.
        kinds = kinds[1:3] if stage.role == "judge" else kinds
        unknown += [f"{stage.prefix}_{kind}" for kind in kinds if f"{stage.prefix}_{kind}" not in known]
    if unknown:
        raise DeclarationError(f"{stage.asset} names what there is not: {', '.join(unknown)}")


WAYS = _with_extensions((WRITTEN, SYNTHESIZED))
check_ways(WAYS)

DEFAULT_WAY = WAYS[0]
STAGES: tuple[Stage, ...] = tuple({stage.asset: stage for way in WAYS for stage in way.stages}.values())
"""Every stage of every way, in the order of the ways."""
ASSETS = tuple(stage.asset for stage in DEFAULT_WAY.stages)
"""The assets of the default way, in order."""


def stage_of(asset: str) -> Stage:
    """Find the stage that makes an asset; raises KeyError where none does."""
    return _by_asset()[asset]


def reads(stage: Stage) -> str:
    """Name the asset a stage reads; `raw_rows` for the first."""
    chain = next(way.stages for way in WAYS if stage in way.stages)
    place = chain.index(stage)
    return chain[place - 1].asset if place else RAW_ROWS


def ways_of(stage: Stage) -> tuple[Way, ...]:
    """Name the ways a stage is part of."""
    return tuple(way for way in WAYS if stage in way.stages)


def own_stages(way: Way) -> tuple[Stage, ...]:
    """Give the stages that no earlier way has."""
    earlier = {stage.asset for other in WAYS[: WAYS.index(way)] for stage in other.stages}
    return tuple(stage for stage in way.stages if stage.asset not in earlier)


def declare_home(home: Home) -> None:
    """Make a home ready for these stages: the schema of every table, and the table `stages`."""
    declare_tables(home)
    declare_stages(home, list(_declared()))


def _declared() -> Iterator[DeclaredStage]:
    for number, stage in enumerate(STAGES):
        yield DeclaredStage(
            asset=stage.asset,
            number=number,
            title=stage.title,
            description=stage.description,
            reads=reads(stage),
            ways=tuple(way.name for way in ways_of(stage)),
            ends_way=any(way.result is stage for way in WAYS),
            by_default=stage in DEFAULT_WAY.stages,
            gives=stage.gives.__name__,
            role=stage.role,
            prompts=stage.prompts,
            authorship=stage.authorship,
            measures=tuple(DeclaredMeasure(one.name, one.column, one.before) for one in stage.measures),
        )


@cache
def _by_asset() -> dict[str, Stage]:
    return {stage.asset: stage for stage in STAGES}
