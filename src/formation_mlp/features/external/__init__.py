"""Features that others compute: classes of matminer, and columns of a file."""
