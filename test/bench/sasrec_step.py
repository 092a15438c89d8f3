"""One training step of the SASRec of src/recommenders/sasrec.ts in PyTorch: python sasrec_step.py SIZES_AS_JSON

Every position is real and the feed-forward layer is as wide as the model.
Legend: B batch, L length, d width, H heads, V items.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torch_timing import read_sizes, report_step

sizes = read_sizes()
B, L, d, H, V = sizes.batchSize, sizes.length, sizes.width, sizes.heads, sizes.items
rate = sizes.dropout


class Block(nn.Module):
    """y = x + Dropout(Attention(LayerNorm(x))), then y + Dropout(FeedForward(LayerNorm(y)))."""

    def __init__(self) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(d, eps=1e-8)
        self.query, self.key, self.value, self.output = (nn.Linear(d, d) for _ in range(4))
        self.feed_forward_norm = nn.LayerNorm(d, eps=1e-8)
        self.inner, self.outer = nn.Linear(d, d), nn.Linear(d, d)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        a = self.attention_norm(x)
        q, k, v = (head(a).view(B, L, H, d // H).transpose(1, 2) for head in (self.query, self.key, self.value))
        weights = F.dropout(torch.softmax(q / math.sqrt(d // H) @ k.transpose(-1, -2) + mask, -1), rate)
        y = x + F.dropout(self.output((weights @ v).transpose(1, 2).reshape(B, L, d)), rate)
        hidden = F.dropout(F.relu(self.inner(self.feed_forward_norm(y))), rate)
        return y + F.dropout(self.outer(hidden), rate)


class SasRec(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.items = nn.Parameter(torch.randn(V, d) * 0.02)
        self.positions = nn.Parameter(torch.randn(L, d) * 0.02)
        self.blocks = nn.ModuleList(Block() for _ in range(sizes.blocks))
        self.norm = nn.LayerNorm(d, eps=1e-8)
        self.register_buffer("mask", torch.triu(torch.full((L, L), -1e9), 1))

    def forward(self, sequences: Tensor, targets: Tensor) -> Tensor:
        x = F.dropout(F.embedding(sequences, self.items) * math.sqrt(d) + self.positions, rate)
        for block in self.blocks:
            x = block(x, self.mask)
        return F.cross_entropy(self.norm(x).view(-1, d) @ self.items.T, targets)


report_step(SasRec, (torch.randint(V, (B, L)), torch.randint(V, (B * L,))), sizes)
