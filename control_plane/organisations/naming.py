"""Every name that follows from an organisation's slug. Pure: standard library only.

A slug is a DNS label chosen once and never reused. It has no underscore, so ``-`` → ``_`` keeps database names apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SLUG = re.compile(r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$")

RESERVED_WORDS = """
about account accounts admin administrator api app apps assets auth autodiscover billing blog cdn clients cluster
console control control-plane dashboard default demo-console dev device devices dns docs download downloads email
events example ftp gateway health help host iclock id identity imap infra internal invalid ldap live local localhost
localdomain login logout mail metrics monitor mx net ns ns1 ns2 oauth ops operator operators organisation
organisations owner platform pop portal postgres postmaster prod production public punctual push retry root secret
security server service session setup sign-in signin signup smtp sql ssl sso staging static status support sys
system tenant tenants test-console token transit unknown valkey vault webmaster webmail wpad www www1 www2
"""
RESERVED = frozenset(RESERVED_WORDS.split())


class SlugRefused(ValueError):
    """The slug can't be taken; ``code`` is stable, the text is a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Names:
    """The names of one organisation's things, as other programs see them."""

    slug: str
    base: str

    @property
    def stack(self) -> str:
        """The id of the stack; also its Valkey user, its OpenBao policy and AppRole, and its client at the provider."""
        return f"org-{self.slug}"

    @property
    def database(self) -> str:
        """The database, and the role that the organisation's programs use in it."""
        return "org_" + self.slug.replace("-", "_")

    @property
    def database_owner(self) -> str:
        """The role that owns the database and its tables. No slug makes a database of this name, as a suffix might."""
        return f"owner_{self.database}"

    @property
    def valkey_prefix(self) -> str:
        return f"{self.stack}:"

    @property
    def jobs_namespace(self) -> str:
        return f"{self.stack}:jobs"

    @property
    def templates_key(self) -> str:
        return f"{self.stack}-templates"

    @property
    def backups_key(self) -> str:
        return f"{self.stack}-backups"

    @property
    def tokens_key(self) -> str:
        return f"{self.stack}-tokens"

    @property
    def credentials_path(self) -> str:
        """Key-value path of the secrets that the control plane hands to the stack; nobody else reads it."""
        return f"organisations/{self.slug}/credentials"

    @property
    def schema_path(self) -> str:
        """Key-value path of the database owner's password, which only migrations are given."""
        return f"organisations/{self.slug}/schema"

    @property
    def sign_in_path(self) -> str:
        """Key-value path of the sign-in client's secret; the stack may read this one."""
        return f"organisations/{self.slug}/sign-in"

    @property
    def portal_host(self) -> str:
        return f"{self.slug}.{_without_port(self.base)}"

    @property
    def push_host(self) -> str:
        return f"{self.slug}.devices.{_without_port(self.base)}"

    @property
    def public_url(self) -> str:
        """Portal and API, e.g. ``https://acme.localhost:8443``."""
        return f"https://{self.slug}.{self.base}"

    @property
    def push_url(self) -> str:
        """Where push clocks call, e.g. ``https://acme.devices.localhost:8443``."""
        return f"https://{self.slug}.devices.{self.base}"


def _without_port(base: str) -> str:
    return base.partition(":")[0]


def checked_slug(text: str) -> str:
    """The slug if it may be used; raises `SlugRefused` with a sentence that says why not."""
    if not SLUG.fullmatch(text):
        raise SlugRefused(
            "slug_malformed",
            "A slug has 3 to 40 lower-case letters, digits and hyphens, begins with a letter and ends in no hyphen",
        )
    if text[2:4] == "--":  # RFC 5891 §4.2.3.1: such labels are encodings of other names (xn--…)
        raise SlugRefused("slug_malformed", "A slug has no two hyphens in its third and fourth place")
    if text in RESERVED:
        raise SlugRefused("slug_reserved", f"The slug {text!r} is kept for the platform itself; choose another")
    return text
