"""What the PyTorch programs of one training step share: their argument, the timing and the JSON line that they print.

Eager and torch.compile are both tried, the faster one counts.
"""

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch import Tensor, nn


def read_sizes() -> SimpleNamespace:
    """The program's argument; among the sizes are `threads`, `warmUpSteps` and `measuredSteps`."""
    sizes = SimpleNamespace(**json.loads(sys.argv[1]))
    torch.set_num_threads(sizes.threads)
    torch.manual_seed(1)
    return sizes


def adam(model: nn.Module) -> Callable[[], None]:
    return torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.98)).step


def report_step(
    create_model: Callable[[], nn.Module],
    inputs: tuple[Tensor, ...],
    sizes: SimpleNamespace,
    create_update: Callable[[nn.Module], Callable[[], None]] = adam,
) -> None:
    """Times forward, backward and update of a model whose output for the inputs is its loss; prints one JSON line."""
    times = {"eager": median_step(create_model(), inputs, sizes, create_update, compiled=False)}
    peak = peak_megabytes()
    try:
        times["compiled"] = median_step(create_model(), inputs, sizes, create_update, compiled=True)
    except Exception as error:  # no C++ compiler, or a platform that torch.compile does not know
        reason = next(iter(str(error).strip().splitlines()), "")
        print(f"NOT MEASURED: torch.compile. {type(error).__name__}: {reason}", file=sys.stderr)
    mode = min(times, key=times.get)
    if mode == "compiled":
        peak = peak_megabytes()
    result = {"milliseconds": times[mode], "peakMegabytes": peak, "version": torch.__version__, "mode": mode}
    print(json.dumps(result))


def median_step(
    model: nn.Module,
    inputs: tuple[Tensor, ...],
    sizes: SimpleNamespace,
    create_update: Callable[[nn.Module], Callable[[], None]],
    compiled: bool,
) -> int:
    """In milliseconds."""
    loss_of = torch.compile(model) if compiled else model
    update = create_update(model)
    times = []
    for _ in range(sizes.warmUpSteps + sizes.measuredSteps):
        began = time.perf_counter()
        model.zero_grad()
        loss_of(*inputs).backward()
        update()
        times.append(time.perf_counter() - began)
    return round(1000 * statistics.median(times[sizes.warmUpSteps :]))


def peak_megabytes() -> int:
    """Most memory that was resident at once, so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024**2 if sys.platform == "darwin" else 1024))
