"""What is known of the elements, and compositions of them: tables, oxidation states, charge balance."""
