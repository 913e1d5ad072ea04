"""What is built from is written down, and no credential lies in the tree."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

ROOT = Path(__file__).parents[2]
# Guessing by entropy or by the word beside it names every digest and test value; a leaked key has a form of its own.
GUESSING = {"Base64HighEntropyString", "HexHighEntropyString", "KeywordDetector", "IPPublicDetector"}
# Made from the rest: digests of packages, and what the code says of itself.
GENERATED = ("requirements/dev.txt", "requirements/runtime.txt", "package-lock.json", "docs/openapi/")
# Addresses with a made-up password, which is what these places are about.
EXAMPLES = {
    "docs/operating.md",
    "tenant_stack/settings.py",
    "tests/control_plane/test_isolation.py",
    "tests/tenant_stack/access/test_connections.py",
    "tests/tenant_stack/reports/test_mail.py",
    "tests/foundation/test_addresses.py",
}


def test_the_bills_of_materials_name_what_is_locked(tmp_path: Path) -> None:
    subprocess.run(["make", "sbom", f"SBOM={tmp_path}"], cwd=ROOT, check=True, capture_output=True, timeout=300)
    python = json.loads((tmp_path / "python.cdx.json").read_text(encoding="utf-8"))
    lock = (ROOT / "requirements/runtime.txt").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==([^ ;\\]+)", lock, re.MULTILINE | re.IGNORECASE))
    assert {(each["name"], each["version"]) for each in python["components"]} == locked
    assert len(locked) > 50
    portals = json.loads((tmp_path / "portals.cdx.json").read_text(encoding="utf-8"))
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    shipped = {
        (path.rpartition("node_modules/")[2], facts["version"])
        for path, facts in packages.items()
        if "node_modules/" in path and not {"dev", "devOptional", "link", "optional"} & facts.keys()
    }
    assert shipped <= {(each["name"], each["version"]) for each in portals["components"]}
    assert ("antd", packages["node_modules/antd"]["version"]) in shipped


def found_in(folder: Path, names: list[str]) -> set[tuple[str, str]]:
    """Credentials by file and kind."""
    classes: dict[str, type] = get_mapping_from_secret_type_to_class()
    kinds = [{"name": kind.__name__} for kind in classes.values() if kind.__name__ not in GUESSING]
    found = SecretsCollection(root=str(folder))
    with transient_settings({"plugins_used": kinds, "filters_used": []}):
        for name in names:
            found.scan_file(name)
    return {(name, secret.type) for name, secret in found}


def test_no_credential_lies_in_the_tree(tmp_path: Path) -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout.decode()
    names = [name for name in tracked.strip("\0").split("\0") if not name.startswith(GENERATED)]
    assert found_in(ROOT, names) == {(name, "Basic Auth Credentials") for name in EXAMPLES}
    (tmp_path / "planted.py").write_text('key = "AKIA' + "IOSFODNN7EXAMPLA" + '"\n', encoding="utf-8")
    assert found_in(tmp_path, ["planted.py"]) == {("planted.py", "AWS Access Key")}
