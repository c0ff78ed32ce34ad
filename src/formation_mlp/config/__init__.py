"""The configuration: its keys, how a file of it is read, and the names that it may hold."""
