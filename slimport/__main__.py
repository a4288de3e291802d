"""`python -m slimport`."""

from slimport.cli import main

main(prog_name="slimport")
