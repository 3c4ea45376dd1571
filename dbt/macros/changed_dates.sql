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

{# A date of the run's range, a setting of the session (gridmart/warehouse/dbt.py); null without a range. #}
{% macro of_the_run(name) -%}
    nullif(current_setting('gridmart.{{ name }}', true), '')::date
{%- endmacro %}

{# Query of the dates to rebuild: changed or vanished ones, and those of the run's range. #}
{% macro changed_dates(versions="int_date_version", day="business_date", grain="day") %}
    select coalesce(v.{{ day }}, b.business_date) as {{ day }}
    from {{ ref(versions) }} as v
    full outer join (
        select f.business_date, f.version from {{ fact_date_built() }} as f where f.model_name = '{{ this.name }}'
    ) as b on v.{{ day }} = b.business_date
    where v.version is distinct from b.version
        or coalesce(v.{{ day }}, b.business_date) between date_trunc('{{ grain }}', {{ of_the_run("from_date") }})
            and {{ of_the_run("to_date") }}
{% endmacro %}

{# The same of months. #}
{% macro changed_months(versions="int_bill_month_version", day="bill_month") %}
    {{- changed_dates(versions, day, "month") -}}
{% endmacro %}

{# Condition of a fact by date; nothing on a full refresh. As an array, so that the index on the date is used. #}
{% macro where_changed(column="business_date", versions="int_date_version") -%}
    {%- if is_incremental() %}where {{ column }} = any(array({{ changed_dates(versions) }})){% endif -%}
{%- endmacro %}

{# The same by month. #}
{% macro where_changed_month(
    column="bill_month", word="where", versions="int_bill_month_version", day="bill_month"
) -%}
    {%- if is_incremental() %}{{ word }} {{ column }} = any(array({{ changed_months(versions, day) }})){% endif -%}
{%- endmacro %}

{# A further condition of facts by date that are added up to months. #}
{% macro and_in_changed_months(column="business_date") -%}
    {%- set dates = ref("int_date_version") -%}
    {%- if is_incremental() %}
    and {{ column }} = any(array(
        select d.business_date
        from {{ dates }} as d
        where date_trunc('month', d.business_date)::date in ({{ changed_months() }})
    ))
    {%- endif -%}
{%- endmacro %}

{# Condition of months: those that are in one year with a changed one. #}
{% macro where_in_changed_years(column="bill_month", word="where") -%}
    {%- if is_incremental() %}{{ word }} {{ column }} = any(array({{ months_of_changed_years() }})){% endif -%}
{%- endmacro %}

{% macro months_of_changed_years() %}
    select distinct (date_trunc('year', c.bill_month) + make_interval(months => m))::date
    from ({{ changed_months() }}) as c
    cross join generate_series(0, 11) as m
{% endmacro %}

{# Before the insert: the dates to rebuild leave the table, in the same transaction. #}
{% macro delete_changed_dates(versions="int_date_version") %}
    {% if is_incremental() %}
        delete from {{ this }} where business_date = any(array({{ changed_dates(versions) }}))
    {% else %}
        select 1
    {% endif %}
{% endmacro %}

{# Condition of the rows of a table by month that are built again. #}
{% macro is_rebuilt(column="bill_month", versions="int_bill_month_version", also="false", day="bill_month") -%}
    {{ column }} = any(array({{ changed_months(versions, day) }})) or {{ also }}
{%- endmacro %}

{# Before the insert, by month. #}
{% macro delete_changed_months(
    column="bill_month", versions="int_bill_month_version", also="false", day="bill_month"
) %}
    {% if is_incremental() %}
        delete from {{ this }} where {{ is_rebuilt(column, versions, also, day) }}
    {% else %}
        select 1
    {% endif %}
{% endmacro %}

{# After the insert: remember what was built, and that it is not tested yet. #}
{% macro remember_built_dates(versions="int_date_version", day="business_date") %}
    {%- set grain = "day" if day == "business_date" else "month" %}
    delete from {{ date_tested() }}
    where model_name = '{{ this.name }}'
        {%- if is_incremental() %} and business_date in ({{ changed_dates(versions, day, grain) }}){% endif %};
    delete from {{ fact_date_built() }} where model_name = '{{ this.name }}';
    insert into {{ fact_date_built() }} (model_name, business_date, version)
    select '{{ this.name }}', v.{{ day }}, v.version from {{ ref(versions) }} as v
{% endmacro %}
