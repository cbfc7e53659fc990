"""What is written, a format a module; `tables_out` says what a writer is."""
