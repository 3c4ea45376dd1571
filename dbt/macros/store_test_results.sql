{#
Gate 2, between layers: every test of this run, and every constraint of a table that it built, as a row of
supervision.quality_result, written by the run itself (on-run-end), so that no other run can come between a test and its
result. PostgreSQL holds a constraint for every row of the table; a table with constraints that failed leaves one row,
with what PostgreSQL said. Views, skipped tests and skipped models are no results.
#}
{% macro store_test_results(results) %}
    {% set rows = [] %}
    {% for result in results %}
        {% set node, status = result.node, result.status | string %}
        {% if node.resource_type in ("test", "unit_test") and status in ("pass", "success", "fail", "warn", "error") %}
            {% set tested = node.tested_node_unique_id or node.attached_node or node.depends_on.nodes[0] %}
            {% set kind = node.test_metadata.name if node.test_metadata else node.name %}
            {% set details = {"test": node.name, "type": node.resource_type | string, "why": node.description or none} %}
            {% do rows.append(quality_row(
                tested.split(".") | last,
                node.column_name,
                kind,
                status in ("pass", "success"),
                details,
                result.message,
                result.failures,
                "warning" if status == "warn" else "critical"
            )) %}
        {% elif node.resource_type == "model" and status == "success" and node.config.materialized != "view" %}
            {% for held in constraints_of(node) %}
                {% set details = {"test": held.name, "type": "constraint", "expression": held.expression} %}
                {% do rows.append(quality_row(node.name, held.column, held.kind, true, details)) %}
            {% endfor %}
        {% elif node.resource_type == "model" and status == "error" and constraints_of(node) %}
            {% set said = result.message or "" %}
            {% set broken = [] %}
            {% for held in constraints_of(node) if ('"' ~ held.name ~ '"') in said %}
                {% do broken.append(held) %}
            {% endfor %}
            {% set held = broken | first or {"kind": "is_built", "name": node.name} %}
            {% set details = {"test": held.name, "type": "constraint" if broken else "model"} %}
            {% do rows.append(quality_row(node.name, none, held.kind, false, details, said)) %}
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

{# One result of gate 2 as a row of values. #}
{% macro quality_row(
    table_name, column, expectation, is_success, details, message=none, unexpected=none, severity="critical"
) -%}
    {% set row = [
        quoted(invocation_id),
        "'between_layers'",
        quoted("dbt." ~ table_name),
        quoted(table_name),
        quoted(column),
        quoted(expectation),
        quoted(severity),
        "true" if is_success else "false",
        quoted((message or "")[:500] or none),
        unexpected if unexpected is not none else "null",
        quoted(tojson(details))
    ] %}
    {{ return("(" ~ row | join(", ") ~ "::jsonb)") }}
{%- endmacro %}

{# The constraints of a model's contract: kind, name, column (of a key the list of them) and expression. #}
{% macro constraints_of(node) %}
    {% set found = [] %}
    {% for held in node.constraints or [] %}
        {% do found.append({
            "kind": held.type.value,
            "name": held.name or held.type.value ~ " of " ~ node.name,
            "column": held.columns | join(", ") or none,
            "expression": held.expression,
        }) %}
    {% endfor %}
    {% for column in node.columns.values() %}
        {% for held in column.constraints or [] %}
            {% do found.append({
                "kind": held.type.value,
                "name": held.type.value ~ " of " ~ node.name ~ "." ~ column.name,
                "column": column.name,
                "expression": none,
            }) %}
        {% endfor %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# A text as an SQL literal; nothing as null. #}
{% macro quoted(text) -%}
    {{ return("'" ~ (text | string | replace("'", "''")) ~ "'" if text is not none and text is defined else "null") }}
{%- endmacro %}
