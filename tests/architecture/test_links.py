"""Links between the documents of the repository lead to a file, and to a heading where they name one."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as code hosts make them."""
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in HEADING.findall(page.read_text())}


def test_every_link_between_documents_leads_somewhere() -> None:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    links = [(page, *link) for page in listed.stdout.splitlines() for link in LINK.findall((ROOT / page).read_text())]
    assert len(links) > 30
    broken = []
    for page, target, anchor in links:
        file = (ROOT / page).parent / target if target else ROOT / page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(f"{page}: {target}#{anchor}")
    assert broken == []
