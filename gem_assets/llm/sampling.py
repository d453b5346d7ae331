"""How answers are drawn where nobody says otherwise.

Does not belong here: the values of each stage (its declaration), what a role overrides (`roles.py`).
"""

from gem_assets.records.base import Record

# 20480 tokens, top-p 0.95 and the stages' temperatures are what the public reimplementation of GEM runs with
# (github.com/zhangdw156/synthesis_from_text, exps/gem/conf); the paper names none.
MAX_TOKENS = 20480


class Sampling(Record):
    """How answers are drawn. `max_tokens` is asked for first, `max_tokens_ceiling` after a cut-off answer."""

    temperature: float
    top_p: float = 0.95
    max_tokens: int = MAX_TOKENS
    max_tokens_ceiling: int = MAX_TOKENS


OTHER_SAMPLING = Sampling(temperature=0.7)
"""For what no stage asks."""
