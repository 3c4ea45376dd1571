"""VEE: validation, estimation, editing of interval readings, as Ibis expressions."""
