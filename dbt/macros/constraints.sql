{#
At the start of a run: an incremental table that was built before a constraint was written into its contract gets it,
for all its rows. A constraint that changes takes a new name, for it says something else.
#}
{% macro add_missing_constraints() %}
    {% if execute and flags.WHICH in ("run", "build") %}
        {% set declared = [] %}
        {% for node in graph.nodes.values() if node.config.materialized == "incremental" %}
            {% for held in node.constraints or [] if held.type | string == "check" %}
                {% do declared.append((node.schema, node.name, held.name, held.expression)) %}
            {% endfor %}
        {% endfor %}
        {% set missing %}
            select d.schema_name, d.table_name, d.constraint_name, d.expression
            from (values {% for row in declared -%}
                ({% for word in row %}{{ quoted(word) }}{{ ", " if not loop.last }}{% endfor %}){{ ", " if not loop.last }}
            {%- endfor %}) as d (schema_name, table_name, constraint_name, expression)
            inner join pg_class as c on c.oid = to_regclass(d.schema_name || '.' || d.table_name) and c.relkind = 'r'
            where not exists (select from pg_constraint as k where k.conrelid = c.oid and k.conname = d.constraint_name)
        {% endset %}
        {% for row in run_query(missing).rows if declared %}
            alter table {{ row[0] }}.{{ row[1] }} add constraint {{ row[2] }} check ({{ row[3] }});
        {% endfor %}
    {% endif %}
    select 1
{% endmacro %}
