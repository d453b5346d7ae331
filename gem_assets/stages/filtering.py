"""Stage 1, procedural_documents: does the text describe a multi-step operation (arXiv 2601.10355, A.1)?"""

from typing import Any

from gem_assets.llm.asking import ask
from gem_assets.llm.protocol import Llm
from gem_assets.llm.sampling import Sampling
from gem_assets.prompts.prompt import Prompt, escape
from gem_assets.prompts.vocabulary import DOMAINS, PLATFORMS, TASK_CATEGORIES
from gem_assets.records.document import Document, ProceduralDocument
from gem_assets.records.outcome import Kept, Outcome, Reason, Rejected
from gem_assets.settings import Settings
from gem_assets.stages.answers.filter_answer import parse_filter_answer
from gem_assets.stages.prefilter import is_used, prefilter
from gem_assets.stages.stage import Stage

PROMPT = "filter_document"
# The answer is short: a model that runs on is stopped early, one that thinks long gets more room at once.
SAMPLING = Sampling(temperature=0.2, max_tokens=4096)


async def filter_document(document: Document, llm: Llm, settings: Settings) -> Outcome[ProceduralDocument]:
    """Keep a document that holds a multi-step operation, with its summary and three labels."""
    if not llm.is_model and document.language != "en":
        evidence = f"the baseline generator reads English, this text is {document.language}"
        return Rejected(Reason.FILTER_UNSUPPORTED_LANGUAGE, evidence)
    if is_used(settings, llm) and (rejected := prefilter(document, settings.prefilter)) is not None:
        return rejected
    answer = await ask(
        llm,
        Prompt.load(PROMPT, settings.prompts),
        {
            "platforms": ", ".join(PLATFORMS),
            "domains": ", ".join(DOMAINS),
            "task_categories": ", ".join(TASK_CATEGORIES),
            "title": escape(document.title or ""),
            "document": escape(document.text),
        },
        parse_filter_answer,
        payload={"document": document.model_dump(mode="json")},
        sampling=SAMPLING,
    )
    labels = answer.value
    if labels is None:
        return Rejected(Reason.FILTER_NOT_MULTI_STEP, "answered multi_step False", answer.provenance)
    procedure = ProceduralDocument(
        document=document,
        summary=labels.summary,
        platform=labels.platform,
        domains=labels.domains,
        task_category=labels.task_category,
    )
    return Kept((procedure,), answer.provenance)


def procedure_columns(procedure: ProceduralDocument) -> dict[str, Any]:
    """Give the typed columns of a procedural document."""
    return {
        "summary": procedure.summary,
        "platform": procedure.platform,
        "domains": list(procedure.domains),
        "task_category": procedure.task_category,
        "language": procedure.document.language,
    }


PROCEDURAL_DOCUMENTS = Stage(
    asset="procedural_documents",
    title="filter",
    description="Documents that describe a multi-step operation: summary, platform, domains, task category.",
    takes=Document,
    gives=ProceduralDocument,
    run=filter_document,
    columns=procedure_columns,
    prefix="filter",
    other_prefixes=("prefilter",),
    authorship="writes",
    role="filter",
    prompts=(PROMPT,),
    sampling=SAMPLING,
    settings=("use_prefilter", "prefilter"),
)
