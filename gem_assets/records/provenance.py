"""How an outcome came about: which prompt and model answered, through which calls, at what price."""

from gem_assets.records.base import Record


class Provenance(Record):
    """Stamped on every row. An unknown price is None, never 0; times are seconds."""

    prompt_version: str | None = None
    """`name@hash` of the prompt file; None for a stage that asks no model."""
    model: str | None = None
    """The model that answered, as the provider named it, or `offline/procedural`."""
    generator: str | None = None
    """`model`, or `offline/procedural` for what the baseline generator made or descends from."""
    recovered: bool = False
    """The answer needed a repair turn before it could be read."""
    call_keys: tuple[str, ...] = ()
    """Keys of the calls in the journal."""
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = 0.0
    seconds: float = 0.0

    def plus(self, other: "Provenance") -> "Provenance":
        """Add another call's share; the later call names prompt and model."""
        costs = (self.cost, other.cost)
        return Provenance(
            prompt_version=other.prompt_version or self.prompt_version,
            model=other.model or self.model,
            generator=other.generator or self.generator,
            recovered=self.recovered or other.recovered,
            call_keys=self.call_keys + other.call_keys,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost=None if None in costs else sum(cost for cost in costs if cost is not None),
            seconds=self.seconds + other.seconds,
        )
