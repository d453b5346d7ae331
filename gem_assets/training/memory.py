"""How much memory and disk a training takes, calculated: nothing here was measured on a GPU.

Counted for rows as long as the context, one row per device, activations kept per layer only, and a loss that
never holds the logits of a whole row (TRL's fused head).
"""

from gem_assets.training.configurations import Configuration, ModelShape

GIB = 2**30
FULL_STATE = 16
"""Bytes per trained parameter: weights and Adam's two moments in fp32, weights and gradients in bf16."""
FROZEN_STATE = 2
"""Bytes per parameter that is not trained: bf16."""
# Values of one layer that live while it is computed again for its gradients, per token: six as wide as the
# hidden state (queries, keys, values, attention, norms, residual), four as wide as the inner one.
_HIDDEN_WIDE, _INNER_WIDE = 6, 4
OTHER = 1.5 * GIB
"""CUDA's own, buffers of the gathering, fragments."""


def device_memory(configuration: Configuration) -> float | None:
    """GiB that each device needs; None for a model made here, which fits anywhere."""
    shape = configuration.shape
    if shape is None:
        return None
    tokens = configuration.context * configuration.training.rows_per_device
    kept = shape.layers * tokens * shape.hidden * 2
    working = tokens * (_HIDDEN_WIDE * shape.hidden + _INNER_WIDE * shape.intermediate) * 2
    return (_state(configuration, shape) / configuration.processes + kept + working + OTHER) / GIB


def disk_needed(configuration: Configuration) -> int:
    """Bytes of the checkpoints that are kept, the one being written and the finished model."""
    if configuration.shape is None:
        return 200 * 2**20
    trained = adapter_parameters(configuration, configuration.shape)
    whole = 14 * configuration.shape.parameters if trained is None else 14 * trained
    return whole * (configuration.training.checkpoints_kept + 1) + 2 * configuration.shape.parameters


def adapter_parameters(configuration: Configuration, shape: ModelShape) -> int | None:
    """Parameters of the adapters, a bit too many; None where all parameters are trained."""
    if configuration.lora is None:
        return None
    # Four matrices of attention and three of the inner layer, as if each were as wide as the wider side.
    widths = 4 * 2 * shape.hidden + 3 * (shape.hidden + shape.intermediate)
    return shape.layers * configuration.lora.rank * widths


def _state(configuration: Configuration, shape: ModelShape) -> int:
    trained = adapter_parameters(configuration, shape)
    if trained is None:
        return FULL_STATE * shape.parameters
    return FROZEN_STATE * shape.parameters + FULL_STATE * trained
