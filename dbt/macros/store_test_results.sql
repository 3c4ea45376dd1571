{#
Gate 2, between layers: every test of this run as a row of supervision.quality_result, written by the run itself
(on-run-end), so that no other run can come between a test and its result. Models and skipped tests are no results.
#}
{% macro store_test_results(results) %}
    {% set rows = [] %}
    {% for result in results %}
        {% set node, status = result.node, result.status | string %}
        {% if node.resource_type in ("test", "unit_test") and status in ("pass", "success", "fail", "warn", "error") %}
            {% set tested = node.tested_node_unique_id or node.attached_node or node.depends_on.nodes[0] %}
            {% set table = tested.split(".") | last %}
            {% set kind = node.test_metadata.name if node.test_metadata else node.name %}
            {% set details = {"test": node.name, "type": node.resource_type | string, "why": node.description or none} %}
            {% set row = [
                quoted(invocation_id),
                "'between_layers'",
                quoted("dbt." ~ table),
                quoted(table),
                quoted(node.column_name),
                quoted(kind),
                "'warning'" if status == "warn" else "'critical'",
                "true" if status in ("pass", "success") else "false",
                quoted((result.message or "")[:500] or none),
                result.failures if result.failures is not none else "null",
                quoted(tojson(details))
            ] %}
            {% do rows.append("(" ~ row | join(", ") ~ "::jsonb)") %}
        {% endif %}
    {% endfor %}
    {% if rows %}
        insert into supervision.quality_result (
            run_id, gate, suite, table_name, column_name, expectation, severity, is_success, observed,
            unexpected_count, details
        )
        values {{ rows | join(", ") }}
    {% endif %}
{% endmacro %}

{# A text as an SQL literal; nothing as null. #}
{% macro quoted(text) -%}
    {{ return("'" ~ (text | string | replace("'", "''")) ~ "'" if text is not none and text is defined else "null") }}
{%- endmacro %}
