"""How strong the ground moves: models of ground motion, fields of it, and what people feel."""
