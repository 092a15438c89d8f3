"""SASRec and GRU4Rec of src/recommenders and their loss in PyTorch, as peer_train.py trains them and the
benchmarks of a step measure them.

`attention` is plain or sdpa, `loss` is logits or chunked, `mode` is eager or compiled: the same numbers in
other times.
Legend: V items, B batch, l positions, at most L, d width, H heads, R positions with a target.
"""

import math
from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def xavier_linear(inputs: int, outputs: int) -> nn.Linear:
    linear = nn.Linear(inputs, outputs)
    nn.init.xavier_normal_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear


class Block(nn.Module):
    """y = x + Dropout(Attention(LayerNorm(x))), then y + Dropout(FeedForward(LayerNorm(y)))."""

    def __init__(self, d: int, heads: int, feed_forward: int, rate: float, attention: str) -> None:
        super().__init__()
        self.heads, self.rate, self.attention = heads, rate, attention
        self.attention_norm = nn.LayerNorm(d, eps=1e-8)
        self.query, self.key, self.value, self.output = (xavier_linear(d, d) for _ in range(4))
        self.feed_forward_norm = nn.LayerNorm(d, eps=1e-8)
        self.inner, self.outer = xavier_linear(d, feed_forward * d), xavier_linear(feed_forward * d, d)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        a = self.attention_norm(x)
        q, k, v = (
            head(a).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for head in (self.query, self.key, self.value)
        )
        mixed = self.attend(q, k, v, mask).transpose(1, 2).flatten(2)
        y = x + self.dropout(self.output(mixed))
        hidden = self.dropout(F.relu(self.inner(self.feed_forward_norm(y))))
        return y + self.dropout(self.outer(hidden))

    def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
        if self.attention == "sdpa":
            rate = self.rate if self.training else 0.0
            return F.scaled_dot_product_attention(q, k, v, is_causal=True, dropout_p=rate)
        weights = torch.softmax(q / math.sqrt(q.shape[-1]) @ k.transpose(-1, -2) + mask, -1)
        return self.dropout(weights) @ v

    def dropout(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.rate, self.training)


class SasRec(nn.Module):
    """items [B, l] -> hidden states [B, l, d]."""

    def __init__(
        self,
        item_count: int,
        length: int,
        d: int,
        rate: float,
        attention: str,
        blocks: int = 2,
        heads: int = 1,
        feed_forward: int = 1,
    ) -> None:
        super().__init__()
        self.items = nn.Parameter(torch.randn(item_count, d) * 0.02)
        self.positions = nn.Parameter(torch.randn(length, d) * 0.02)
        self.dropout = nn.Dropout(rate)
        self.blocks = nn.ModuleList(Block(d, heads, feed_forward, rate, attention) for _ in range(blocks))
        self.norm = nn.LayerNorm(d, eps=1e-8)
        self.register_buffer("mask", torch.triu(torch.full((length, length), -1e9), 1), persistent=False)

    def forward(self, items: Tensor) -> Tensor:
        l = items.shape[1]
        x = self.dropout(F.embedding(items, self.items) * math.sqrt(self.items.shape[1]) + self.positions[:l])
        for block in self.blocks:
            x = block(x, self.mask[:l, :l])
        return self.norm(x)


class Gru4Rec(nn.Module):
    """items [B, l] -> hidden states [B, l, d].

    torch.nn.GRU has the formula of src/network/gru.ts and two redundant biases beside it. A state as wide as
    the item table needs no output layer.
    """

    def __init__(self, item_count: int, d: int, hidden: int, rate: float) -> None:
        super().__init__()
        self.items = nn.Parameter(torch.randn(item_count, d) * 0.02)
        self.dropout = nn.Dropout(rate)
        self.gru = nn.GRU(d, hidden, batch_first=True)
        for weight in (self.gru.weight_ih_l0, self.gru.weight_hh_l0):
            for gate in weight.chunk(3):
                nn.init.xavier_normal_(gate)
        for bias in (self.gru.bias_ih_l0, self.gru.bias_hh_l0):
            nn.init.zeros_(bias)
        self.output = nn.Identity() if hidden == d else xavier_linear(hidden, d)

    def forward(self, items: Tensor) -> Tensor:
        states, _ = self.gru(self.dropout(F.embedding(items, self.items)))
        return self.output(states)


class NextItemLoss(nn.Module):
    """Mean cross-entropy in the whole catalogue of the targets [R] at the positions `real` [R] of [B * l];
    all without."""

    def __init__(self, model: nn.Module, loss: str) -> None:
        super().__init__()
        self.model, self.loss = model, loss

    def forward(self, items: Tensor, targets: Tensor, real: Tensor | None = None) -> Tensor:
        hidden = self.model(items).flatten(0, 1)
        if real is not None:
            hidden = hidden[real]
        if self.loss == "chunked":  # never holds all logits [R, V] at once; older PyTorch lacks it
            options = nn.LinearCrossEntropyOptions()
            return F.linear_cross_entropy(hidden, self.model.items, targets, options=options)
        return F.cross_entropy(hidden @ self.model.items.T, targets)


def in_mode(mode: str, function: Callable) -> Callable:
    return torch.compile(function) if mode == "compiled" else function


def adamw(parameters: Iterable[nn.Parameter], **settings: object) -> torch.optim.Optimizer:
    """In one kernel where this PyTorch has it for the CPU, from 2.4 on."""
    parameters = list(parameters)
    try:
        return torch.optim.AdamW(parameters, fused=True, **settings)
    except RuntimeError:
        return torch.optim.AdamW(parameters, **settings)
