{#
What is valid at a time, as one number: the sum of the hashes of the rows valid then, in whatever order they come. A row
adds its hash from `valid_from` on and takes it away at `valid_to` (null: never).

relation  name of a query with valid_from, valid_to, hash
#}
{% macro running_hash(relation) %}
    select
        step.day as valid_from,
        lead(step.day) over (order by step.day) as valid_to,
        sum(sum(step.hash)) over (order by step.day) as hash
    from (
        select r.valid_from as day, r.hash::numeric as hash from {{ relation }} as r
        union all
        select r.valid_to, -r.hash::numeric from {{ relation }} as r where r.valid_to is not null
    ) as step
    group by step.day
{% endmacro %}

{#
A row as one number that may be added up with others. PostgreSQL's own hash of a row is itself a sum over its columns: in
a sum of those, two rows that exchange a value would look as before.
#}
{% macro row_hash(columns) -%}
    hashint8extended(hash_record_extended(row({{ columns }}), 0), 0)
{%- endmacro %}
