{# The parts of a raw table that keeps a tally, and what each holds as one number; a part whose rows have all left is none. #}
{% macro tally_of(relation_name) %}
    select
        t.part,
        t.hash
    from {{ source("supervision", "raw_tally") }} as t
    where t.relation_name = '{{ relation_name }}' and t.part != '' and t.hash != 0
{% endmacro %}
