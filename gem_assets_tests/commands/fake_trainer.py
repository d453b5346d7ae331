"""A trainer without torch: it "trains" by writing a model's folder, and reports as ours does.

It stands where GEM_TRAIN_PYTHON points: its first argument is `-c`, or one of `training/scripts`.
"""

import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

STEPS = 3


def install(folder: Path, seconds: float = 0.0) -> Path:
    """Write the program that runs this module; each of its steps takes so long."""
    program = folder / "fake-trainer"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.argv.insert(1, {str(seconds)!r})\n{_SOURCE}\nmain()\n"
    )
    program.chmod(0o755)
    return program


def main() -> None:
    seconds, what, *arguments = float(sys.argv[1]), *sys.argv[2:]
    if what == "-c":
        sys.stdout.write(json.dumps(dict.fromkeys(arguments[1:], "1.0")))
    else:
        train(json.loads(Path(arguments[0]).read_text()), seconds)


def train(order: dict[str, Any], seconds: float) -> None:
    def tell(event: str, **values: Any) -> None:
        with (Path(order["work"]) / "progress.jsonl").open("a") as file:
            file.write(json.dumps({"event": event, "time": time.time(), **values}) + "\n")

    def stop(*_: Any) -> None:
        tell("stopped")
        sys.exit(3)

    signal.signal(signal.SIGTERM, stop)
    rows = Path(order["data"]).read_text().count("\n")
    counted = {"rows": rows, "tokens": 10 * rows, "learnt_tokens": 5 * rows, "too_long": 0}
    counted |= {"with_control_tokens": 0, "device": "CPU"}
    tell("begin", **counted, resumed_from=None)
    curve = []
    for step in range(1, STEPS + 1):
        time.sleep(seconds)
        curve.append([step, 1 / step])
        tell("step", step=step, of=STEPS, loss=1 / step)
    aside = Path(order["work"]) / "aside"
    aside.mkdir()
    told = {**counted, **order["about"], "curve": curve, "steps": STEPS, "seconds": 1.0}
    (aside / "training.json").write_text(json.dumps(told))
    aside.replace(order["published"])


_SOURCE = Path(__file__).read_text("utf-8").partition("\n_SOURCE")[0]
