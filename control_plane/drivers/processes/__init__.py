"""One machine: the embedded platform, and stacks as forked processes."""
