"""How answers are drawn, task by task, where nobody says otherwise.

Does not belong here: what a role overrides (`roles.py`).
"""

from collections.abc import Mapping

from gem_assets.records.base import Record

# 20480 tokens, top-p 0.95 and the temperatures below are what the public reimplementation of GEM runs with
# (github.com/zhangdw156/synthesis_from_text, exps/gem/conf); the paper names none.
MAX_TOKENS = 20480


class Sampling(Record):
    """How answers are drawn. `max_tokens` is asked for first, `max_tokens_ceiling` after a cut-off answer."""

    temperature: float
    top_p: float = 0.95
    max_tokens: int = MAX_TOKENS
    max_tokens_ceiling: int = MAX_TOKENS


# Filter and judge answer briefly: a model that runs on is stopped early, one that thinks long asks again.
TASK_SAMPLING: Mapping[str, Sampling] = {
    "filter_document": Sampling(temperature=0.2, max_tokens=4096),
    "extract_workflows": Sampling(temperature=0.2),
    "generate_trajectory": Sampling(temperature=0.7),
    "refine_trajectory": Sampling(temperature=0.4),
    "judge_trajectory": Sampling(temperature=0.2, max_tokens=8192),
    "synthesize_trajectory": Sampling(temperature=0.7),
}
OTHER_SAMPLING = Sampling(temperature=0.7)
