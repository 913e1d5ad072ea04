"""People in files: many entered or changed at once, and all of them taken out again."""
