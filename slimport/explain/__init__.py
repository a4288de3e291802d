"""The rules for people: a list, an explanation of one, and the pages in docs/rules/."""
