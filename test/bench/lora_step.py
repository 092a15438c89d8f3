"""One step of the user-level SFT of src/language-model/user-level-sft.ts with transformers and PEFT:
python lora_step.py SIZES_AS_JSON

LoRA on all projections of a frozen Llama, a linear head on the mean of the last hidden states, soft-label
cross-entropy.
`attention` is the implementation of transformers: eager or sdpa; `mode` is eager or compiled.
Legend: B batch, L length, K categories.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaModel

from peer_models import adamw
from torch_timing import read_sizes, report_step

sizes = read_sizes()
B, L, K = sizes.batchSize, sizes.length, sizes.categoryCount
config = sizes.architecture["config"]
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


class UserLevelSft(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        base = LlamaModel(LlamaConfig(**config, use_cache=False, attn_implementation=sizes.attention))
        rank, alpha, dropout = sizes.lora["rank"], sizes.lora["alpha"], sizes.lora["dropout"]
        # get_peft_model freezes what is not an adapter.
        adapter = LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=PROJECTIONS)
        self.model = get_peft_model(base, adapter)
        self.score = nn.Linear(config["hidden_size"], K, bias=False)
        nn.init.zeros_(self.score.weight)

    def forward(self, tokens: Tensor, target: Tensor) -> Tensor:
        pooled = self.model(input_ids=tokens).last_hidden_state.mean(1)
        return F.cross_entropy(self.score(pooled), target)


def clipped_adamw(model: nn.Module) -> Callable[[], None]:
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    count = sum(parameter.numel() for parameter in learning)
    assert count == sizes.learningParameters, f"{count} parameters learn, not {sizes.learningParameters}"
    optimizer = adamw(learning, lr=1e-3, weight_decay=0.01)

    def update() -> None:
        nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()

    return update


tokens = torch.randint(config["vocab_size"], (B, L))
target = F.one_hot(torch.randint(K, (B, 4)), K).float().mean(1)
report_step(UserLevelSft, (tokens, target), sizes, clipped_adamw)
