"""The lake: interval readings as Iceberg tables, validated and rolled up."""
