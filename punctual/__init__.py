"""The composition root: the console script and the zygote."""
