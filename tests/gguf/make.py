"""Small GGUF files and what is in them.

Usage: python make.py        (needs gguf 0.19, torch, transformers, safetensors)

blocks.gguf: for every kind of number two rows of random blocks, and beside them, as F32, what the gguf
package makes of them. tiny.gguf: a Llama of two layers in five kinds of numbers, as llama.cpp lays it out,
with the vocabulary of ../tokenizers/byte_level.json. tiny.safetensors: the logits that transformers gives,
on the numbers of the file; transformers' own reading of the file is asserted to agree. Prints what is
expected of generation.
"""

import json
import pathlib

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Kind
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

HERE = pathlib.Path(__file__).parent
random = np.random.default_rng(3)

# Every kind, with the places of its 16-bit floats in a block.
FLOATS = {
    Kind.Q4_0: [0],
    Kind.Q4_1: [0, 2],
    Kind.Q5_0: [0],
    Kind.Q5_1: [0, 2],
    Kind.Q8_0: [0],
    Kind.Q4_K: [0, 2],
    Kind.Q5_K: [0, 2],
    Kind.Q6_K: [208],
}


def blocks():
    writer = gguf.GGUFWriter(HERE / "blocks.gguf", "llama")
    for kind, floats in FLOATS.items():
        length, size = gguf.GGML_QUANT_SIZES[kind]
        rows, per_row = 2, 2 if length == 32 else 1
        raw = random.integers(0, 256, (rows, per_row, size), dtype=np.uint8)
        for place in floats:
            scale = random.normal(size=(rows, per_row, 1)).astype(np.float16)
            raw[..., place : place + 2] = scale.view(np.uint8)
        raw = raw.reshape(rows, per_row * size)
        writer.add_tensor(kind.name, raw, raw_dtype=kind)
        writer.add_tensor(f"{kind.name}.values", gguf.dequantize(raw, kind))
    values = random.normal(size=(3, 5)).astype(np.float32)
    writer.add_tensor("F32", values)
    writer.add_tensor("F32.values", values)
    writer.add_tensor("F16", values.astype(np.float16))
    writer.add_tensor("F16.values", values.astype(np.float16).astype(np.float32))
    bf16 = gguf.quantize(values, Kind.BF16)
    writer.add_tensor("BF16", bf16, raw_dtype=Kind.BF16)
    writer.add_tensor("BF16.values", torch.tensor(values).bfloat16().float().numpy())
    finish(writer)


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def permuted(weight, heads):
    """What llama.cpp's converter does to queries and keys: pairs that turn together lie side by side."""
    half = weight.shape[0] // heads // 2
    return weight.reshape(heads, 2, half, -1).swapaxes(1, 2).reshape(weight.shape)


def tiny():
    tokenizer = json.loads((HERE.parent / "tokenizers" / "byte_level.json").read_text())
    vocabulary = sorted(tokenizer["model"]["vocab"], key=tokenizer["model"]["vocab"].get)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=32,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 1234.5},
        initializer_range=0.3,
        tie_word_embeddings=False,
        bos_token_id=0,
        eos_token_id=0,
    )
    torch.manual_seed(5)
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" in name:
                weight.add_(0.2 * torch.randn_like(weight))

    writer = gguf.GGUFWriter(HERE / "tiny.gguf", "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_rope_freq_base(1234.5)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(vocabulary)
    writer.add_token_types([3] + [1] * (len(vocabulary) - 1))
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    writer.add_add_bos_token(False)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    kinds = {
        "attn_q": Kind.Q8_0,
        "attn_k": Kind.Q4_1,
        "attn_v": Kind.Q5_1,
        "attn_output": Kind.Q8_0,
        "ffn_gate": Kind.Q4_0,
        "ffn_up": Kind.Q5_0,
        "ffn_down": Kind.Q8_0,
        "token_embd": Kind.Q8_0,
        "output": Kind.F16,
    }
    state = model.state_dict()
    for name, weight in state.items():
        there = names.get_name(name, try_suffixes=(".weight",))
        weight = weight.numpy()
        heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
        heads = next((heads[part] for part in heads if part in name), None)
        weight = permuted(weight, heads) if heads else weight
        kind = kinds.get(there.split(".")[-2], Kind.F32)
        raw = gguf.quantize(weight, kind)
        writer.add_tensor(there, raw, raw_dtype=kind)
        back = gguf.dequantize(raw, kind).reshape(weight.shape)
        if heads:  # by their numbers, so that the inverse is not the same formula again
            order = permuted(np.arange(len(back)).reshape(-1, 1), heads).ravel()
            back = back[np.argsort(order)]
        state[name] = torch.tensor(back)
    finish(writer)
    model.load_state_dict(state)
    ids = torch.tensor([[258, 269, 274, 32, 1, 260, 90]])
    with torch.no_grad():
        logits = model(ids).logits
        theirs = LlamaForCausalLM.from_pretrained(HERE, gguf_file="tiny.gguf").eval()(ids).logits
        assert torch.allclose(logits, theirs, atol=1e-4), (logits - theirs).abs().max()
        more = model.generate(ids, max_new_tokens=10, do_sample=False, eos_token_id=None, pad_token_id=0)
    save_file({"logits": logits[0].contiguous()}, HERE / "tiny.safetensors")
    print(ids[0].tolist(), more[0, ids.shape[1] :].tolist())


blocks()
tiny()
