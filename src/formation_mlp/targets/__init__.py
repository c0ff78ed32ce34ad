"""What is learned: labels, their scales, and scores. Only here is eV/atom converted to the numbers of a network."""
