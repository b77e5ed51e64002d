"""Prints a shell script that does what a Markdown guide says: runs its bash blocks, and puts the other blocks into the
file that the paragraph before them names. A block for pyproject.toml replaces the tables that it has; a block of Python
before which no file is named is an illustration.

    python .ci/guide.py docs/authoring.md > trial.sh
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

_BLOCK = re.compile(r"(?P<before>(?:[^\n]+\n)*)\n```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`([\w./-]+\.(?:py|c|toml|txt|yaml))`")

#: puts a block's tables in the place of those that the file has
_TABLES = """
import re, sys
from pathlib import Path
path, new = Path("pyproject.toml"), sys.stdin.read()
tables = re.split(r"^(?=\\[)", path.read_text(), flags=re.M)
heads = {line for line in new.splitlines() if line.startswith("[")}
assert heads <= {table.partition("\\n")[0] for table in tables}, heads
path.write_text(new + "\\n" + "".join(table for table in tables if table.partition("\\n")[0] not in heads))
"""


def script(guide: str) -> Iterator[str]:
    """Lines of shell."""
    yield "set -eo pipefail"
    for block in _BLOCK.finditer(guide):
        language, text = block["language"], block["text"]
        if language == "bash":
            yield f"set -x\n{text}\n{{ set +x; }} 2> /dev/null"
            continue
        named = _FILE.findall(block["before"])
        if not named:
            if language != "python":
                raise SystemExit(f"no file is named before this block:\n{text}")
            continue
        file = shlex.quote(named[-1])
        into = f"python -c {shlex.quote(_TABLES)}" if named[-1] == "pyproject.toml" else f"cat > {file}"
        yield f"echo '+ write' {file}\n{into} <<'END_OF_BLOCK'\n{text}END_OF_BLOCK"


if __name__ == "__main__":
    print("\n".join(script(Path(sys.argv[1]).read_text(encoding="utf-8"))))  # noqa: T201 - a program
