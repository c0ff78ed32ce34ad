"""The page about finished runs: one HTML file that opens anywhere, and its figures."""
