"""`make proof-itool`: does a campaign repair what warm-up left, and does it more than plain training would?

A tiny model is warmed up on a part of a generated family of tasks, then goes through two rounds. Beside it,
from the same warmed-up model and for as many steps: plain fine-tuning on the same tasks, and on more of them.
Printed is whatever comes out: the share of held-out turns with an error, median and range over seeds. The
settings were chosen on the tasks of seed 1, which is not among them.

    python -m gem_assets_tests.itool.proof [--seeds N] [--home FOLDER]

A run that was interrupted goes on where it was, given the same folder.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from gem_assets.itool.items.item import Item
from gem_assets.itool.items.toolace import read_toolace
from gem_assets.itool.rounds.campaign import Campaign, PolicySettings, PreferenceSettings, StopSettings
from gem_assets.itool.rounds.campaign_run import run_campaign, run_round
from gem_assets.itool.rounds.learning import model_of
from gem_assets.itool.rounds.measuring import answer, judge_answer
from gem_assets.itool.rounds.round_files import read_round_rows, round_key
from gem_assets.itool.rounds.site import Site
from gem_assets.itool.rounds.trainings import Step, sft_row
from gem_assets.itool.search.pairs import PairSettings
from gem_assets.itool.search.search import SearchSettings
from gem_assets.settings import read_environment
from gem_assets.stages.catalog import declare_home
from gem_assets.store.home import Home
from gem_assets.training.configurations import Configuration, TinyModel, TrainingSettings
from gem_assets.training.runs import read_training
from gem_assets_tests.configured import configured
from gem_assets_tests.itool.family import write_tasks

TASKS, MORE = 1400, 400
FIRST_SEED = 2
SHARED = {"rows_per_step": 8, "rows_per_device": 8, "activation_checkpointing": False, "weight_decay": 0.0}
OFTEN = {"checkpoint_every": 1000, "tell_every": 10}
ROWS = ("warmed up", "iTool, round 1", "iTool, round 2", "plain, equal steps", "plain on more tasks")

FIGURES = ("steps", "tokens, iTool", *(f"tokens, {name}" for name in ROWS[3:]), "pairs", "pairs about values")


def campaign_of(seed: int, tasks: Path) -> Campaign:
    warmup = TrainingSettings(learning_rate=3e-3, epochs=6, seed=seed, **SHARED, **OFTEN)
    preference = TrainingSettings(learning_rate=5e-4, epochs=3, seed=seed, **SHARED, **OFTEN)
    return Campaign(
        name=f"proof-{seed}",
        description="A family of small tasks.",
        files=(tasks,),
        seed=seed,
        rounds=2,
        share=0.5,
        grade=False,
        train_items=300,
        held_out_items=140,
        warmup=Configuration(
            name="proof",
            description="",
            tiny=TinyModel(hidden=96, intermediate=256, vocabulary=700),
            context=256,
            precision="fp32",
            training=warmup,
        ),
        search=SearchSettings(iterations=4, width=3, temperature=1.0, max_tokens=32, gold=True),
        pairs=PairSettings(against="likeliest"),
        preference=PreferenceSettings(lora=None, sft_weight=1.0, training=preference),
        policy=PolicySettings(),
        # Both rounds, whatever they bring.
        stop=StopSettings(pairs_per_item=0, gain=-1),
    )


def errors(site: Site, items: tuple[Item, ...], model: Path) -> float:
    """Share of held-out turns with an error."""
    with site.policy(model) as policy:
        wrong = [not judge_answer(one, answer(policy, one, 32)).is_exact for one in items]
    return sum(wrong) / len(wrong)


def one_seed(home: Home, seed: int, told) -> dict[str, float]:
    tasks = write_tasks(home.root / f"tasks-{seed}.jsonl", TASKS, seed)
    site = Site(configured(home, read_environment()), campaign_of(seed, tasks), f"proof-{seed}", told)
    with site.holding() as held:
        results = run_campaign(held, lambda number: run_round(held, number), lambda result: told(str(result)))
    first, second = results
    steps = sum(_steps(site, number) for number in (1, 2))
    more = write_tasks(home.root / f"more-{seed}.jsonl", MORE, seed + 1000)
    extra = tuple(one for one in read_toolace(more, held_out=0) if one.prompt not in _held_out(site))
    found = {
        ROWS[0]: 1 - (first.before or 0),
        ROWS[1]: 1 - (first.after or 0),
        ROWS[2]: 1 - (second.after or 0),
    }
    for name, items in ((ROWS[3], site.train_items), (ROWS[4], (*site.train_items, *extra))):
        model = _plain(site, name, items, steps)
        found[name] = errors(site, site.held_out_items, model)
        found[f"tokens, {name}"] = _tokens(site, model)
    tokens = sum(_tokens(site, model_of(site, number)) for number in (1, 2) if _steps(site, number))
    return found | {"steps": steps, "tokens, iTool": tokens, **_pair_figures(site)}


def _held_out(site: Site) -> set[str]:
    return {one.prompt for one in site.held_out_items}


def _plain(site: Site, name: str, items: tuple[Item, ...], steps: int) -> Path:
    """Train on from the warmed-up model with the warm-up's own loss, at the learning rate of the rounds."""
    campaign = site.campaign
    training = campaign.preference.training.model_copy(update={"maximum_steps": max(1, steps)})
    configuration = campaign.warmup.model_copy(update={"training": training})
    name = f"{campaign.name}-{name.replace(',', '').replace(' ', '-')}"
    return site.train(Step("sft", name, configuration, model_of(site, 0), [sft_row(one) for one in items]))


def _steps(site: Site, number: int) -> int:
    model = model_of(site, number)
    return 0 if model == model_of(site, number - 1) else read_training(model)["steps"]


def _tokens(site: Site, model: Path) -> float:
    """Tokens that the loss fell on in a training, both sides of a pair counted."""
    told = read_training(model)
    return (
        told["learnt_tokens"] / told["rows"] * told["steps"] * site.campaign.preference.training.rows_per_step
    )


def _pair_figures(site: Site) -> dict[str, float]:
    pairs = [
        pair
        for number in (1, 2)
        for pair in read_round_rows(site.home, "preference_pairs", round_key(site.campaign.name, number))
    ]
    about = sum(pair["error_type"] == "value" for pair in pairs)
    return {"pairs": len(pairs), "pairs about values": about}


def table(found: list[dict[str, float]]) -> str:
    lines = [f"{'held-out turns with an error':32} median   range           seeds: {len(found)}"]
    for name in ROWS:
        values = [one[name] for one in found]
        lines.append(f"{name:32} {statistics.median(values):6.1%}   {min(values):.1%} to {max(values):.1%}")
    for name in FIGURES:
        lines.append(f"{name:32} {statistics.median(one[name] for one in found):6.0f}")
    return "\n".join(lines)


def main() -> None:
    given = argparse.ArgumentParser()
    given.add_argument("--seeds", type=int, default=3)
    given.add_argument("--home", type=Path)
    asked = given.parse_args()
    root = asked.home or Path(tempfile.mkdtemp(prefix="itool-proof-"))
    home = Home(root)
    declare_home(home)
    found, began = [], time.monotonic()
    for seed in range(FIRST_SEED, FIRST_SEED + asked.seeds):
        kept = root / f"result-{seed}.json"
        if not kept.is_file():
            figures = one_seed(
                home, seed, lambda line: print(f"{time.monotonic() - began:7.0f} s  {line}", flush=True)
            )
            kept.write_text(json.dumps(figures))
        found.append(json.loads(kept.read_text()))
        print(table(found), flush=True)


if __name__ == "__main__":
    main()
