{#
Configuration of a model that is built date by date or month by month (changed_dates.sql): what has changed leaves the
table, is built again, and is remembered.

indexes   as of dbt's own config
versions  the model that says what a date or a month is made of; `day` is its column
month     the model's own column of the month
also      condition of rows that are built every time
analyze   whether statistics are taken at once, for what is built from it
#}
{% macro built_by_month(
    indexes, versions="int_bill_month_version", month="bill_month", also="false", day="bill_month", analyze=false
) %}
    {%- set remember = "{{ remember_built_dates('" ~ versions ~ "', '" ~ day ~ "') }}" -%}
    {{ config(
        materialized="incremental",
        incremental_strategy="append",
        on_schema_change="fail",
        pre_hook="{{ delete_changed_months('" ~ [month, versions, also, day] | join("', '") ~ "') }}",
        post_hook=[remember, "analyze {{ this }}"] if analyze else remember,
        indexes=indexes,
    ) }}
{% endmacro %}

{% macro built_by_date(indexes, versions="int_date_version") %}
    {{ config(
        materialized="incremental",
        incremental_strategy="append",
        on_schema_change="fail",
        pre_hook="{{ delete_changed_dates('" ~ versions ~ "') }}",
        post_hook="{{ remember_built_dates('" ~ versions ~ "') }}",
        indexes=indexes,
    ) }}
{% endmacro %}
