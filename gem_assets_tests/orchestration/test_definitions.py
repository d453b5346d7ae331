import dagster as dg
import pytest

from gem_assets.configuration import read_configuration
from gem_assets.orchestration.jobs.code_location import build_definitions
from gem_assets.stages.catalog import ASSETS, STAGES
from gem_assets.store.sql_files import sql_names


@pytest.fixture
def definitions(tmp_path):
    return build_definitions(read_configuration({"GEM_HOME": str(tmp_path)}))


def specs(definitions):
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_the_graph_is_the_path_of_a_document(definitions):
    found = specs(definitions)
    datasets = {"trajectory_dataset", "policy_examples", "synthesizer_examples"}
    synthesis = {"synthesized_trajectories", "validated_synthesized_trajectories"}
    models = {"policy_model", "synthesizer_model"}
    evaluation = {"bfcl_generation", "bfcl_scores", "tau2_simulation", "tau2_scores", "benchmark_report"}
    rounds = {"difficulty", "selection", "search_trees", "preference_pairs"}
    rounds |= {"policy_round_model", "round_evaluation"}
    groups = (datasets, models, rounds, evaluation, synthesis, {"warehouse", "yield_report"})
    assert set(found) == set(ASSETS).union(*groups)
    for asset, upstream in zip(ASSETS[1:], ASSETS, strict=False):
        assert [dep.asset_key.to_user_string() for dep in found[asset].deps] == [upstream]


def test_every_sharded_asset_has_the_same_partitions_and_columns_to_show(definitions):
    found = specs(definitions)
    for asset in ASSETS:
        assert found[asset].partitions_def == dg.DynamicPartitionsDefinition(name="corpus_shards")
        assert isinstance(found[asset].metadata["dagster/column_schema"], dg.TableSchema)
        assert found[asset].description


def test_every_sharded_asset_has_the_same_backfill_policy(definitions):
    policies = {
        assets.backfill_policy
        for assets in definitions.resolve_asset_graph().assets_defs
        if assets.partitions_def is not None
    }
    assert policies == {dg.BackfillPolicy.multi_run(max_partitions_per_run=1)}


def test_every_sql_check_is_an_asset_check_and_every_stage_says_whether_it_is_up_to_date(definitions):
    keys = definitions.resolve_asset_graph().asset_check_keys
    assert {key.name for key in keys if key.asset_key.to_user_string() == "warehouse"} == set(
        sql_names("checks")
    )
    fresh = {key.asset_key.to_user_string() for key in keys if key.name == "up_to_date"}
    assert fresh == {stage.asset for stage in STAGES}


def test_every_column_with_a_comment_shows_it(definitions):
    columns = specs(definitions)["workflows"].metadata["dagster/column_schema"].columns
    told = {column.name: column.description for column in columns}
    assert told["predicate_count"] == "constraints that are said as CEL"


def test_a_changed_prompt_changes_the_code_version_of_its_asset_only(definitions, tmp_path):
    before, variables = specs(definitions), {"GEM_HOME": str(tmp_path), "GEM_PROMPTS": str(tmp_path)}
    (tmp_path / "extract_workflows.md").write_text("$title $document $summary")
    after = specs(build_definitions(read_configuration(variables)))
    changed = {asset for asset in ASSETS if before[asset].code_version != after[asset].code_version}
    assert changed == {"workflows"}
