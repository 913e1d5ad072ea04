"""Clocks made of software, for tests and demonstrations: they speak both protocols over real sockets."""
