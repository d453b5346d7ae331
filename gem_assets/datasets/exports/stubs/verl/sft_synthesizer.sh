#!/bin/sh
# verl 0.9.1, run in this folder. Learning rate, schedule, epochs, rows per step and length: table 3 of
# arXiv 2601.10355. verl_dataset.py decodes the columns: verl itself reads nested lists only, and Parquet
# would give all of them one schema, filled with nulls. Set the tokenizer's template to the one beside this.
torchrun --standalone --nproc_per_node=8 -m verl.trainer.sft_trainer \
  data.train_files=synthesizer_train.parquet \
  data.val_files=synthesizer_validation.parquet \  # only with synthesizer_validation
  data.custom_cls.path=verl_dataset.py data.custom_cls.name=DecodedDataset \
  data.max_length=32768 data.truncation=error data.train_batch_size=64 data.micro_batch_size_per_gpu=1 \
  model.path=Qwen/Qwen3-8B \
  optim.lr=5e-6 optim.weight_decay=0.05 optim.lr_warmup_steps_ratio=0.1 \
  trainer.total_epochs=2 trainer.project_name=gem trainer.experiment_name=synthesizer
