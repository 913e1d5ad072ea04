"""``python -m tests.oracle [FILE]``: one line a scenario, a summary, exit code 1 unless every one passes."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from tests.oracle.facts import load
from tests.oracle.runner import run


def main(arguments: list[str]) -> int:
    verdicts = run(load(Path(arguments[0]) if arguments else None))
    for verdict in verdicts:
        print(verdict.line)
    counts = Counter(verdict.outcome for verdict in verdicts)
    print(
        f"{counts['pass']} of {len(verdicts)} scenarios pass, {counts['fail']} fail, "
        f"{counts['not understood']} not understood"
    )
    return 0 if verdicts and counts["pass"] == len(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
