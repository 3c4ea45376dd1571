{#
At the start of a run: an incremental table that was built before a constraint was written into its contract gets it,
for all its rows; a row that breaks it stops the run, and a full refresh of the table tells whether it still does.
A constraint that changes takes a new name, for it says something else.
#}
{% macro add_missing_constraints() %}
    {% if execute and flags.WHICH in ("run", "build") %}
        {% set declared = [] %}
        {% for node in graph.nodes.values() if node.config.materialized == "incremental" %}
            {% for held in node.constraints or [] if held.type | string == "check" %}
                {% set addition = "add constraint " ~ held.name ~ " check (" ~ held.expression ~ ")" %}
                {% do declared.append((node.schema ~ "." ~ node.name, held.name, "", addition)) %}
            {% endfor %}
            {% for column in node.columns.values() if "not_null" in column.constraints | map(attribute="type") %}
                {% set addition = "alter column " ~ column.name ~ " set not null" %}
                {% do declared.append((node.schema ~ "." ~ node.name, "", column.name, addition)) %}
            {% endfor %}
        {% endfor %}
        {% set missing %}
            select d.table_name, d.addition
            from (
                values
                {% for row in declared -%}
                    ({% for word in row %}{{ quoted(word) }}{{ ", " if not loop.last }}{% endfor %})
                    {{- ", " if not loop.last }}
                {% endfor %}
            ) as d (table_name, constraint_name, column_name, addition)
            inner join pg_class as c on c.oid = to_regclass(d.table_name) and c.relkind = 'r'
            where
                not exists (select from pg_constraint as k where k.conrelid = c.oid and k.conname = d.constraint_name)
                and not exists (
                    select from pg_attribute as a
                    where a.attrelid = c.oid and a.attname = d.column_name and a.attnotnull
                )
        {% endset %}
        {% for row in run_query(missing).rows %}
            alter table {{ row[0] }} {{ row[1] }};
        {% endfor %}
    {% endif %}
    select 1
{% endmacro %}
