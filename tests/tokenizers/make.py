"""A small byte-level vocabulary, and what Python's tokenizers makes of some texts with it.

Usage: python make.py        (needs tokenizers; see ../hugging_face/requirements.txt)

Writes byte_level.json: <|endoftext|>, the 256 bytes, and every pair that occurs twice in three lines.
Prints ids and text back, which core/src/data/tokenizer/text.rs has as expected values.
"""

import pathlib

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

LINES = [
    "the café on the hill, the café in the town",
    "Łódź and Kraków: the naïve café’s menu 🦀🦀",
    "12 crabs, 120 crabs: the crab 🦀 isn't there",
]
TEXTS = ["the crab 🦀’s café", "naïve 12", "\n\n the   café<|endoftext|>🦀", "漢字"]

tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
trainer = trainers.BpeTrainer(
    vocab_size=300,
    min_frequency=2,
    special_tokens=["<|endoftext|>"],
    initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    show_progress=False,
)
tokenizer.train_from_iterator(LINES, trainer)
(pathlib.Path(__file__).parent / "byte_level.json").write_text(tokenizer.to_str() + "\n")
for text in TEXTS:
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    print(repr(text), ids, repr(tokenizer.decode(ids)))
