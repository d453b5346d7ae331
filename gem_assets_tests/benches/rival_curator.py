"""The stage of `bench_llm.py` by bespokelabs-curator, in an environment of its own.

python rival_curator.py URL IN_FLIGHT FOLDER: reads the prompts, one JSON string per line, from standard
input; its last line tells seconds, CPU and answers of the asking alone. Its limits a minute are lifted.
"""

import json
import os
import resource
import sys
import time
from importlib.util import find_spec
from pathlib import Path


def prepare(folder: str) -> None:
    """Keep it from the network and its cache in the folder; tiktoken's vocabulary comes with litellm."""
    litellm = find_spec("litellm")
    assert litellm is not None and litellm.origin is not None
    os.environ |= {
        "TIKTOKEN_CACHE_DIR": str(Path(litellm.origin).parent / "litellm_core_utils" / "tokenizers"),
        "CURATOR_CACHE_DIR": folder,
        "HF_HOME": folder,
        "HF_HUB_OFFLINE": "1",
        "CURATOR_DISABLE_RICH_DISPLAY": "1",
        "TELEMETRY_ENABLED": "false",
        "OPENAI_API_KEY": "none",
    }


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(url: str, in_flight: str, folder: str) -> None:
    prompts = [json.loads(line) for line in sys.stdin]
    prepare(folder)
    from bespokelabs import curator  # pyright: ignore[reportMissingImports]

    class Asker(curator.LLM):
        def prompt(self, row):
            return row["prompt"]

        def parse(self, row, response):
            return {"answer": response}

    limits = {"max_requests_per_minute": 10_000_000, "max_tokens_per_minute": 10_000_000_000}
    asker = Asker(
        model_name="stub",
        backend="openai",
        backend_params={
            "base_url": url,
            "max_concurrent_requests": int(in_flight),
            "max_retries": 0,
            **limits,
        },
        generation_params={"temperature": 0.2, "top_p": 0.95, "max_tokens": 4096},
    )
    began, used = time.perf_counter(), cpu()
    answers = asker([{"prompt": prompt} for prompt in prompts])
    told = {"seconds": time.perf_counter() - began, "cpu": cpu() - used}
    rows = getattr(answers, "dataset", answers)
    sys.stdout.write("\n" + json.dumps(told | {"answers": len(rows)}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
