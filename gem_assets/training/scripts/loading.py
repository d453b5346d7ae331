"""The model and tokenizer that a training starts from: a given one, or a tiny one made for the data.

Runs in the trainer's environment.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from telling import RefusedError

CONTROL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
"""Qwen3's, in its order."""


def load_tokenizer(base: str, template: str) -> Any:
    """Load a model's tokenizer and give it our chat template; raises RefusedError where there is none."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(base)
    except Exception as error:  # each kind of tokenizer breaks with another error
        raise RefusedError(f"{base} has no tokenizer that can be loaded: {_first(error)}") from error
    tokenizer.chat_template = template
    return tokenizer


def load_model(base: str, half: bool, attention: str) -> Any:
    """Load a causal language model; raises RefusedError where it cannot be found or read.

    `half` is for weights that stay as they are: those that are trained are kept in fp32, used in bf16.
    """
    import torch
    from transformers import AutoModelForCausalLM

    kind = torch.bfloat16 if half else torch.float32
    try:
        return AutoModelForCausalLM.from_pretrained(base, dtype=kind, attn_implementation=attention)
    except (OSError, ValueError) as error:
        raise RefusedError(f"the model {base} cannot be loaded: {_first(error)}") from error


def make_tokenizer(texts: Iterable[str], vocabulary: int, folder: Path, template: str) -> Any:
    """Train a byte-level BPE on the texts, once: a training that goes on finds it in `folder`."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    if not folder.is_dir():
        bare = Tokenizer(models.BPE())
        bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        bare.decoder = decoders.ByteLevel()
        control = [AddedToken(text, special=True, normalized=False) for text in CONTROL_TOKENS]
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        bare.train_from_iterator(
            texts,
            trainers.BpeTrainer(
                vocab_size=vocabulary,
                special_tokens=control,
                initial_alphabet=sorted(alphabet),
                show_progress=False,
            ),
        )
        made = PreTrainedTokenizerFast(
            tokenizer_object=bare, eos_token="<|im_end|>", pad_token="<|endoftext|>"
        )
        aside = folder.with_name(f"{folder.name}.tmp")
        made.save_pretrained(aside)
        aside.rename(folder)
    return load_tokenizer(str(folder), template)


def make_model(shape: dict[str, Any], tokenizer: Any, context: int, seed: int) -> Any:
    """Make a small Qwen3 with random weights: for trying the way through, not for use."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(seed)
    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=len(tokenizer),
            hidden_size=shape["hidden"],
            intermediate_size=shape["intermediate"],
            num_hidden_layers=shape["layers"],
            num_attention_heads=shape["heads"],
            num_key_value_heads=shape["key_value_heads"],
            head_dim=shape["hidden"] // shape["heads"],
            max_position_embeddings=context,
            # Small models learn to copy only from larger weights and shorter waves than Qwen3's own.
            initializer_range=0.06,
            rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def write_json(path: Path, value: object) -> None:
    """Write a JSON file that is whole or not there."""
    aside = path.with_name(f"{path.name}.tmp")
    aside.write_text(json.dumps(value, indent=1, ensure_ascii=False), "utf-8")
    aside.replace(path)


def _first(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
