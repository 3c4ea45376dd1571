{# A folder's schema is its name as it stands: staging, intermediate, marts_candidate, seeds. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
