"""Migrated networks on Keras' other backends, beside TensorFlow."""
