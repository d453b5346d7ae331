"""The numbers of the rule checks, each with where it comes from."""

from gem_assets.records.base import Record


class RuleSettings(Record):
    """What a trajectory must reach, and which language its words are read in."""

    minimum_patterns: int = 3
    """Distinct interaction patterns: "at least 3", generation prompt (arXiv 2601.10355, appendix A.3)."""
    minimum_user_turns: int = 2
    """Ours: with one request there is nothing multi-turn. The paper's drafts have about seven (A.5)."""
    minimum_calls: int = 2
    """Ours: one call is no workflow. The paper's drafts have 7.83 on average, refined ones 16.3."""
    minimum_messages: int = 8
    """Messages besides the system's. Ours: what two requests and two calls, one a round, come to."""
    parallel_calls: bool = False
    """The refinement prompt allows one call per assistant round (appendix A.4)."""
    language: str = "en"
    """ISO 639-1. The prompts ask for English; in another language the lexical patterns cannot be seen,
    and too few of them is then no finding."""
