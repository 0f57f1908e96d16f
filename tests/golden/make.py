"""Ten training steps of distillation as PyTorch and transformers take them.

Usage: python make.py [NAME]…      (needs torch, transformers, safetensors; see ../hugging_face/requirements.txt)

For `bert` and `gpt2`: reads the checkpoint of ../conformance/checkpoints, copies it as the student,
perturbs the weights for the teacher, and writes NAME.safetensors: the batches, both models' first
weights, and per step the loss and the gradient norm before clipping. Everything is computed in float64
from float32 inputs; dropout is off. GPT-2 is asked for the next token of every token but the last.

    L = (1 - alpha) CE + alpha T^2 KL(teacher || student),   AdamW, clip 1.0, linear warm-up and decay
"""

import json
import pathlib
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from transformers import BertForSequenceClassification, GPT2LMHeadModel

HERE = pathlib.Path(__file__).parent
CHECKPOINTS = HERE.parent / "conformance" / "checkpoints"
STEPS, WARMUP, LR, DECAY, CLIP, T, ALPHA = 10, 2, 3e-3, 0.01, 1.0, 2.0, 0.7
MODELS = {"bert": BertForSequenceClassification, "gpt2": GPT2LMHeadModel}


def answers(model, ids, mask):
    """The logits that are compared, one row for each label."""
    logits = model(input_ids=ids, attention_mask=mask).logits
    return logits if logits.dim() == 2 else logits[:, :-1].flatten(0, 1)


def make(name):
    torch.manual_seed(20)
    read = lambda: MODELS[name].from_pretrained(CHECKPOINTS / name, attn_implementation="eager").eval()
    student, teacher = read(), read()
    with torch.no_grad():
        for weight in teacher.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
        if name == "bert":
            teacher.classifier.weight.mul_(20.0)

    # A tied head is no parameter of its own.
    kept = dict(student.named_parameters()).keys()
    tensors = {f"student.{k}": v.clone() for k, v in student.state_dict().items() if k in kept}
    tensors |= {f"teacher.{k}": v.clone() for k, v in teacher.state_dict().items() if k in kept}
    student, teacher = student.double(), teacher.double()

    ids = torch.randint(5, student.config.vocab_size, (STEPS, 6, 12))
    mask = torch.ones_like(ids)
    mask[:, 1, 7:] = 0
    mask[:, 4, 9:] = 0
    if name == "bert":
        labels = torch.randint(0, 3, (STEPS, 6))
    else:
        labels = ids[:, :, 1:].masked_fill(mask[:, :, 1:] == 0, -100).flatten(1)

    plain = lambda n: n.endswith("bias") or "LayerNorm" in n or "ln_" in n
    optimizer = torch.optim.AdamW(
        [{"params": [p for n, p in student.named_parameters() if not plain(n)], "weight_decay": DECAY},
         {"params": [p for n, p in student.named_parameters() if plain(n)], "weight_decay": 0.0}],
        lr=LR, betas=(0.9, 0.999), eps=1e-8,
    )

    losses, norms = [], []
    for step in range(STEPS):
        rate = LR * (step + 1) / WARMUP if step < WARMUP else LR * (STEPS - step) / (STEPS - WARMUP)
        for group in optimizer.param_groups:
            group["lr"] = rate
        counts = labels[step] != -100
        with torch.no_grad():
            z = answers(teacher, ids[step], mask[step])[counts]
        s = answers(student, ids[step], mask[step])[counts]
        soft = F.kl_div(F.log_softmax(s / T, -1), F.log_softmax(z / T, -1), log_target=True, reduction="batchmean")
        loss = (1 - ALPHA) * F.cross_entropy(s, labels[step][counts]) + ALPHA * T * T * soft
        optimizer.zero_grad()
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(student.parameters(), CLIP).item())
        optimizer.step()
        losses.append(loss.item())

    tensors |= {"ids": ids, "mask": mask, "labels": labels,
                "losses": torch.tensor(losses), "norms": torch.tensor(norms)}
    settings = dict(steps=STEPS, warmup=WARMUP, lr=LR, decay=DECAY, clip=CLIP, temperature=T, alpha=ALPHA)
    save_file(tensors, HERE / f"{name}.safetensors", metadata={"settings": json.dumps(settings)})
    print(name, losses, norms)


for name in sys.argv[1:] or MODELS:
    make(name)
