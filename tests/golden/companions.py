"""Ten steps of co-finetuning as PyTorch and transformers take them: two models under one head.

Usage: python companions.py        (needs torch, transformers, safetensors; after make.py)

Reads both models' first weights and the batches from bert.safetensors, gives the second model the
first one's pooler and classifier as the very same modules, and writes companions.safetensors: per step
both losses and the norm of the whole gradient before clipping, in which the head counts once. Everything
is computed in float64; dropout is off. Rates, decay and clip are those of make.py.

    L = CE(y, first) + CE(y, second),   AdamW, clip, linear warm-up and decay
"""

import json
import pathlib

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import BertForSequenceClassification

HERE = pathlib.Path(__file__).parent
SOURCE = HERE.parent / "conformance" / "checkpoints" / "bert"
GIVEN = HERE / "bert.safetensors"

tensors = load_file(GIVEN)
with safe_open(GIVEN, "pt") as file:
    settings = json.loads(file.metadata()["settings"])
steps, warmup, lr, decay, clip = (settings[key] for key in ("steps", "warmup", "lr", "decay", "clip"))


def model(who):
    made = BertForSequenceClassification.from_pretrained(SOURCE, attn_implementation="eager").eval()
    weights = {k.removeprefix(f"{who}."): v for k, v in tensors.items() if k.startswith(f"{who}.")}
    made.load_state_dict(weights)
    return made.double()


first, second = model("student"), model("teacher")
second.bert.pooler, second.classifier = first.bert.pooler, first.classifier
named = {id(p): (n, p) for m in (first, second) for n, p in m.named_parameters()}.values()
still = [p for n, p in named if n.endswith("bias") or "LayerNorm" in n]
decayed = [p for n, p in named if not (n.endswith("bias") or "LayerNorm" in n)]
optimizer = torch.optim.AdamW(
    [{"params": decayed, "weight_decay": decay}, {"params": still, "weight_decay": 0.0}],
    lr=lr, betas=(0.9, 0.999), eps=1e-8,
)

losses, norms = [], []
for step in range(steps):
    for group in optimizer.param_groups:
        group["lr"] = lr * (step + 1) / warmup if step < warmup else lr * (steps - step) / (steps - warmup)
    given = dict(input_ids=tensors["ids"][step], attention_mask=tensors["mask"][step])
    both = [F.cross_entropy(m(**given).logits, tensors["labels"][step]) for m in (first, second)]
    optimizer.zero_grad()
    sum(both).backward()
    norms.append(torch.nn.utils.clip_grad_norm_([p for _, p in named], clip).item())
    optimizer.step()
    losses.append([loss.item() for loss in both])

save_file({"losses": torch.tensor(losses), "norms": torch.tensor(norms)}, HERE / "companions.safetensors",
          metadata={"settings": json.dumps(settings)})
print(losses, norms)
