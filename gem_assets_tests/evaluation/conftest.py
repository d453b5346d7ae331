import os
from pathlib import Path

import pytest

from gem_assets.evaluation import tau2
from gem_assets.evaluation.bfcl import ENVIRONMENT, PYTHON
from gem_assets.evaluation.evaluated_models import EvaluationError
from gem_assets.evaluation.harness_process import find_python
from gem_assets_tests.evaluation.bfcl_player import package_folder

# Read here: each test begins without the developer's settings.
TAU2_CHECKOUT = os.environ.get("GEM_TAU2_CHECKOUT", "")
# A checkout of v1, and the Python that it was installed into.
TAU2_V1_CHECKOUT = os.environ.get("TAU2_V1_CHECKOUT", "")
TAU2_V1_PYTHON = os.environ.get("TAU2_V1_PYTHON", "")


@pytest.fixture(scope="session")
def bfcl_python() -> Path:
    try:
        return find_python(None, PYTHON, ENVIRONMENT)
    except EvaluationError as error:
        if os.environ.get("REQUIRE_EVAL_ENV"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def tau2_checkout() -> Path:
    if not TAU2_CHECKOUT:
        pytest.skip("no checkout of tau2-bench is given: GEM_TAU2_CHECKOUT")
    return Path(TAU2_CHECKOUT)


@pytest.fixture(scope="session")
def tau2_v1_checkout() -> Path:
    if not TAU2_V1_CHECKOUT:
        pytest.skip("no checkout of tau2-bench v1 is given: TAU2_V1_CHECKOUT, TAU2_V1_PYTHON")
    return Path(TAU2_V1_CHECKOUT)


@pytest.fixture(scope="session")
def tau2_v1_python() -> Path:
    return Path(TAU2_V1_PYTHON)


@pytest.fixture(scope="session")
def tau2_python() -> Path:
    try:
        return find_python(None, tau2.PYTHON, tau2.ENVIRONMENT)
    except EvaluationError as error:
        if os.environ.get("REQUIRE_EVAL_ENV"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def package(bfcl_python: Path) -> Path:
    return package_folder(bfcl_python)
