"""Whether two answers are equal: knows NumPy and nothing of TensorFlow."""
