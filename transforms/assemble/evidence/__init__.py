"""What speaks for and against geometry: signs of doubt, and what a layout model sees."""
