"""`slimport scan`: what a tree holds and what would become of it, before anything is touched."""
