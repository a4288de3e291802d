"""The whole program, read once with `ast`: what names mean, and which functions are closed."""
