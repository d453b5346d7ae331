"""The code location: every asset, check, job, sensor and resource put together.

Does not belong here: where Dagster looks for it (`gem_assets/definitions.py`).
"""

import dagster as dg
from dagster_duckdb import DuckDBResource

from gem_assets.configuration import RunConfiguration
from gem_assets.orchestration.assets.checks import freshness_checks, table_checks
from gem_assets.orchestration.assets.datasets import DATASET_ASSETS, decontaminated
from gem_assets.orchestration.assets.evaluations import EVALUATION_ASSETS, EVALUATION_CHECKS
from gem_assets.orchestration.assets.itool import ITOOL_ASSETS
from gem_assets.orchestration.assets.metadata import describe_asset
from gem_assets.orchestration.assets.models import MODEL_ASSETS, MODEL_CHECKS
from gem_assets.orchestration.assets.shards import STAGE_ASSETS
from gem_assets.orchestration.assets.tables import warehouse, yield_report
from gem_assets.orchestration.jobs.batch_sensor import collect_batches
from gem_assets.orchestration.jobs.catalog import JOBS
from gem_assets.orchestration.jobs.folder_sensor import watching
from gem_assets.orchestration.resources.addresses import Addresses
from gem_assets.orchestration.resources.options import RunOptions
from gem_assets.orchestration.resources.policies import run_policies
from gem_assets.orchestration.resources.workplace import workplace_resource
from gem_assets.stages.staleness import current_versions

# Assets that no code version of a stage says anything of: partitioned by recipe or model, or not at all.
WHOLE_ASSETS = (
    warehouse,
    yield_report,
    *DATASET_ASSETS,
    *MODEL_ASSETS,
    *ITOOL_ASSETS,
    *EVALUATION_ASSETS,
)
CHECKS = (table_checks, freshness_checks, decontaminated, *MODEL_CHECKS, *EVALUATION_CHECKS)
TABLES_SENSOR = dg.AutomationConditionSensorDefinition(
    "keep_tables_current",
    target=dg.AssetSelection.assets(warehouse, yield_report),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
)


def build_definitions(configuration: RunConfiguration) -> dg.Definitions:
    """Assemble assets, checks, jobs and resources, with the code versions this configuration gives."""
    versions = current_versions(configuration)
    addresses = Addresses.of(configuration)
    owner = configuration.owner

    def described(spec: dg.AssetSpec) -> dg.AssetSpec:
        name = spec.key.to_user_string()
        told = describe_asset(spec.description or "", name, addresses)
        # A stage whose role has no model could not be run: it has no version to compare with.
        version = versions[name].code_version if name in versions else None
        return spec.replace_attributes(code_version=version, description=told, owners=[owner])

    def owned(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(owners=[owner])

    return dg.Definitions(
        assets=[
            *dg.map_asset_specs(described, STAGE_ASSETS.values()),
            *dg.map_asset_specs(owned, WHOLE_ASSETS),
        ],
        asset_checks=CHECKS,
        jobs=JOBS,
        sensors=[
            collect_batches,
            TABLES_SENSOR,
            *watching(configuration.watched),
        ],
        resources={
            # In memory: a file would lock out every other process. Nothing of it is chosen in the launchpad.
            "database": dg.ResourceDefinition.hardcoded_resource(DuckDBResource(database=":memory:")),
            "workplace": workplace_resource(configuration),
            "options": RunOptions(),
            "policies": run_policies,
        },
        # Runs are the unit of parallelism; a process per step would import everything six times.
        executor=dg.in_process_executor,
    )
