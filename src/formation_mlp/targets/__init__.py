"""What is learned: labels, their scales, and scores. Here alone eV/atom turns into the numbers of a network."""
