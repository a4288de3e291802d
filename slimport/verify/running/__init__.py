"""Worker processes: starting, watching and ending them, their answers, their cost."""
