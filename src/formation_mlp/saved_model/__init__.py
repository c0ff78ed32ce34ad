"""A model on disk and in memory: its file, the members it consists of, and the predictions it gives."""
