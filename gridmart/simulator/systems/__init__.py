"""The source systems as they are in life: silos with names, keys and spellings of their own."""
