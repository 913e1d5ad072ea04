"""``python -m tests.oracle [FILE]``: one line a scenario, a summary; exit code 1 if one fails."""

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
    others = [f"{counts[outcome]} {outcome}" for outcome in ("not in the product", "not understood") if counts[outcome]]
    print(", ".join([f"{counts['pass']} of {len(verdicts)} scenarios pass", f"{counts['fail']} fail", *others]))
    return 0 if counts["pass"] and not (counts["fail"] or counts["not understood"]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
