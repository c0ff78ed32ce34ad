"""What several test modules share and no fixture gives: places, configurations, crystals, networks, commands."""
