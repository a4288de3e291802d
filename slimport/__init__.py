"""slimport: TF-Slim code to Keras 3, with numeric proof."""

__version__ = "0.1.0"
