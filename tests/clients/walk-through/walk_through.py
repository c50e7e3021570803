"""Runs the shell blocks of a document in one shell, and compares what each prints with the text block after it."""

import os
import re
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
MARK = "@@ end of a block @@"
# Instead of the document's first block: the deployment is the tests' own, and the command is built already.
SETUP = f"set -euo pipefail\ncd {ROOT!r}\nmkdir -p .latchkey\nlatchkey() {{ target/debug/latchkey \"$@\"; }}\n"


def blocks(text):
    """Each shell block with what it is to print, if the document says so."""
    found = []
    for language, body in re.findall(r"^```(sh|text)\n(.*?)^```$", text, re.S | re.M):
        if language == "sh":
            found.append([body, None])
        else:
            found[-1][1] = body
    return found


def agrees(expected, printed):
    """`…` stands for anything, also over several lines."""
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("…"))
    return re.fullmatch(pattern, printed.strip(), re.S) is not None


def main(path):
    with open(path, encoding="utf-8") as file:
        found = blocks(file.read())[1:]
    script = SETUP + "".join(f"{body}\necho '{MARK}'\n" for body, _ in found)
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, timeout=300)
    printed = ran.stdout.split(f"{MARK}\n")
    passed = failed = 0
    for number, (body, expected) in enumerate(found):
        output = printed[number] if number < len(printed) - 1 else None
        if output is not None and (expected is None or agrees(expected, output)):
            passed += 1
            continue
        failed += 1
        print(f"✗ this block:\n{body}\nis to print:\n{expected}\nand printed:\n{output}\n{ran.stderr}")
        break
    if not found:
        print("there is nothing to paste")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main(sys.argv[1]))
