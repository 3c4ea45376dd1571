"""Dashboards as code: read, validated, bundled, synchronised with Superset, compared and pruned."""
