"""Which findings of verification reject and which only advise: one table.

Decidable is what the dialogue itself proves wrong. The rest is advisory: evidence for the judge and the
report, until its precision is measured at 95 % or more on text that models wrote. Does not belong here: the
checks; findings of `rules`, which all reject.
"""

from gem_assets.records.judgement import Finding, Level
from gem_assets.records.outcome import Reason

DECIDABLE: Level = "decidable"
ADVISORY: Level = "advisory"

FINDING_LEVELS: dict[Reason, tuple[str, Level]] = {
    Reason.VERIFY_UNGROUNDED_ID: ("provenance", DECIDABLE),
    Reason.VERIFY_ID_BEFORE_CREATED: ("state", DECIDABLE),
    Reason.VERIFY_READ_CONTRADICTION: ("state", DECIDABLE),
    Reason.VERIFY_LOST_WRITE: ("state", DECIDABLE),
    Reason.VERIFY_RESULT_CONTRADICTS_CALL: ("state", DECIDABLE),
    Reason.VERIFY_LISTING_OMITS: ("state", DECIDABLE),
    Reason.VERIFY_USED_AFTER_END: ("state", DECIDABLE),
    Reason.VERIFY_CONSTRAINT_VIOLATED: ("constraint", DECIDABLE),
    Reason.VERIFY_REFUSED_ALLOWED: ("constraint", DECIDABLE),
    Reason.VERIFY_STATED_LIMIT: ("constraint", DECIDABLE),
    Reason.VERIFY_ORDER_BROKEN: ("constraint", DECIDABLE),
    Reason.VERIFY_RULE_CONTRADICTED: ("faithfulness", DECIDABLE),
    Reason.VERIFY_CONSTRAINT_UNSOURCED: ("faithfulness", DECIDABLE),
    Reason.VERIFY_CONSTRAINT_NUMBER: ("faithfulness", DECIDABLE),
    Reason.VERIFY_GUESSED_ID: ("provenance", ADVISORY),
    Reason.VERIFY_UNGROUNDED_NAME: ("provenance", ADVISORY),
    Reason.VERIFY_UNGROUNDED_NUMBER: ("provenance", ADVISORY),
    Reason.VERIFY_UNGROUNDED_DATE: ("provenance", ADVISORY),
    Reason.VERIFY_UNGROUNDED_TEXT: ("provenance", ADVISORY),
    Reason.VERIFY_STATE_DOUBTFUL: ("state", ADVISORY),
    Reason.VERIFY_LISTING_FILTER: ("state", ADVISORY),
    Reason.VERIFY_RESULT_ARITHMETIC: ("state", ADVISORY),
    Reason.VERIFY_IMPOSSIBLE_DATES: ("state", ADVISORY),
    Reason.VERIFY_AMOUNT_EXCEEDS: ("state", ADVISORY),
    Reason.VERIFY_DOUBLE_USE: ("state", ADVISORY),
    Reason.VERIFY_UNIT_MIXED: ("provenance", ADVISORY),
    Reason.VERIFY_MISQUOTED_VALUE: ("provenance", ADVISORY),
    Reason.VERIFY_REFUSAL_DOUBTFUL: ("constraint", ADVISORY),
    Reason.VERIFY_GRAPH_ORDER: ("constraint", ADVISORY),
    Reason.VERIFY_RULE_INVENTED: ("faithfulness", ADVISORY),
    Reason.VERIFY_RULE_OMITTED: ("faithfulness", ADVISORY),
    Reason.VERIFY_FALSE_INABILITY: ("dialogue", ADVISORY),
    Reason.VERIFY_UNDISCLOSED_FAILURE: ("dialogue", ADVISORY),
    Reason.VERIFY_UNSUPPORTED_SUCCESS: ("dialogue", ADVISORY),
    Reason.VERIFY_UNKNOWN_ID_SAID: ("dialogue", ADVISORY),
    Reason.VERIFY_LEAKED_REASONING: ("dialogue", ADVISORY),
    Reason.VERIFY_USER_NAMES_TOOL: ("dialogue", ADVISORY),
    Reason.VERIFY_REPEATED_TURN: ("dialogue", ADVISORY),
    Reason.VERIFY_REPEATED_CALL: ("dialogue", ADVISORY),
    Reason.VERIFY_EMPTY_TURN: ("dialogue", ADVISORY),
    Reason.VERIFY_LANGUAGE_MIX: ("dialogue", ADVISORY),
    Reason.VERIFY_VAIN_RECOVERY: ("dialogue", ADVISORY),
}


def make_finding(
    reason: Reason,
    evidence: str,
    message: int | None = None,
    *,
    other_message: int | None = None,
    path: str | None = None,
    span: tuple[int, int] | None = None,
) -> Finding:
    """Make a finding with the kind and the level that the table gives its reason."""
    kind, level = FINDING_LEVELS[reason]
    return Finding(
        reason=reason,
        evidence=evidence,
        message=message,
        kind=kind,
        level=level,
        other_message=other_message,
        path=path,
        span=span,
    )
