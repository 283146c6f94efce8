"""How the crust deforms: positions of GNSS stations, their steps and speeds, strain, transients; gravity."""
