"""PostgreSQL: roles and schemas, bulk load, publication of marts."""
