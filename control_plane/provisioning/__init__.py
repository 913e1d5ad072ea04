"""Provisioning: the steps that bring an organisation's stack to what was asked, and the loop that runs them."""
