"""Where an instance is, and how it gets elsewhere: the map of the lifecycle, moves, waiting."""
