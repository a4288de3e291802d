"""Which files to read, how to read them without loss, and how to write them without risk."""
