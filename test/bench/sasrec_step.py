# One training step of the SASRec of src/recommenders/sasrec.ts in PyTorch: python sasrec_step.py SIZES_AS_JSON
# Eager and torch.compile, the faster one counts; prints one JSON line.
# Legend: B batch, L length, d width, H heads, V items.
import json
import math
import resource
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

sizes = json.loads(sys.argv[1])
B, L, d, H, V = (sizes[name] for name in ("batchSize", "length", "width", "heads", "items"))
rate = sizes["dropout"]
torch.set_num_threads(sizes["threads"])
torch.manual_seed(1)


class Block(nn.Module):
    """y = x + Dropout(Attention(LayerNorm(x))), then y + Dropout(FeedForward(LayerNorm(y)))."""

    def __init__(self):
        super().__init__()
        self.attention_norm = nn.LayerNorm(d, eps=1e-8)
        self.query, self.key, self.value, self.output = (nn.Linear(d, d) for _ in range(4))
        self.feed_forward_norm = nn.LayerNorm(d, eps=1e-8)
        self.inner, self.outer = nn.Linear(d, d), nn.Linear(d, d)

    def forward(self, x, mask):
        a = self.attention_norm(x)
        q, k, v = (head(a).view(B, L, H, d // H).transpose(1, 2) for head in (self.query, self.key, self.value))
        weights = F.dropout(torch.softmax(q / math.sqrt(d // H) @ k.transpose(-1, -2) + mask, -1), rate)
        y = x + F.dropout(self.output((weights @ v).transpose(1, 2).reshape(B, L, d)), rate)
        hidden = F.dropout(F.relu(self.inner(self.feed_forward_norm(y))), rate)
        return y + F.dropout(self.outer(hidden), rate)


class SasRec(nn.Module):
    def __init__(self):
        super().__init__()
        self.items = nn.Parameter(torch.randn(V, d) * 0.02)
        self.positions = nn.Parameter(torch.randn(L, d) * 0.02)
        self.blocks = nn.ModuleList(Block() for _ in range(sizes["blocks"]))
        self.norm = nn.LayerNorm(d, eps=1e-8)
        self.register_buffer("mask", torch.triu(torch.full((L, L), -1e9), 1))

    def forward(self, sequences, targets):
        x = F.dropout(F.embedding(sequences, self.items) * math.sqrt(d) + self.positions, rate)
        for block in self.blocks:
            x = block(x, self.mask)
        return F.cross_entropy(self.norm(x).view(-1, d) @ self.items.T, targets)


def median_step(compiled):
    model = SasRec()
    loss_of = torch.compile(model) if compiled else model
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.98))
    sequences, targets = torch.randint(V, (B, L)), torch.randint(V, (B * L,))
    times = []
    for _ in range(sizes["warmUpSteps"] + sizes["measuredSteps"]):
        began = time.perf_counter()
        optimizer.zero_grad()
        loss_of(sequences, targets).backward()
        optimizer.step()
        times.append(time.perf_counter() - began)
    return round(1000 * statistics.median(times[sizes["warmUpSteps"] :]))


times = {"eager": median_step(compiled=False)}
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    times["compiled"] = median_step(compiled=True)
except Exception as error:  # no C++ compiler, or a platform that torch.compile does not know
    reason = next(iter(str(error).strip().splitlines()), "")
    print(f"NOT MEASURED: torch.compile. {type(error).__name__}: {reason}", file=sys.stderr)
mode = min(times, key=times.get)
if mode == "compiled":
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
megabytes = round(peak / (1024**2 if sys.platform == "darwin" else 1024))
print(json.dumps({"milliseconds": times[mode], "peakMegabytes": megabytes, "version": torch.__version__, "mode": mode}))
