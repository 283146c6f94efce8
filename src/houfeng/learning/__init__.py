"""Learning: one training engine for forecasts, images and waveforms (``pip install houfeng[learn]``)."""
