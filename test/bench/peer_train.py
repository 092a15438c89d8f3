"""Trains the SASRec or the GRU4Rec of src/recommenders in PyTorch, on the same split of the same data; ranks.

    python peer_train.py --data DIR --model sasrec|gru4rec --length L --seed N [--epochs N] [--threads 2]
        [--mode eager|compiled] [--attention plain|sdpa] [--loss logits|chunked] [--grouping none|length]

On the CPU. Progress goes to stderr, one JSON line to stdout. `epochs` counts to the best one, `seconds` is
the training time until then, `epochSeconds` that of every epoch, both without validation; `rankingSeconds` is
the wall time of ranking the test set once.

The definitions are those of src/layouts (interaction-rows.ts), src/interactions (split.ts), src/network
(gru.ts, fit.ts) and src/recommenders (batches.ts, sasrec.ts, gru4rec.ts, models.ts, ranking.ts, metrics.ts).
What differs:
 - a batch is B windows; there is no cap on its real positions, so that none is cut short; all its rows are L
   long, where batches.ts has many shorter ones if few windows are long, as on sparse data and not on ml-1m;
 - initial values, batches and dropout masks come from PyTorch's random numbers;
 - training times include gathering the batches, as those of fit.ts do, where only the packing of an epoch
   comes before the clock;
 - ranking computes all L positions of every history, in the order of the users; --grouping length takes
   histories of about the same length together and pads them to a quarter, a half, three quarters or all of L,
   as ranking.ts does. Ours computes the last block for the last position alone, this one for all.
Legend: N items, W windows, B batch, L length, R real positions, n users who are asked.
"""

import argparse
import csv
import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from peer_models import Gru4Rec, NextItemLoss, SasRec, adamw, in_mode
from torch_timing import print_measured, start

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
QUERIES_AT_ONCE = 64
LENGTHS = 4


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


def create_sasrec(item_count: int, options: argparse.Namespace, rate: float) -> SasRec:
    return SasRec(
        item_count, options.length, WIDTH, rate, options.attention, BLOCKS, feed_forward=FEED_FORWARD
    )


def create_gru4rec(item_count: int, options: argparse.Namespace, rate: float) -> Gru4Rec:
    model = Gru4Rec(item_count, WIDTH, GRU_HIDDEN, rate)
    # Of the biases on the state's side only the candidate's is free; without a gradient Adam leaves a 0
    # alone.
    is_candidate = torch.arange(3 * GRU_HIDDEN) >= 2 * GRU_HIDDEN
    model.gru.bias_hh_l0.register_hook(lambda gradient: gradient * is_candidate)
    return model


MODELS = {"sasrec": create_sasrec, "gru4rec": create_gru4rec}


# Ranking


class Ranker:
    """Ranks what comes next in the whole catalogue. Items that are not repeatable [N] are left out where they
    were met."""

    def __init__(self, model: nn.Module, repeatable: Tensor, options: argparse.Namespace) -> None:
        self.model, self.repeatable = model, repeatable
        self.length, self.by_length = options.length, options.grouping == "length"
        self.score = in_mode(options.mode, self.scores)

    def scores(self, inputs: Tensor, last: Tensor) -> Tensor:
        rows = torch.arange(len(inputs))
        return self.model(inputs)[rows, last] @ self.model.items.T

    @torch.no_grad()
    def rank(self, asked: NextItems) -> Tensor:
        """Each target's rank from 0 [n]; N where the target was left out."""
        self.model.eval()
        item_count = len(self.repeatable)
        indices = torch.arange(item_count)
        lengths = torch.tensor([len(history) for history in asked.histories])
        order = lengths.argsort(stable=True) if self.by_length else torch.arange(len(lengths))
        ranks = torch.empty(len(lengths), dtype=torch.long)
        for rows in order.split(QUERIES_AT_ONCE):
            histories = [asked.histories[row] for row in rows]
            targets = asked.targets[rows, None]
            inputs = torch.zeros(len(rows), self.padded(lengths[rows].max().item()), dtype=torch.long)
            shown = pad_sequence([history[-self.length :] for history in histories], batch_first=True)
            inputs[:, : shown.shape[1]] = shown
            scores = self.score(inputs, lengths[rows].clamp(max=self.length) - 1)

            met = torch.cat(histories)
            is_left_out = ~self.repeatable[met]
            of_batch = torch.arange(len(rows)).repeat_interleave(lengths[rows])
            scores[of_batch[is_left_out], met[is_left_out]] = -math.inf

            score = scores.gather(1, targets)
            if score.isnan().any():
                raise ArithmeticError("a score is not a number: the training diverged")
            before = (scores > score).sum(1) + ((scores == score) & (indices < targets)).sum(1)
            ranks[rows] = before.where(score[:, 0] > -math.inf, item_count)
        return ranks

    def padded(self, longest: int) -> int:
        if not self.by_length:
            return self.length
        quarter = math.ceil(self.length / LENGTHS)
        return min(self.length, math.ceil(longest / quarter) * quarter)


def metrics(ranks: Tensor) -> dict[str, float]:
    hit = ranks < CUT_OFF
    gains = {"ndcg": 1 / torch.log2(ranks.double() + 2), "hr": hit.double(), "mrr": 1 / (ranks.double() + 1)}
    return {f"{name}@{CUT_OFF}": (gain * hit).mean().item() for name, gain in gains.items()}


# Training


class Fitted(NamedTuple):
    """The best epoch, from 0, and every epoch's training time without its validation."""

    best_epoch: int
    seconds: list[float]


def train_epoch(
    loss_of: Callable[..., Tensor], optimizer: torch.optim.Optimizer, windows: Windows, batch_size: int
) -> float:
    """Gives the mean loss of its steps."""
    losses = []
    for batch in torch.randperm(len(windows.inputs)).split(batch_size):
        targets = windows.targets[batch].flatten()
        real = (targets >= 0).nonzero()[:, 0]
        optimizer.zero_grad()
        loss = loss_of(windows.inputs[batch], targets[real], real)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


def fit(
    model: nn.Module, windows: Windows, validation: NextItems, ranker: Ranker, options: argparse.Namespace
) -> Fitted:
    """Leaves the best epoch's values in the model."""
    batch_size = batch_size_for(windows)
    epochs = options.epochs
    if epochs is None:
        epochs = math.ceil(STEPS / (len(windows.inputs) / batch_size))
    loss_of = in_mode(options.mode, NextItemLoss(model, options.loss))
    optimizer = adamw(model.parameters(), lr=LEARNING_RATE, betas=BETAS, eps=1e-8, weight_decay=0)
    best_epoch, best_metric, best_values = -1, -math.inf, model.state_dict()
    seconds: list[float] = []
    for epoch in range(epochs):
        if epoch - max(best_epoch, 0) > PATIENCE:
            break
        model.train()
        began = time.perf_counter()
        loss = train_epoch(loss_of, optimizer, windows, batch_size)
        seconds.append(time.perf_counter() - began)
        metric = metrics(ranker.rank(validation))["ndcg@10"]
        if metric > best_metric:
            best_epoch, best_metric = epoch, metric
            best_values = {name: value.clone() for name, value in model.state_dict().items()}
        print(
            f"epoch {epoch + 1}: {seconds[-1]:.2f} s, loss {loss:.3f}, validation {metric:.4f}",
            file=sys.stderr,
        )
    model.load_state_dict(best_values)
    return Fitted(best_epoch, seconds)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    option = parser.add_argument
    option("--data", type=Path, required=True, help="folder with items.jsonl and interactions.csv")
    option("--model", choices=MODELS, required=True)
    option("--length", type=int, required=True, help="L: how many of the last items the model sees")
    option("--seed", type=int, required=True)
    option("--epochs", type=int, help=f"at most, 0 for none; by default as many as make {STEPS} steps")
    option("--threads", type=int, default=2)
    option("--mode", choices=["eager", "compiled"], default="eager")
    option("--attention", choices=["plain", "sdpa"], default="sdpa", help="of SASRec")
    option("--loss", choices=["logits", "chunked"], default="logits")
    option("--grouping", choices=["none", "length"], default="none", help="of histories when ranking")
    return parser.parse_args()


def train_and_rank(options: argparse.Namespace) -> dict:
    item_count, sequences = read_sequences(options.data)
    train, validation, test = leave_one_out(sequences)
    is_dense = sum(map(len, train)) / len(train) >= 50
    model = MODELS[options.model](item_count, options, rate=0.2 if is_dense else 0.5)
    ranker = Ranker(model, repeatable_items(train, item_count), options)
    fitted = fit(model, next_item_windows(train, options.length), validation, ranker, options)

    validated = metrics(ranker.rank(validation))
    began = time.perf_counter()
    test_ranks = ranker.rank(test)
    ranking_seconds = time.perf_counter() - began
    return {
        "model": options.model,
        "dataset": options.data.resolve().name,
        "seed": options.seed,
        "length": options.length,
        "epochs": fitted.best_epoch + 1,
        "epochSeconds": [round(seconds, 4) for seconds in fitted.seconds],
        "seconds": round(sum(fitted.seconds[: fitted.best_epoch + 1]), 3),
        "validation": {name: validated[name] for name in ("ndcg@10", "hr@10")},
        "test": metrics(test_ranks),
        "users": len(test_ranks),
        "rankingSeconds": round(ranking_seconds, 4),
    }


def main() -> None:
    options = read_options()
    start(options.threads, options.seed)
    print_measured(lambda: train_and_rank(options))


if __name__ == "__main__":
    main()
