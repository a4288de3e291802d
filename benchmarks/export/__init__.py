"""Migrated networks exported: SavedModel and TFLite beside the frozen graph of TF-Slim."""
