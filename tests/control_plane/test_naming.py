"""Slugs and the names that follow from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.organisations.naming import RESERVED, SLUG, Names, SlugRefused, checked_slug
from foundation.contracts.control import SLUG_PATTERN


@pytest.mark.parametrize("slug", ["acme", "a1b", "globex-eu", "a" * 40, "x2-2x"])
def test_good_slugs(slug: str) -> None:
    assert checked_slug(slug) == slug


@pytest.mark.parametrize(
    ("slug", "code"),
    [
        ("", "slug_malformed"),
        ("ab", "slug_malformed"),
        ("a" * 41, "slug_malformed"),
        ("Acme", "slug_malformed"),
        ("1acme", "slug_malformed"),
        ("-acme", "slug_malformed"),
        ("acme-", "slug_malformed"),
        ("ac_me", "slug_malformed"),
        ("ac.me", "slug_malformed"),
        ("acmé", "slug_malformed"),
        ("acme\n", "slug_malformed"),
        ("xn--acme", "slug_malformed"),
        ("console", "slug_reserved"),
        ("devices", "slug_reserved"),
        ("www", "slug_reserved"),
        ("events", "slug_reserved"),
        ("punctual", "slug_reserved"),
    ],
)
def test_refused_slugs(slug: str, code: str) -> None:
    with pytest.raises(SlugRefused) as refusal:
        checked_slug(slug)
    assert refusal.value.code == code


def test_names_of_an_organisation() -> None:
    names = Names("acme-eu", "localhost:8443")
    assert names.stack == "org-acme-eu"
    assert names.database == "org_acme_eu"
    assert names.valkey_prefix == "org-acme-eu:"
    assert names.jobs_namespace == "org-acme-eu:jobs"
    assert (names.templates_key, names.backups_key, names.tokens_key) == (
        "org-acme-eu-templates",
        "org-acme-eu-backups",
        "org-acme-eu-tokens",
    )
    assert names.public_url == "https://acme-eu.localhost:8443"
    assert names.push_url == "https://acme-eu.devices.localhost:8443"
    assert (names.portal_host, names.push_host) == ("acme-eu.localhost", "acme-eu.devices.localhost")
    assert names.credentials_path == "organisations/acme-eu/credentials"
    assert names.sign_in_path == "organisations/acme-eu/sign-in"


def test_the_contract_has_the_same_pattern() -> None:
    assert SLUG.pattern == SLUG_PATTERN


def test_the_platform_keeps_its_own_words() -> None:
    assert {
        "console",
        "devices",
        "id",
        "www",
        "api",
        "admin",
        "punctual",
        "static",
        "internal",
        "localhost",
    } <= RESERVED


slugs = st.from_regex(SLUG, fullmatch=True)


@given(slugs, slugs)
def test_two_organisations_share_no_name(one: str, other: str) -> None:
    mine, theirs = Names(one, "example.test"), Names(other, "example.test")
    if one != other:
        assert mine.database != theirs.database
        assert mine.stack != theirs.stack
        assert not theirs.valkey_prefix.startswith(mine.valkey_prefix)
        hosts = {mine.portal_host, mine.push_host}
        assert hosts.isdisjoint({theirs.portal_host, theirs.push_host})
    assert len(mine.database) <= 63
