"""Rows of two evaluated models on a few entries, as scoring writes them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from gem_assets.evaluation.benchmark_files import write_part
from gem_assets.store.home import Home


def write_bfcl(
    home: Home, name: str, category: str, wrong: Mapping[int, Sequence[str]], *, minute: int, entries: int = 6
) -> None:
    """Write a model's scores; `wrong` holds the fragment errors of the entries that are not right."""
    rows = [
        {
            **{"evaluated_model": name, "category": category, "entry_id": f"{category}_{entry}"},
            **{"correct": entry not in wrong, "strict_correct": entry not in wrong, "run_id": "run"},
            "error_type": "multi_turn:instance_state_mismatch" if entry in wrong else None,
            "wrong_turn": 1 + entry % 2 if entry in wrong else None,
            "fragment_errors": list(wrong.get(entry, ())),
            **{
                "turns": 3,
                "tools": 20 + 10 * (entry % 2),
                "truth_calls": 5,
                "classes": ["GorillaFileSystem"],
            },
            **{"steps": 3, "calls": 5, "input_tokens": 10, "output_tokens": 1},
        }
        for entry in range(entries)
    ]
    write_part(home, "bfcl_scores", name, category, rows)
    value = 1 - len(wrong) / entries
    write_run(
        home, name, "bfcl", category, {"accuracy": value}, minute=minute, entries=entries, whole=entries
    )


def write_tau2(home: Home, name: str, solved: Mapping[str, int], *, minute: int, **run: Any) -> None:
    """Write how many of four trials solved each task of retail; `run` sets columns of `benchmark_runs`."""
    rows = [
        {
            **{"evaluated_model": name, "domain": "retail", "task_id": task, "trials": 4, "solved": trials},
            **{"mean_reward": trials / 4, "floor": 0.0, "gold_actions": 3, "calls": 3.0, "run_id": "run"},
        }
        for task, trials in solved.items()
    ]
    write_part(home, "tau2_scores", name, "retail", rows)
    mean = sum(solved.values()) / 4 / len(solved)
    write_run(home, name, "tau2", "retail", {"avg_at_4": mean}, minute=minute, **run)


def write_run(
    home: Home, name: str, benchmark: str, part: str, metrics: Mapping[str, float], *, minute: int, **run: Any
) -> None:
    """Write a model's metrics on a part and the circumstances; `run` sets columns of `benchmark_runs`."""
    place = {"evaluated_model": name, "benchmark": benchmark, "part": part, "run_id": "run"}
    usual = {
        **{"model": f"hosted_vllm/{name}", "base_url": None, "mode": "fc", "thinking": "off", "recipe": None},
        **{"finished_at": datetime(2026, 1, 1, 12, minute, tzinfo=UTC), "settings": "{}", "python": "3.11"},
        **{"settings_hash": "s", "harness": "bfcl-eval 2026.3.23", "harness_hash": "h", "data_hash": "d"},
        **{"oracle": 1.0, "floor": 0.0, "entries": 200, "whole": 200, "refused": 0, "unparsed_calls": 0},
        **{"requests": 100, "input_tokens": 1000, "output_tokens": 100, "cost": None, "seconds": 60.0},
        **{"user_model": None, "decontamination": "clean: none of 40 trajectories holds words of it"},
    }
    written = {**place, **usual, **run}
    write_part(home, "benchmark_runs", name, part, [written])
    scores = [
        {**place, "metric": metric, "value": value, "low": None, "high": None, "entries": written["entries"]}
        for metric, value in metrics.items()
    ]
    write_part(home, "benchmark_scores", name, part, scores)
