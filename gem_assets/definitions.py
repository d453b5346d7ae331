"""What Dagster loads: the code location of this process's environment.

Does not belong here: what is in it (`orchestration/jobs/code_location.py`).
"""

import dagster as dg

from gem_assets.configuration import read_configuration
from gem_assets.orchestration.jobs.code_location import build_definitions
from gem_assets.settings import read_environment


@dg.definitions
def defs() -> dg.Definitions:
    """Parse the environment once, when the code location loads."""
    return build_definitions(read_configuration(read_environment()))
