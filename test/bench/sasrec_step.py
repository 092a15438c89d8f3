"""One training step of SASRec in PyTorch: python sasrec_step.py SIZES_AS_JSON

Every position is real and the feed-forward layer is as wide as the model.
Legend: B batch, L length, V items.
"""

import torch

from peer_models import NextItemLoss, SasRec
from torch_timing import read_sizes, report_step

sizes = read_sizes()
B, L, V = sizes.batchSize, sizes.length, sizes.items


def create_loss() -> NextItemLoss:
    model = SasRec(V, L, sizes.width, sizes.dropout, sizes.attention, sizes.blocks, sizes.heads)
    return NextItemLoss(model, sizes.loss)


report_step(create_loss, (torch.randint(V, (B, L)), torch.randint(V, (B * L,))), sizes)
