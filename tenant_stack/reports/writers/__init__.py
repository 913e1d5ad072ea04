"""Writers of files. Each runs in a process of its own (`__main__`), which ends with the file and its memory."""
