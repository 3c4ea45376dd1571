{#
Facts by date are rebuilt date by date. `int_date_version` says which version of raw data and register each
date has (`versions` names another such model, for facts of other sources); `fact_date_built` which version each fact
was built from. What differs is built again, also when it arrived out of order, was promoted late, or the register
changed afterwards. A clock decides nothing.

What belongs to months is rebuilt month by month in the same way: `int_bill_month_version` says which version of
readings, contracts, tariffs and bills a month has, `int_settled_month_version` which one with its payments.
#}

{% macro fact_date_built() -%}
    {{ target.database }}.intermediate.fact_date_built
{%- endmacro %}

{% macro create_fact_date_built() %}
    {% if execute and flags.WHICH in ("run", "build") %}
        create table if not exists {{ fact_date_built() }} (
            model_name text not null,
            business_date date not null,
            version text not null,
            primary key (model_name, business_date)
        )
    {% else %}
        select 1
    {% endif %}
{% endmacro %}

{# Query of the dates to rebuild: changed or vanished ones, and those of the run's range. #}
{% macro changed_dates(versions="int_date_version", day="business_date", grain="day") %}
    select coalesce(v.{{ day }}, b.business_date) as {{ day }}
    from {{ ref(versions) }} as v
    full outer join (
        select f.business_date, f.version from {{ fact_date_built() }} as f where f.model_name = '{{ this.name }}'
    ) as b on v.{{ day }} = b.business_date
    where v.version is distinct from b.version
    {%- if var("from_date") and var("to_date") %}
        or coalesce(v.{{ day }}, b.business_date)
            between date_trunc('{{ grain }}', date '{{ var("from_date") }}') and date '{{ var("to_date") }}'
    {%- endif %}
{% endmacro %}

{# The same of months. #}
{% macro changed_months(versions="int_bill_month_version", day="bill_month") %}
    {{- changed_dates(versions, day, "month") -}}
{% endmacro %}

{#
The dates or months of such a query, as conditions on a column. Asked before the model's own query and written out:
the planner then knows how many there are, and takes the index for one of four hundred. `false` where none has changed.
#}
{% macro is_one_of(column, changed) -%}
    {%- set found = run_query(changed).columns[0].values() | sort if execute else [] -%}
    {%- if found -%}
        {{ column }} in (
            {%- for day in found %}date '{{ day }}'{{ ", " if not loop.last }}{% endfor -%}
        )
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{# Condition of a fact by date; nothing on a full refresh. #}
{% macro where_changed(column="business_date", versions="int_date_version") -%}
    {%- if is_incremental() %}where {{ is_one_of(column, changed_dates(versions)) }}{% endif -%}
{%- endmacro %}

{# The same by month. #}
{% macro where_changed_month(
    column="bill_month", word="where", versions="int_bill_month_version", day="bill_month"
) -%}
    {%- if is_incremental() %}{{ word }} {{ is_one_of(column, changed_months(versions, day)) }}{% endif -%}
{%- endmacro %}

{# A further condition of facts by date that are added up to months. #}
{% macro and_in_changed_months(column="business_date") -%}
    {%- set dates = dates_of_changed_months() -%}
    {%- if is_incremental() %}and {{ is_one_of(column, dates) }}{% endif -%}
{%- endmacro %}

{% macro dates_of_changed_months() %}
    select d.business_date
    from {{ ref("int_date_version") }} as d
    where date_trunc('month', d.business_date)::date in ({{ changed_months() }})
{% endmacro %}

{# Condition of months: those that are in one year with a changed one. #}
{% macro where_in_changed_years(column="bill_month", word="where") -%}
    {%- if is_incremental() %}{{ word }} {{ is_one_of(column, months_of_changed_years()) }}{% endif -%}
{%- endmacro %}

{% macro months_of_changed_years() %}
    select distinct (date_trunc('year', c.bill_month) + make_interval(months => m))::date
    from ({{ changed_months() }}) as c
    cross join generate_series(0, 11) as m
{% endmacro %}

{# Before the insert: the dates to rebuild leave the table, in the same transaction. #}
{% macro delete_changed_dates(versions="int_date_version") %}
    {% if is_incremental() %}
        delete from {{ this }} where {{ is_one_of('business_date', changed_dates(versions)) }}
    {% else %}
        select 1
    {% endif %}
{% endmacro %}

{# The same by month. #}
{% macro delete_changed_months(
    column="bill_month", versions="int_bill_month_version", also="false", day="bill_month"
) %}
    {% if is_incremental() %}
        delete from {{ this }} where {{ is_one_of(column, changed_months(versions, day)) }} or {{ also }}
    {% else %}
        select 1
    {% endif %}
{% endmacro %}

{# After the insert: remember what was built. #}
{% macro remember_built_dates(versions="int_date_version", day="business_date") %}
    delete from {{ fact_date_built() }} where model_name = '{{ this.name }}';
    insert into {{ fact_date_built() }} (model_name, business_date, version)
    select '{{ this.name }}', v.{{ day }}, v.version from {{ ref(versions) }} as v
{% endmacro %}
