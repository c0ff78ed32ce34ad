"""Where rows come from, and the checked set of rows that all later stages share."""
