"""Energy scales: what a number means, and how to get from one scale to another."""
