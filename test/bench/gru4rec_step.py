"""One training step of the GRU4Rec of src/recommenders/gru4rec.ts in PyTorch: python gru4rec_step.py SIZES_AS_JSON

The state is as wide as the item table, so that there is no output layer. torch.nn.GRU has the formula of
src/network/gru.ts and two redundant biases beside it. Every position is real.
Legend: B batch, L length, d width, V items.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torch_timing import read_sizes, report_step

sizes = read_sizes()
B, L, d, V = sizes.batchSize, sizes.length, sizes.width, sizes.items


class Gru4Rec(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.items = nn.Parameter(torch.randn(V, d) * 0.02)
        self.gru = nn.GRU(d, d, batch_first=True)

    def forward(self, sequences: Tensor, targets: Tensor) -> Tensor:
        states, _ = self.gru(F.dropout(F.embedding(sequences, self.items), sizes.dropout))
        return F.cross_entropy(states.reshape(-1, d) @ self.items.T, targets)


report_step(Gru4Rec, (torch.randint(V, (B, L)), torch.randint(V, (B * L,))), sizes)
