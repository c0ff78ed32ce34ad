"""The machine below: files, locks, signals, processes, compiled code and what they cost. It knows no chemistry."""
