"""Signing in, for the tenants' portal and the operators' console: OpenID for people, OAuth for machines."""
