# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "accelerate~=1.15",
#   "datasets~=5.2",
#   "peft~=0.21",
#   "safetensors~=0.8",
#   "torch~=2.15",
#   "transformers~=5.23",
#   "trl~=1.16",
# ]
# ///
r"""User-level SFT of any causal language model on what `tslrec export-sft` writes, with TRL and PEFT.

What src/language-model/user-level-sft.ts does, for models and machines that are too large for it:
  --form head   a linear layer from the mean-pooled last hidden state to the K categories, soft-label
                cross-entropy. TRL has no such loss, so it is transformers' Trainer. Leaves what saveAdapter
                in src/language-model/model-folder.ts writes: a PEFT adapter and head.safetensors.
  --form chat   the distribution as the words of an answer, TRL's SFTTrainer with the loss on the answer
                alone. Leaves a PEFT adapter and the tokenizer with the chat template that it was tuned with.
Either way LoRA stands on all linear layers, and training ends after PATIENCE epochs without a lower held-out
loss.

  uv run jobs/finetune_trl.py --form head --model MODEL --samples FOLDER --output ADAPTER
  accelerate launch --use_deepspeed --deepspeed_config_file jobs/deepspeed-zero2.json --num_processes 8 \
      jobs/finetune_trl.py --form head --bf16 --model MODEL --samples FOLDER --output ADAPTER

DeepSpeed is not among the dependencies above: install it beside them for the second command.

Legend: B prompts, L tokens, H hidden size, K categories.
"""

import argparse
import json
import math
import pathlib
import random
import re
import shutil
import time
from typing import NamedTuple

import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import (
    AutoModelForCausalLM, AutoTokenizer, Trainer, TrainerCallback, TrainingArguments, set_seed,
)
from trl import SFTConfig, SFTTrainer

HELD_OUT_SHARE = 0.05
PATIENCE = 2
# In tokens; of an answer 13 for each category, of which tslrec makes at most 64, and words around them.
LONGEST_CHAT = 1024
LONGEST_ANSWER = 896
# Of the held-out users, how many are asked for an answer in the end: generating is slow.
MOST_ANSWERS = 256
# What an answer leaves out rounds to nothing at its three digits: it is taken for half of the last digit.
LEFT_OUT_SHARE = 0.0005
# For models without a chat template, the one of src/language-model/local/chat-template.ts: a message a line.
PLAIN_TEMPLATE = (
    "{% for message in messages %}{% if not loop.first %}{{ '\\n' }}{% endif %}{{ message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
)


def main():
    options = read_options()
    samples = read_samples(options.samples, options.seed)
    set_seed(options.seed)  # before the adapter is drawn
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    dtype = torch.bfloat16 if options.bf16 else torch.float32
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=dtype)
    lora = LoraConfig(
        r=options.rank, lora_alpha=options.alpha, lora_dropout=options.dropout, target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    {"head": tune_head, "chat": tune_chat}[options.form](options, model, tokenizer, lora, samples)


def read_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    option = parser.add_argument
    option("--form", choices=["head", "chat"], required=True)
    option("--model", required=True, help="a folder, or a name on the Hub")
    option("--samples", type=pathlib.Path, required=True, help="the folder that tslrec export-sft wrote")
    option("--output", type=pathlib.Path, required=True, help="the folder of the adapter")
    option("--rank", type=int, default=16)
    option("--alpha", type=float, default=32)
    option("--dropout", type=float, default=0.05)
    option("--epochs", type=int, default=10)
    option("--batch-size", type=int, default=16, help="of one process and one step")
    option("--accumulation", type=int, default=1, help="steps an update")
    option("--learning-rate", type=float, default=2e-4)
    option("--max-length", type=int, help=f"--form chat: of a chat in tokens, {LONGEST_CHAT}")
    option("--bf16", action="store_true")
    option(
        "--checkpointing", action="store_true", help="less memory for activations, which are computed twice"
    )
    option("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.form == "head" and options.max_length:
        parser.error(
            "--max-length is for --form chat; a prompt for a head is as long as tslrec reads it, which "
            "sft.json tells"
        )
    return options


# What is learnt from ----------------------------------------------------------------------------------------


class Samples(NamedTuple):
    manifest: dict
    # By user; learnt and held_out are users.
    prompts: list[str]
    targets: list[list[float]]
    chats: list[list[dict]]
    learnt: list[int]
    held_out: list[int]


def read_samples(folder, seed):
    def lines(name):
        with open(folder / name, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    try:
        manifest = json.loads((folder / "sft.json").read_text(encoding="utf-8"))
        samples, chats = lines("samples.jsonl"), lines("chat.jsonl")
    except OSError as error:
        name = pathlib.Path(error.filename).name
        raise SystemExit(
            f"--samples: got {folder} without {name}; give one that `tslrec export-sft` wrote."
        ) from None
    if not manifest["samples"] == len(samples) == len(chats) >= 2:
        raise SystemExit(
            f"--samples: got {len(samples)} samples and {len(chats)} chats in {folder}, expected "
            f"{manifest['samples']} of each and at least 2; export them again, from data with more users."
        )
    order = list(range(len(samples)))
    random.Random(f"{seed}/held-out").shuffle(order)
    held_out = min(len(order) // 2, max(1, round(HELD_OUT_SHARE * len(order))))
    return Samples(
        manifest, [sample["prompt"] for sample in samples], [sample["target"] for sample in samples],
        [chat["messages"] for chat in chats], order[held_out:], order[:held_out],
    )


def mean_target(samples):
    targets = [samples.targets[user] for user in samples.learnt]
    return [sum(shares) / len(targets) for shares in zip(*targets)]


def cross_entropy(target, answer, least):
    """In nats; no share of an answer counts for less than the least."""
    shares = [max(share, least) for share in answer]
    return -sum(p * math.log(q / sum(shares)) for p, q in zip(target, shares) if p > 0)


def mean_answer_loss(samples, users):
    mean = mean_target(samples)
    return sum(cross_entropy(samples.targets[user], mean, 1e-9) for user in users) / len(users)


# How it is learnt, in either form ---------------------------------------------------------------------------


def training_options(options):
    """As user-level-sft.ts: AdamW, 5 % of the steps to warm up, then half a cosine to a tenth."""
    return dict(
        output_dir=str(options.output), num_train_epochs=options.epochs, seed=options.seed,
        bf16=options.bf16, use_cpu=not torch.accelerator.is_available(),
        per_device_train_batch_size=options.batch_size, per_device_eval_batch_size=options.batch_size,
        gradient_accumulation_steps=options.accumulation, gradient_checkpointing=options.checkpointing,
        learning_rate=options.learning_rate, lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": 0.1}, warmup_steps=0.05, weight_decay=0.01, max_grad_norm=1.0,
        train_sampling_strategy="group_by_length", eval_strategy="epoch", prediction_loss_only=True,
        save_strategy="no", report_to="none", logging_steps=10, include_num_input_tokens_seen="non_padding",
    )


def learn(trainer):
    """Leaves the trainer's model as it was at its lowest held-out loss, which is returned."""
    best = KeepBest(trainer.model)
    trainer.add_callback(best)
    trainer.train()
    best.restore()
    if trainer.is_world_process_zero():
        speed = trainer.state.num_input_tokens_seen / best.seconds
        print(f"{trainer.state.epoch:.0f} epochs, best {best.epoch:.0f}; {speed:.0f} tokens per second.")
    return best.loss


class KeepBest(TrainerCallback):
    """Keeps in memory what was learnt, which is small, at the lowest held-out loss; stops when that no longer
    falls."""

    def __init__(self, model):
        self.learning = {name: value for name, value in model.named_parameters() if value.requires_grad}
        self.loss, self.epoch, self.without_better, self.seconds = math.inf, 0, 0, 0.0
        self.best = None

    def on_epoch_begin(self, *_, **__):
        self.began = time.perf_counter()

    def on_epoch_end(self, *_, **__):
        self.seconds += time.perf_counter() - self.began

    def on_evaluate(self, _, state, control, metrics, **__):
        if metrics["eval_loss"] < self.loss:
            self.loss, self.epoch, self.without_better = metrics["eval_loss"], state.epoch, 0
            self.best = {name: value.detach().to("cpu", copy=True) for name, value in self.learning.items()}
        else:
            self.without_better += 1
            control.should_training_stop = self.without_better >= PATIENCE

    @torch.no_grad()
    def restore(self):
        if self.best is None:
            raise SystemExit("The held-out loss never was a number: give a lower --learning-rate.")
        for name, value in self.learning.items():
            value.copy_(self.best[name])


# The head ---------------------------------------------------------------------------------------------------


def tune_head(options, model, tokenizer, lora, samples):
    # An overlong prompt loses its beginning, the oldest part; cut here: a tokenizer would keep its first
    # special token.
    longest = samples.manifest["head"]["longestPrompt"]
    tokens = [ids[-longest:] for ids in tokenizer(samples.prompts)["input_ids"]]
    rows = [{"input_ids": ids, "labels": target} for ids, target in zip(tokens, samples.targets)]
    trainer = Trainer(
        model=CategoryModel(get_peft_model(model, lora), samples.manifest["categoryCount"]),
        args=TrainingArguments(
            **training_options(options), remove_unused_columns=False, label_names=["labels"]
        ),
        data_collator=padded,
        train_dataset=[rows[user] for user in samples.learnt],
        eval_dataset=[rows[user] for user in samples.held_out],
    )
    loss = learn(trainer)
    if not trainer.is_world_process_zero():
        return
    trainer.model.save(options.output)
    keep_what_it_learnt_from(options)
    print(
        f"{options.output}: loss {loss:.4f} on {len(samples.held_out)} held-out users, that of always "
        f"answering the mean distribution {mean_answer_loss(samples, samples.held_out):.4f}; nats a user."
    )


def keep_what_it_learnt_from(options):
    """Says whose categories these are: `tslrec refresh --adapter` takes no other's."""
    shutil.copy(options.samples / "sft.json", options.output)


def padded(rows):
    """Padding stands behind the tokens, where causality keeps it from being seen; any token will do."""
    ids = [torch.tensor(row["input_ids"]) for row in rows]
    pad = torch.nn.utils.rnn.pad_sequence
    return {
        "input_ids": pad(ids, batch_first=True),
        "attention_mask": pad([torch.ones_like(one) for one in ids], batch_first=True),
        "labels": torch.tensor([row["labels"] for row in rows], dtype=torch.float32),  # JSON writes 1.0 as 1
    }


class CategoryModel(torch.nn.Module):
    """As src/language-model/tuned-model.ts: scores = head(mean over a prompt's tokens of the last hidden
    states)."""

    def __init__(self, adapted, K):
        super().__init__()
        self.adapted = adapted
        self.score = torch.nn.Linear(adapted.config.get_text_config().hidden_size, K, bias=False)
        torch.nn.init.zeros_(self.score.weight)

    def forward(self, input_ids, attention_mask, labels):
        decoder = self.adapted.get_base_model().base_model  # which ends in the final norm
        read = decoder(input_ids=input_ids, attention_mask=attention_mask, use_cache=False)
        hidden = read.last_hidden_state
        real = attention_mask.unsqueeze(-1)
        pooled = (hidden.float() * real).sum(1) / real.sum(1)  # [B, H]
        with torch.autocast(hidden.device.type, enabled=False):
            scores = torch.nn.functional.linear(pooled, self.score.weight.float())  # [B, K]
        return {"loss": torch.nn.functional.cross_entropy(scores, labels), "logits": scores}

    def gradient_checkpointing_enable(self, **options):
        self.adapted.gradient_checkpointing_enable(**options)

    def save(self, folder):
        self.adapted.save_pretrained(folder, save_embedding_layers=False)
        head = self.score.weight.detach().float().cpu().contiguous()
        save_file({"score.weight": head}, folder / "head.safetensors", metadata={"pooling": "mean"})


# The answer in words ----------------------------------------------------------------------------------------


def plain_template(tokenizer):
    # Where the tokenizer begins a text with a special token, tslrec begins such a chat with it too.
    begins = tokenizer("")["input_ids"][:1] == [tokenizer.bos_token_id]
    return "{{ bos_token }}" + PLAIN_TEMPLATE if begins else PLAIN_TEMPLATE


def tune_chat(options, model, tokenizer, lora, samples):
    tokenizer.chat_template = tokenizer.chat_template or plain_template(tokenizer)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    chats = [fit(chat, tokenizer, options.max_length or LONGEST_CHAT) for chat in samples.chats]
    rows = [{"prompt": chat[:-1], "completion": chat[-1:]} for chat in chats]
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(**training_options(options), completion_only_loss=True, max_length=None),
        peft_config=lora,
        processing_class=tokenizer,
        train_dataset=Dataset.from_list([rows[user] for user in samples.learnt]),
        eval_dataset=Dataset.from_list([rows[user] for user in samples.held_out]),
    )
    loss = learn(trainer)
    if not trainer.is_world_process_zero():
        return
    trainer.model.save_pretrained(options.output, save_embedding_layers=False)
    tokenizer.save_pretrained(options.output)
    keep_what_it_learnt_from(options)
    print(
        f"{options.output}: loss {loss:.4f} on {len(samples.held_out)} held-out users; nats a token of "
        "an answer."
    )
    asked = samples.held_out[:MOST_ANSWERS]
    questions = [rows[user]["prompt"] for user in asked]
    answers = generate_answers(trainer.model, tokenizer, questions, options.batch_size)
    malformed, loss = answers_loss(answers, asked, samples)
    print(
        f"Of {len(asked)} answers {malformed} are malformed and taken for the mean distribution; loss "
        f"{loss:.4f}, that of always answering the mean distribution {mean_answer_loss(samples, asked):.4f}; "
        "nats a user."
    )


def fit(chat, tokenizer, longest):
    """An overlong question loses its beginning, the oldest part; what the template puts around it stays."""
    *before, question, answer = chat

    def length():
        return len(tokenizer.apply_chat_template([*before, question, answer])["input_ids"])

    while (excess := length() - longest) > 0:
        tokens = tokenizer(question["content"], add_special_tokens=False)["input_ids"]
        if excess >= len(tokens):
            raise SystemExit(
                f"--max-length: got {longest}, which leaves no room for a question; give a larger one."
            )
        question = {**question, "content": tokenizer.decode(tokens[excess:])}
    return [*before, question, answer]


@torch.no_grad()
def generate_answers(model, tokenizer, questions, B):
    model.eval()
    tokenizer.padding_side = "left"
    answers = []
    for begin in range(0, len(questions), B):
        inputs = tokenizer.apply_chat_template(
            questions[begin : begin + B], add_generation_prompt=True, padding=True, return_tensors="pt"
        ).to(model.device)
        said = model.generate(
            **inputs, max_new_tokens=LONGEST_ANSWER, do_sample=False, use_cache=True,
            pad_token_id=tokenizer.pad_token_id, stop_strings=["}"], tokenizer=tokenizer,
        )
        answers += tokenizer.batch_decode(said[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    return answers


def answers_loss(answers, users, samples):
    """How many are malformed, and the mean cross-entropy of all."""
    mean = mean_target(samples)
    read = [parse_answer(answer, len(mean)) for answer in answers]
    losses = [
        cross_entropy(samples.targets[user], distribution or mean, LEFT_OUT_SHARE)
        for user, distribution in zip(users, read)
    ]
    return read.count(None), sum(losses) / len(losses)


def parse_answer(answer, K):
    """parseAnswer of src/instructions/distribution-answer.ts; None for a malformed answer."""
    json_object = re.search(r'\{\s*(?:"[^{}]*)?\}', answer)
    try:
        shares = json.loads(json_object[0]) if json_object else {}
    except ValueError:
        return None
    distribution = [shares.pop(str(category), 0) for category in range(K)]
    if shares or not all(type(share) in (int, float) and share >= 0 for share in distribution):
        return None
    total = sum(distribution)
    return [share / total for share in distribution] if abs(total - 1) <= 0.1 else None


if __name__ == "__main__":
    main()
