{#
Late fee (违约金) on the debt of a row of int_debt_span, from its first day to the end of a date: each day costs a share
of what was unpaid the evening before; days after the year of the due date cost the rate of later years. Not rounded.
#}
{% macro late_fee(debt, until) -%}
    {{ debt }}.unpaid_yuan * (
        {{ debt }}.late_fee_rate
        * (least({{ until }}, {{ debt }}.due_year_end) - least({{ debt }}.valid_from, {{ debt }}.due_year_end))
        + {{ debt }}.late_fee_rate_later_years
        * (greatest({{ until }}, {{ debt }}.due_year_end) - greatest({{ debt }}.valid_from, {{ debt }}.due_year_end))
    )
{%- endmacro %}
