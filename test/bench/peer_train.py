"""Trains the SASRec or the GRU4Rec of src/recommenders in PyTorch, on the same split of the same data, and ranks.

    python peer_train.py --data DIR --model sasrec|gru4rec --length L --seed N [--epochs N] [--threads 2]

On the CPU and in eager mode: torch.compile made a step of SASRec no faster at these sizes. Progress goes to stderr, one
JSON line to stdout. `epochs` counts to the best one, `seconds` is the training time until then, `secondsPerEpoch` the
mean over all epochs, both without validation; `rankingSeconds` is the wall time of ranking the test set once.

The definitions are those of src/interactions (interaction-rows.ts, split.ts), src/network (gru.ts, fit.ts) and
src/recommenders (batches.ts, sasrec.ts, gru4rec.ts, models.ts, ranking.ts, metrics.ts). What differs:
 - a batch is B windows; there is no cap on its real positions, so that none is cut short;
 - initial values, batches and dropout masks come from PyTorch's random numbers;
 - training times include gathering the batches, as those of fit.ts do, where only the packing of an epoch comes before the clock;
 - ranking computes all L positions of every history, in the order of the users.
Legend: N items, W windows, B batch, L length, R real positions, d width, n users who are asked.
"""

import argparse
import csv
import json
import math
import sys
import time
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

WIDTH = 64
BLOCKS = 2
FEED_FORWARD = 2
GRU_HIDDEN = 128
BATCH_SIZE = 128
POSITIONS_PER_STEP = 3200
LEARNING_RATE = 2e-3
BETAS = (0.9, 0.98)
STEPS = 10_000
PATIENCE = 10
CUT_OFF = 10
QUERIES_AT_ONCE = 256


class NextItems(NamedTuple):
    histories: list[Tensor]
    targets: Tensor


class Split(NamedTuple):
    train: list[Tensor]
    validation: NextItems
    test: NextItems


class Windows(NamedTuple):
    """Padded behind: with 0 and with -1 [W, L]."""

    inputs: Tensor
    targets: Tensor


# Data


def read_sequences(folder: Path) -> tuple[int, list[Tensor]]:
    """The number of items, and each user's items by time; among equal times the file's order holds."""
    with open(folder / "items.jsonl", encoding="utf-8") as lines:
        index_of = {str(json.loads(line)["item_id"]): i for i, line in enumerate(filter(str.strip, lines))}
    rows_of: dict[str, dict[tuple[float, int], None]] = {}  # exact duplicates fall together
    with open(folder / "interactions.csv", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            rows = rows_of.setdefault(row["user_id"], {})
            rows[float(row["timestamp"]), index_of[row["item_id"]]] = None
    by_time = (sorted(rows, key=lambda row: row[0]) for rows in rows_of.values())
    return len(index_of), [torch.tensor([item for _, item in rows]) for rows in by_time]


def leave_one_out(sequences: list[Tensor]) -> Split:
    asked = [sequence for sequence in sequences if len(sequence) >= 3]

    def next_items(from_end: int) -> NextItems:
        targets = torch.stack([sequence[-from_end] for sequence in asked])
        return NextItems([sequence[:-from_end] for sequence in asked], targets)

    train = [sequence[:-2] if len(sequence) >= 3 else sequence for sequence in sequences]
    return Split(train, validation=next_items(2), test=next_items(1))


def repeatable_items(sequences: list[Tensor], item_count: int) -> Tensor:
    """Items that some sequence holds twice [N]."""
    repeatable = torch.zeros(item_count, dtype=torch.bool)
    for sequence in sequences:
        items, counts = sequence.unique(return_counts=True)
        repeatable[items[counts > 1]] = True
    return repeatable


def next_item_windows(sequences: list[Tensor], length: int) -> Windows:
    """Every item but a sequence's last is an input once, cut into windows of L from the end on."""
    cut = [
        sequence[max(0, end - length) : end + 1]
        for sequence in sequences
        for end in range(len(sequence) - 1, 0, -length)
    ]
    padded = pad_sequence(cut, batch_first=True, padding_value=-1)
    padded = F.pad(padded, (0, length + 1 - padded.shape[1]), value=-1)
    # A short window's last target is an input too, which no real position sees.
    return Windows(padded[:, :-1].clamp(min=0), padded[:, 1:].contiguous())


def batch_size_for(windows: Windows) -> int:
    count = len(windows.targets)
    average = (windows.targets >= 0).sum().item() / count
    return max(1, min(BATCH_SIZE, count, math.floor(POSITIONS_PER_STEP / average + 0.5)))


# Models


def xavier_linear(inputs: int, outputs: int) -> nn.Linear:
    linear = nn.Linear(inputs, outputs)
    nn.init.xavier_normal_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear


class Block(nn.Module):
    """y = x + Dropout(Attention(LayerNorm(x))), then y + Dropout(FeedForward(LayerNorm(y))); one head."""

    def __init__(self, d: int, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.attention_norm = nn.LayerNorm(d, eps=1e-8)
        self.query, self.key, self.value, self.output = (xavier_linear(d, d) for _ in range(4))
        self.feed_forward_norm = nn.LayerNorm(d, eps=1e-8)
        self.inner, self.outer = xavier_linear(d, FEED_FORWARD * d), xavier_linear(FEED_FORWARD * d, d)

    def forward(self, x: Tensor) -> Tensor:
        a = self.attention_norm(x)
        q, k, v = (head(a).unsqueeze(1) for head in (self.query, self.key, self.value))
        rate = self.rate if self.training else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, dropout_p=rate).squeeze(1)
        y = x + F.dropout(self.output(mixed), rate)
        hidden = F.dropout(F.relu(self.inner(self.feed_forward_norm(y))), rate)
        return y + F.dropout(self.outer(hidden), rate)


class SasRec(nn.Module):
    def __init__(self, item_count: int, length: int, rate: float, d: int = WIDTH) -> None:
        super().__init__()
        self.items = nn.Parameter(torch.randn(item_count, d) * 0.02)
        self.positions = nn.Parameter(torch.randn(length, d) * 0.02)
        self.dropout = nn.Dropout(rate)
        self.blocks = nn.Sequential(*(Block(d, rate) for _ in range(BLOCKS)))
        self.norm = nn.LayerNorm(d, eps=1e-8)

    def forward(self, items: Tensor) -> Tensor:
        x = F.embedding(items, self.items) * math.sqrt(self.items.shape[1]) + self.positions
        return self.norm(self.blocks(self.dropout(x)))


class Gru4Rec(nn.Module):
    def __init__(self, item_count: int, length: int, rate: float, d: int = WIDTH, hidden: int = GRU_HIDDEN) -> None:
        super().__init__()
        self.items = nn.Parameter(torch.randn(item_count, d) * 0.02)
        self.dropout = nn.Dropout(rate)
        self.gru = nn.GRU(d, hidden, batch_first=True)
        for weight in (self.gru.weight_ih_l0, self.gru.weight_hh_l0):
            for gate in weight.chunk(3):
                nn.init.xavier_normal_(gate)
        for bias in (self.gru.bias_ih_l0, self.gru.bias_hh_l0):
            nn.init.zeros_(bias)
        # Of the biases on the state's side only the candidate's is free; without a gradient Adam leaves a 0 alone.
        is_candidate = torch.arange(3 * hidden) >= 2 * hidden
        self.gru.bias_hh_l0.register_hook(lambda gradient: gradient * is_candidate)
        self.output = xavier_linear(hidden, d)

    def forward(self, items: Tensor) -> Tensor:
        states, _ = self.gru(self.dropout(F.embedding(items, self.items)))
        return self.output(states)


MODELS = {"sasrec": SasRec, "gru4rec": Gru4Rec}


# Ranking


@torch.no_grad()
def rank_in_catalogue(model: nn.Module, asked: NextItems, repeatable: Tensor, length: int) -> Tensor:
    """Each target's rank in the catalogue, from 0 [n]; N where the target was left out."""
    model.eval()
    item_count = len(repeatable)
    indices = torch.arange(item_count)
    ranks = []
    for start in range(0, len(asked.histories), QUERIES_AT_ONCE):
        histories = asked.histories[start : start + QUERIES_AT_ONCE]
        targets = asked.targets[start : start + QUERIES_AT_ONCE, None]
        inputs = torch.zeros(len(histories), length, dtype=torch.long)
        shown = pad_sequence([history[-length:] for history in histories], batch_first=True)
        inputs[:, : shown.shape[1]] = shown
        lengths = torch.tensor([len(history) for history in histories])
        rows = torch.arange(len(histories))
        scores = model(inputs)[rows, lengths.clamp(max=length) - 1] @ model.items.T

        met = torch.cat(histories)
        is_left_out = ~repeatable[met]
        scores[rows.repeat_interleave(lengths)[is_left_out], met[is_left_out]] = -math.inf

        score = scores.gather(1, targets)
        if score.isnan().any():
            raise ArithmeticError("a score is not a number: the training diverged")
        before = (scores > score).sum(1) + ((scores == score) & (indices < targets)).sum(1)
        ranks.append(before.where(score[:, 0] > -math.inf, item_count))
    return torch.cat(ranks)


def metrics(ranks: Tensor) -> dict[str, float]:
    hit = ranks < CUT_OFF
    gains = {"ndcg": 1 / torch.log2(ranks.double() + 2), "hr": hit.double(), "mrr": 1 / (ranks.double() + 1)}
    return {f"{name}@{CUT_OFF}": (gain * hit).mean().item() for name, gain in gains.items()}


# Training


class Fitted(NamedTuple):
    """The best epoch, from 0, and every epoch's training time without its validation."""

    best_epoch: int
    seconds: list[float]


def train_epoch(model: nn.Module, optimizer: torch.optim.Optimizer, windows: Windows, batch_size: int) -> float:
    """Gives the mean loss of its steps."""
    model.train()
    losses = []
    for batch in torch.randperm(len(windows.inputs)).split(batch_size):
        targets = windows.targets[batch]
        is_real = targets >= 0
        optimizer.zero_grad()
        loss = F.cross_entropy(model(windows.inputs[batch])[is_real] @ model.items.T, targets[is_real])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


def fit(
    model: nn.Module, windows: Windows, validation: NextItems, repeatable: Tensor, length: int, epochs: int | None
) -> Fitted:
    """Leaves the best epoch's values in the model."""
    batch_size = batch_size_for(windows)
    if epochs is None:
        epochs = math.ceil(STEPS / (len(windows.inputs) / batch_size))
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, betas=BETAS, eps=1e-8, fused=True)
    best_epoch, best_metric, best_values = -1, -math.inf, model.state_dict()
    seconds: list[float] = []
    for epoch in range(epochs):
        if epoch - max(best_epoch, 0) > PATIENCE:
            break
        began = time.perf_counter()
        loss = train_epoch(model, optimizer, windows, batch_size)
        seconds.append(time.perf_counter() - began)
        metric = metrics(rank_in_catalogue(model, validation, repeatable, length))["ndcg@10"]
        if metric > best_metric:
            best_epoch, best_metric = epoch, metric
            best_values = {name: value.clone() for name, value in model.state_dict().items()}
        print(f"epoch {epoch + 1}: {seconds[-1]:.2f} s, loss {loss:.3f}, validation {metric:.4f}", file=sys.stderr)
    model.load_state_dict(best_values)
    return Fitted(best_epoch, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with items.jsonl and interactions.csv")
    parser.add_argument("--model", choices=MODELS, required=True)
    parser.add_argument("--length", type=int, required=True, help="L: how many of the last items the model sees")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--epochs", type=int, help=f"at most, 0 for none; by default as many as make {STEPS} steps")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)

    item_count, sequences = read_sequences(options.data)
    train, validation, test = leave_one_out(sequences)
    repeatable = repeatable_items(train, item_count)
    is_dense = sum(map(len, train)) / len(train) >= 50
    model = MODELS[options.model](item_count, options.length, rate=0.2 if is_dense else 0.5)
    windows = next_item_windows(train, options.length)
    fitted = fit(model, windows, validation, repeatable, options.length, options.epochs)

    validated = metrics(rank_in_catalogue(model, validation, repeatable, options.length))
    began = time.perf_counter()
    test_ranks = rank_in_catalogue(model, test, repeatable, options.length)
    ranking_seconds = time.perf_counter() - began
    result = {
        "model": options.model,
        "dataset": options.data.resolve().name,
        "seed": options.seed,
        "length": options.length,
        "epochs": fitted.best_epoch + 1,
        "secondsPerEpoch": round(fmean(fitted.seconds), 4) if fitted.seconds else 0,
        "seconds": round(sum(fitted.seconds[: fitted.best_epoch + 1]), 3),
        "validation": {name: validated[name] for name in ("ndcg@10", "hr@10")},
        "test": metrics(test_ranks),
        "rankingSeconds": round(ranking_seconds, 4),
        "version": torch.__version__,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
