"""What runs in the worker processes of both sides; most of it under CPython 3.7, too."""
