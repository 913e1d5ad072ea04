"""Signing in, shared by the tenants' portal and the operators' console: OpenID for people, OAuth clients for machines."""
