"""What a world begins from and becomes again: seeds as files, as made-up fleets, and as snapshots of a world."""
