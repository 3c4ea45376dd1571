{# What raw tables hold of the bills of each month, as one number; of a month whose rows have all left there is none. #}
{% macro tally_of_bills() %}
    select
        t.relation_name,
        to_date(t.part, 'YYYYMM') as bill_month,
        t.hash
    from {{ source("supervision", "raw_tally") }} as t
    where t.part != '' and t.hash != 0
{% endmacro %}
