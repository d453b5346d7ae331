#!/bin/sh
# ms-swift 4.6, run in this folder. Learning rate, schedule, epochs, rows per step and length: table 3 of
# arXiv 2601.10355. Calls stand in the assistant's text already; the agent template writes tools and results.
NPROC_PER_NODE=8 swift sft \
  --model Qwen/Qwen3-8B --template qwen3_nothinking --agent_template hermes \
  --dataset policy_train.jsonl \
  --val_dataset policy_validation.jsonl \  # only with policy_validation
  --tuner_type full --torch_dtype bfloat16 --deepspeed zero3 \
  --max_length 32768 --truncation_strategy delete \
  --learning_rate 5e-6 --lr_scheduler_type cosine --warmup_ratio 0.1 --weight_decay 0.05 \
  --num_train_epochs 2 --per_device_train_batch_size 1 --gradient_accumulation_steps 8 \
  --output_dir runs/policy
