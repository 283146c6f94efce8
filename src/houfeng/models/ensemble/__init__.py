"""Several models as one: log-linear pools with weights that past scores have earned."""
