"""What chemistry knows of the elements: oxidation states, and which formulas they can balance."""
