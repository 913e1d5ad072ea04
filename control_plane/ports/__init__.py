"""What the control plane needs of the place where organisations run, as protocols. Implementations import these.

``local/`` implements the ports of one machine; ``resources/`` those of servers that are the same everywhere.
"""
