"""What is to be compared: case files, and cases found without one."""
