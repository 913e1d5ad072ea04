"""Tests of the tenant stack on real PostgreSQL, Valkey and OpenBao."""
