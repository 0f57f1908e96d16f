"""Ten training steps of distillation as PyTorch and transformers take them.

Usage: python make.py        (needs torch, transformers, safetensors; see ../hugging_face/requirements.txt)

Reads the classifier of ../conformance/checkpoints/bert, copies it as the student, gives the teacher
a differently seeded head and perturbed weights, and writes trajectory.safetensors: the batch, both
models' first weights, and per step the loss and the gradient norm before clipping. Everything is
computed in float64 from float32 inputs; dropout is off.

    L = (1 - alpha) CE + alpha T^2 KL(teacher || student),   AdamW, clip 1.0, linear warm-up and decay
"""

import json
import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from transformers import BertForSequenceClassification

HERE = pathlib.Path(__file__).parent
SOURCE = HERE.parent / "conformance" / "checkpoints" / "bert"
STEPS, WARMUP, LR, DECAY, CLIP, T, ALPHA = 10, 2, 3e-3, 0.01, 1.0, 2.0, 0.7

torch.manual_seed(20)
student = BertForSequenceClassification.from_pretrained(SOURCE, attn_implementation="eager").eval()
teacher = BertForSequenceClassification.from_pretrained(SOURCE, attn_implementation="eager").eval()
with torch.no_grad():
    for name, weight in teacher.named_parameters():
        weight.add_(0.05 * torch.randn_like(weight))
    teacher.classifier.weight.mul_(20.0)

tensors = {f"student.{k}": v.clone() for k, v in student.state_dict().items() if v.dtype == torch.float32}
tensors |= {f"teacher.{k}": v.clone() for k, v in teacher.state_dict().items() if v.dtype == torch.float32}
student, teacher = student.double(), teacher.double()

ids = torch.randint(5, student.config.vocab_size, (STEPS, 6, 12))
mask = torch.ones_like(ids)
mask[:, 1, 7:] = 0
mask[:, 4, 9:] = 0
labels = torch.randint(0, 3, (STEPS, 6))

plain = [p for n, p in student.named_parameters() if n.endswith("bias") or "LayerNorm" in n]
decayed = [p for n, p in student.named_parameters() if not (n.endswith("bias") or "LayerNorm" in n)]
optimizer = torch.optim.AdamW(
    [{"params": decayed, "weight_decay": DECAY}, {"params": plain, "weight_decay": 0.0}],
    lr=LR, betas=(0.9, 0.999), eps=1e-8,
)

losses, norms = [], []
for step in range(STEPS):
    rate = LR * (step + 1) / WARMUP if step < WARMUP else LR * (STEPS - step) / (STEPS - WARMUP)
    for group in optimizer.param_groups:
        group["lr"] = rate
    with torch.no_grad():
        z = teacher(input_ids=ids[step], attention_mask=mask[step]).logits
    s = student(input_ids=ids[step], attention_mask=mask[step]).logits
    soft = F.kl_div(F.log_softmax(s / T, -1), F.log_softmax(z / T, -1), log_target=True, reduction="batchmean")
    loss = (1 - ALPHA) * F.cross_entropy(s, labels[step]) + ALPHA * T * T * soft
    optimizer.zero_grad()
    loss.backward()
    norms.append(torch.nn.utils.clip_grad_norm_(student.parameters(), CLIP).item())
    optimizer.step()
    losses.append(loss.item())

tensors |= {"ids": ids, "mask": mask, "labels": labels,
            "losses": torch.tensor(losses), "norms": torch.tensor(norms)}
settings = dict(steps=STEPS, warmup=WARMUP, lr=LR, decay=DECAY, clip=CLIP, temperature=T, alpha=ALPHA)
save_file(tensors, HERE / "trajectory.safetensors", metadata={"settings": json.dumps(settings)})
print(losses, norms)
