"""What broke: exposure, fragility, casualties, losses and recovery, every number with its range."""
