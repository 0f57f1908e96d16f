"""Loads a model that Retort wrote with stock transformers and compares logits.

usage: check.py MODEL_DIRECTORY CASE.json

The case has `ids`, `types`, `mask` ([rows][length]) and Retort's `logits` ([rows][classes], or
[rows * length][vocabulary] for a language model). A causal model's case has `prompts` and the tokens
`added` to them too. `model.onnx` in the directory is run by onnxruntime and compared alike. Exits with 1
when a weight is missing, left over or of another shape, when a logit of a real token is further off than
1e-4, or when a token differs.
"""

import json
import pathlib
import sys

import numpy
import onnxruntime
import torch
import transformers

ALLOWED = 1e-4


def load(directory):
    """The model, or an error about every weight that did not find its place."""
    config = transformers.AutoConfig.from_pretrained(directory)
    family = getattr(transformers, config.architectures[0])
    model, info = family.from_pretrained(directory, attn_implementation="eager", output_loading_info=True)
    strangers = {key: sorted(map(str, names)) for key, names in info.items() if names}
    if strangers:
        sys.exit(f"{directory}: wanted every weight in its place, found {strangers}")
    return model.eval()


def main(directory, path):
    model = load(directory)
    with open(path, encoding="utf-8") as file:
        case = json.load(file)
    mask = torch.tensor(case["mask"])
    kinds = {"token_type_ids": torch.tensor(case["types"])} if model.config.model_type == "bert" else {}
    with torch.no_grad():
        logits = model(input_ids=torch.tensor(case["ids"]), attention_mask=mask, **kinds).logits
    ours = torch.tensor(case["logits"]).reshape(logits.shape)
    if logits.dim() == 3:
        real = mask.bool()
        logits, ours = logits[real], ours[real]
    worst = (logits - ours).abs().max().item()
    print(f"transformers {transformers.__version__}: {type(model).__name__}, largest difference {worst:.2e}")
    if not worst <= ALLOWED:
        sys.exit(f"{directory}: wanted logits within {ALLOWED}, found {worst}")
    check_onnx(directory, case, model.config.model_type == "bert")
    for prompt, added in zip(case.get("prompts", []), case.get("added", [])):
        wanted = generate(model, prompt, len(added))
        if wanted != added:
            sys.exit(f"{directory}: wanted {wanted} after {prompt}, found {added}")


def check_onnx(directory, case, has_types):
    """The graph beside the model computes the same."""
    session = onnxruntime.InferenceSession(pathlib.Path(directory, "model.onnx"), providers=["CPUExecutionProvider"])
    feed = {"input_ids": case["ids"], "attention_mask": case["mask"]}
    if has_types:
        feed["token_type_ids"] = case["types"]
    logits = session.run(["logits"], {name: numpy.array(values, dtype=numpy.int64) for name, values in feed.items()})[0]
    ours = numpy.array(case["logits"], dtype=numpy.float32).reshape(logits.shape)
    if logits.ndim == 3:
        real = numpy.array(case["mask"], dtype=bool)
        logits, ours = logits[real], ours[real]
    worst = numpy.abs(logits - ours).max().item()
    print(f"onnxruntime {onnxruntime.__version__}: largest difference {worst:.2e}")
    if not worst <= ALLOWED:
        sys.exit(f"{directory}: wanted the graph's logits within {ALLOWED}, found {worst}")


def generate(model, prompt, count):
    """The likeliest next tokens, whatever they are."""
    model.generation_config.eos_token_id = None
    ids = torch.tensor([prompt])
    mask = torch.ones_like(ids)
    out = model.generate(ids, attention_mask=mask, max_new_tokens=count, do_sample=False, pad_token_id=0)
    return out[0, len(prompt) :].tolist()


if __name__ == "__main__":
    main(*sys.argv[1:])
