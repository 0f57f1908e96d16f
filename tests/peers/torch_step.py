"""The step in PyTorch, eager. Reads {"steps": n} a line and answers {"ms": [...], "losses": [...]}."""

import argparse
import json
import math
import pathlib
import re
import sys
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

COPIES = re.compile(r"^(lm_head|cls\.predictions\.decoder)\.|position_ids$|\.attn\.(masked_)?bias$")
UNDECAYED = re.compile(r"bias$|norm|\.ln_", re.IGNORECASE)


def packed(params):
    """BERT's queries, keys and values in one matrix, as GPT-2 has them."""
    for name in [name for name in params if ".self.query." in name]:
        parts = [params.pop(name.replace("query", part)) for part in ("query", "key", "value")]
        params[name.replace("query", "qkv")] = torch.cat(parts)
    return params


class Model:
    def __init__(self, folder, device):
        tensors = load_file(folder / "model.safetensors")
        params = packed({name: one for name, one in tensors.items() if not COPIES.search(name)})
        self.params = {name: one.to(device) for name, one in params.items()}
        config = json.loads((folder / "config.json").read_text())
        self.logits = getattr(self, config["model_type"])
        self.layers = config.get("n_layer", config.get("num_hidden_layers"))
        self.heads = config.get("n_head", config.get("num_attention_heads"))
        self.epsilon = config.get("layer_norm_epsilon", config.get("layer_norm_eps"))

    def norm(self, name, x):
        return F.layer_norm(x, x.shape[-1:], self.params[f"{name}.weight"], self.params[f"{name}.bias"], self.epsilon)

    def linear(self, name, x):
        return F.linear(x, self.params[f"{name}.weight"], self.params[f"{name}.bias"])

    def conv1d(self, name, x):
        flat = torch.addmm(self.params[f"{name}.bias"], x.flatten(0, -2), self.params[f"{name}.weight"])
        return flat.view(*x.shape[:-1], -1)

    def attention(self, qkv, causal):
        q, k, v = qkv.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind()
        return F.scaled_dot_product_attention(q, k, v, is_causal=causal).transpose(1, 2).flatten(2)

    def bert(self, ids, kept):
        name = "bert.embeddings"
        word = self.params[f"{name}.word_embeddings.weight"]
        places = self.params[f"{name}.position_embeddings.weight"][: ids.shape[1]]
        kind = self.params[f"{name}.token_type_embeddings.weight"][0]
        x = self.norm(f"{name}.LayerNorm", F.embedding(ids, word) + (places + kind))
        for at in range(self.layers):
            name = f"bert.encoder.layer.{at}"
            mixed = self.attention(self.linear(f"{name}.attention.self.qkv", x), False)
            x = self.norm(f"{name}.attention.output.LayerNorm", x + self.linear(f"{name}.attention.output.dense", mixed))
            inner = F.gelu(self.linear(f"{name}.intermediate.dense", x))
            x = self.norm(f"{name}.output.LayerNorm", x + self.linear(f"{name}.output.dense", inner))
        name = "cls.predictions.transform"
        x = self.norm(f"{name}.LayerNorm", F.gelu(self.linear(f"{name}.dense", x.flatten(0, 1)[kept])))
        return F.linear(x, word, self.params["cls.predictions.bias"])

    def gpt2(self, ids, kept):
        word = self.params["transformer.wte.weight"]
        x = F.embedding(ids, word) + self.params["transformer.wpe.weight"][: ids.shape[1]]
        for at in range(self.layers):
            name = f"transformer.h.{at}"
            mixed = self.attention(self.conv1d(f"{name}.attn.c_attn", self.norm(f"{name}.ln_1", x)), True)
            x = x + self.conv1d(f"{name}.attn.c_proj", mixed)
            inner = F.gelu(self.conv1d(f"{name}.mlp.c_fc", self.norm(f"{name}.ln_2", x)), approximate="tanh")
            x = x + self.conv1d(f"{name}.mlp.c_proj", inner)
        return F.linear(self.norm("transformer.ln_f", x.flatten(0, 1)[kept]), word)


def kd(teacher, student, labels):
    temperature = 2.0
    p, q = (F.log_softmax(one / temperature, -1) for one in (teacher, student))
    soft = F.kl_div(q, p, reduction="batchmean", log_target=True)
    return 0.5 * temperature**2 * soft + 0.5 * F.cross_entropy(student, labels)


def around(logits, labels):
    """The log-probabilities among the other tokens and the log-odds against the label."""
    at = labels[:, None]
    among = F.log_softmax(logits.scatter(1, at, -1e30), -1)
    other = (at + 1) % logits.shape[1]
    total = logits.gather(1, other) - among.gather(1, other)
    return among, (total - logits.gather(1, at))[:, 0]


def atkd(teacher, student, labels):
    easier = 0.2
    with torch.no_grad():
        p, doubt = around(teacher, labels)
        position = math.floor(0.5 * (len(labels) - 1))
        hard = doubt >= doubt.kthvalue(position + 1).values
    q, doubt2 = around(student, labels)
    rest = F.kl_div(q, p, reduction="none", log_target=True).sum(-1)
    yes, no = F.logsigmoid(-doubt), F.logsigmoid(doubt)
    binary = yes.exp() * (yes - F.logsigmoid(-doubt2)) + no.exp() * (no - F.logsigmoid(doubt2))
    return easier * rest[~hard].mean() + (1 - easier) * (binary + rest)[hard].mean()


def trainer(folder, device):
    lesson = json.loads((folder / "lesson.json").read_text())
    teacher, student = (Model(folder / who, device) for who in ("teacher", "student"))
    ids = torch.tensor(lesson["ids"], device=device).view(lesson["rows"], lesson["length"])
    labels = torch.tensor(lesson["labels"], device=device)
    kept = (labels >= 0).nonzero()[:, 0] if (labels < 0).any() else slice(None)
    labels = labels[kept]
    loss_of = {"kd": kd, "atkd": atkd}[lesson["loss"]]
    params = {name: one.requires_grad_() for name, one in student.params.items()}
    decayed = [one for name, one in params.items() if not UNDECAYED.search(name)]
    plain = [one for name, one in params.items() if UNDECAYED.search(name)]
    groups = [{"params": decayed}, {"params": plain, "weight_decay": 0.0}]
    hyper = {"lr": lesson["lr"], "betas": tuple(lesson["betas"]), "eps": lesson["eps"]}
    optimizer = torch.optim.AdamW(groups, weight_decay=lesson["weight_decay"], fused=True, **hyper)

    def step():
        with torch.no_grad():
            target = teacher.logits(ids, kept)
        loss = loss_of(target, student.logits(ids, kept), labels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params.values(), lesson["clip"], foreach=True)
        optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()
        return loss.item()

    return step


def timed(step):
    start = time.perf_counter()
    loss = step()
    return 1000 * (time.perf_counter() - start), loss


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    step = trainer(args.folder, args.device)
    for line in sys.stdin:
        taken = [timed(step) for _ in range(json.loads(line)["steps"])]
        print(json.dumps({"ms": [ms for ms, _ in taken], "losses": [loss for _, loss in taken]}), flush=True)


if __name__ == "__main__":
    main()
