import os
from pathlib import Path

import pytest

from gem_assets.evaluation.bfcl import ENVIRONMENT, PYTHON
from gem_assets.evaluation.evaluated_models import EvaluationError
from gem_assets.evaluation.harness_process import find_python
from gem_assets_tests.evaluation.bfcl_player import package_folder


@pytest.fixture(scope="session")
def bfcl_python() -> Path:
    try:
        return find_python({}, PYTHON, ENVIRONMENT)
    except EvaluationError as error:
        if os.environ.get("REQUIRE_EVAL_ENV"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def package(bfcl_python: Path) -> Path:
    return package_folder(bfcl_python)
