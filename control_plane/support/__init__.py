"""Support access: operators ask an organisation to let them look in, for a while and with a reason."""
