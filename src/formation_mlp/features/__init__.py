"""Features: materials in, one row of numbers per material out."""
