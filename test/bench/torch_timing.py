"""What the PyTorch programs share: their start, the timing of a step and the JSON line that they print."""

import json
import resource
import statistics
import sys
import time
import traceback
from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch import Tensor, nn

from peer_models import adamw, in_mode


def start(threads: int, seed: int) -> None:
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)  # as src/tensor/session.ts does
    torch.manual_seed(seed)


def read_sizes() -> SimpleNamespace:
    """The program's argument; among the sizes are `threads`, `warmUpSteps`, `measuredSteps` and `mode`."""
    sizes = SimpleNamespace(**json.loads(sys.argv[1]))
    start(sizes.threads, seed=1)
    return sizes


def print_measured(measure: Callable[[], dict]) -> None:
    """One JSON line: what was measured, or why this PyTorch cannot do it, such as compile without a C++
    compiler."""
    try:
        result = {**measure(), "peakMegabytes": peak_megabytes(), "version": torch.__version__}
    except Exception as error:
        traceback.print_exc()
        reason = str(error).strip().split("\n\n")[0]
        result = {"failed": f"{type(error).__name__}: {reason}"}
    print(json.dumps(result))
    sys.exit(1 if "failed" in result else 0)


def adam(model: nn.Module) -> Callable[[], None]:
    return adamw(model.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=0).step


def report_step(
    create_loss: Callable[[], nn.Module],
    inputs: tuple[Tensor, ...],
    sizes: SimpleNamespace,
    create_update: Callable[[nn.Module], Callable[[], None]] = adam,
) -> None:
    """Times forward, backward and update of a model whose output for the inputs is its loss."""

    def measure() -> dict:
        model = create_loss()
        loss_of, update = in_mode(sizes.mode, model), create_update(model)
        times = []
        for _ in range(sizes.warmUpSteps + sizes.measuredSteps):
            began = time.perf_counter()
            model.zero_grad()
            loss_of(*inputs).backward()
            update()
            times.append(time.perf_counter() - began)
        return {"milliseconds": round(1000 * statistics.median(times[sizes.warmUpSteps :]), 2)}

    print_measured(measure)


def peak_megabytes() -> int:
    """Most memory that was resident at once, so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024**2 if sys.platform == "darwin" else 1024))
