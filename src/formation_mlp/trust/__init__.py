"""How far to trust a prediction: calibrated intervals, the domain of the train rows, the nearest of them."""
