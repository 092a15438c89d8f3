"""One training step of GRU4Rec in PyTorch: python gru4rec_step.py SIZES_AS_JSON

The state is as wide as the item table. Every position is real.
Legend: B batch, L length, d width, V items.
"""

import torch

from peer_models import Gru4Rec, NextItemLoss
from torch_timing import read_sizes, report_step

sizes = read_sizes()
B, L, d, V = sizes.batchSize, sizes.length, sizes.width, sizes.items


def create_loss() -> NextItemLoss:
    return NextItemLoss(Gru4Rec(V, d, d, sizes.dropout), sizes.loss)


report_step(create_loss, (torch.randint(V, (B, L)), torch.randint(V, (B * L,))), sizes)
