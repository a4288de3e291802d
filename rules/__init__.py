"""One module per slim API family. To add an API, add one file here: see docs/writing-a-rule.md."""
