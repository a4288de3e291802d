"""Jupyter notebooks: their code cells as one program, and back into the file without loss."""
