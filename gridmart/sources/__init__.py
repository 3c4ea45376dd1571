"""What comes in: one module a source."""
