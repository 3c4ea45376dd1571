{# Rows for which the expression is not true; null counts as not true. What must stop a table is a constraint of it. #}
{% test expression_is_true(model, expression) %}
    select * from {{ model }} where ({{ expression }}) is not true
{% endtest %}

{# Keys that occur more than once, or lack a part: of what has no key of its own, views and seeds. #}
{% test key(model, columns) %}
    select {{ columns | join(", ") }}, count(*) as copies
    from {{ model }}
    group by {{ columns | join(", ") }}
    having count(*) > 1 or num_nulls({{ columns | join(", ") }}) > 0
{% endtest %}

{# A column, or an expression of columns, that is not the sum of its lines in another relation, joined by `key`. #}
{% test equals_sum_of(model, column_name, to, field, key, tolerance=0) %}
    with stated as (
        select {{ key }}, {{ column_name }} as total from {{ model }}
    ),

    lines as (
        select {{ key }}, sum({{ field }}) as total
        from {{ to }}
        where {% if config.get("where") %}{{ key }} in (select stated.{{ key }} from stated){% else %}true{% endif %}
        group by {{ key }}
    )
    select stated.{{ key }}, stated.total as total_stated, lines.total as total_of_lines
    from stated
    left join lines on stated.{{ key }} = lines.{{ key }}
    where abs(stated.total - coalesce(lines.total, 0)) > {{ tolerance }}
{% endtest %}

{# The whole of a column differs from the whole of another one: a join lost or doubled rows. #}
{% test same_total(model, column_name, to, field, tolerance=0) %}
    select here.total as total_here, there.total as total_there
    from (select coalesce(sum({{ column_name }}), 0) as total from {{ model }}) as here
    cross join (select coalesce(sum({{ field }}), 0) as total from {{ to }}) as there
    where abs(here.total - there.total) > {{ tolerance }}
{% endtest %}

{# Dates, or months, on which columns do not add up to those of the relation that they were made from. #}
{% test same_sums_by_date(
    model, to, fields, where_expression="true", day="business_date", day_there="business_date"
) %}
    with here as (
        select {{ day }}{% for field in fields %}, sum({{ field }}) as {{ field }}{% endfor %}
        from {{ model }}
        group by {{ day }}
    ),

    there as (
        select {{ day_there }} as {{ day }}{% for field in fields %}, sum({{ field }}) as {{ field }}{% endfor %}
        from {{ to }}
        where {{ of_dates(where_expression) }}
        group by {{ day_there }}
    )
    select {{ day }}
    from here
    full outer join there using ({{ day }})
    where row(here.{{ fields | join(", here.") }}) is distinct from row(there.{{ fields | join(", there.") }})
{% endtest %}

{# Another number of rows than the relation it was made from: a join lost or doubled rows. #}
{% test same_rows(model, to, where_expression="true") %}
    select here.n as rows_here, there.n as rows_there
    from (select count(*) as n from {{ model }}) as here
    cross join (select count(*) as n from {{ to }} where {{ of_dates(where_expression) }}) as there
    where here.n != there.n
{% endtest %}

{# A column of counts whose sum is not the number of rows that were counted. #}
{% test counts_rows_of(model, column_name, to, where_expression="true") %}
    select here.total as total_here, there.n as rows_there
    from (select coalesce(sum({{ column_name }}), 0) as total from {{ model }}) as here
    cross join (select count(*) as n from {{ to }} where {{ where_expression }}) as there
    where here.total != there.n
{% endtest %}

{# Spans of one key after which nothing holds for a while, or at all; valid_to is exclusive, null is open. #}
{% test no_gap(model, key) %}
    select spans.*
    from (
        select {{ key }}, valid_from, valid_to, lead(valid_from) over (partition by {{ key }} order by valid_from) as next_from
        from {{ model }}
    ) as spans
    where spans.valid_to < spans.next_from or (spans.valid_to is not null and spans.next_from is null)
{% endtest %}

{# Spans of one key that overlap; valid_to is exclusive, null is open. #}
{% test no_overlap(model, key) %}
    select spans.*
    from (
        select {{ key }}, valid_from, valid_to, lead(valid_from) over (partition by {{ key }} order by valid_from) as next_from
        from {{ model }}
    ) as spans
    where spans.valid_to > spans.next_from or (spans.valid_to is null and spans.next_from is not null)
{% endtest %}
