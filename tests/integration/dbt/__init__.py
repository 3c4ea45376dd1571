"""dbt. A package, since pytest knows no other end of a folder: what was built for it goes then."""
