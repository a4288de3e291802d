"""One result for readers: terminal, Markdown, HTML, JSON."""
