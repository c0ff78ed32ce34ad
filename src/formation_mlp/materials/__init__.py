"""Materials as plain arrays: elements, compositions, structures, and the formula parser."""
