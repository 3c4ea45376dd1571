{#
What dbt runs for `persist_docs`, in one statement and without asking PostgreSQL twice which columns there are: a
contract has them all, and a description of a column that is not there is an error.
#}
{% macro postgres__persist_docs(relation, model, for_relation, for_columns) %}
    {%- set comments = [] -%}
    {%- if for_relation and config.persist_relation_docs() and model.description -%}
        {%- do comments.append("comment on " ~ relation.type ~ " " ~ relation ~ " is " ~ quoted(model.description)) -%}
    {%- endif -%}
    {%- if for_columns and config.persist_column_docs() -%}
        {%- for column in model.columns.values() if column.description -%}
            {%- set place = relation ~ "." ~ adapter.quote(column.name) -%}
            {%- do comments.append("comment on column " ~ place ~ " is " ~ quoted(column.description)) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if comments -%}
        {%- do run_query(comments | join(";\n")) -%}
    {%- endif -%}
{% endmacro %}
