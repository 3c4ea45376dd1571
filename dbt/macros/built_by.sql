{#
Configuration of a model that is built date by date or month by month (changed_dates.sql): what has changed leaves the
table, is built again, and is remembered.

indexes   as of dbt's own config
versions  the model that says what a date or a month is made of; `day` is its column
month     the model's own column of the month
also      condition of rows that are built every time
analyze   whether statistics are taken at once, for what is built from it
differing whether rows that come out as they stand are left alone: where a month is built again for a few of its rows
#}
{% macro built_by_month(
    indexes,
    versions="int_bill_month_version",
    month="bill_month",
    also="false",
    day="bill_month",
    analyze=false,
    differing=false
) %}
    {%- set rebuilt = [month, versions, also, day] -%}
    {%- set remember = "{{ remember_built_dates('" ~ versions ~ "', '" ~ day ~ "') }}" -%}
    {{ config(
        materialized="incremental",
        incremental_strategy="differing" if differing else "append",
        on_schema_change="fail",
        pre_hook=[] if differing else "{{ delete_changed_months('" ~ rebuilt | join("', '") ~ "') }}",
        post_hook=[remember, "analyze {{ this }}"] if analyze else remember,
        indexes=indexes,
        meta={"rebuilt": rebuilt},
    ) }}
{% endmacro %}

{#
What dbt runs for `incremental_strategy="differing"`: of the months that were built again, rows that did not come out
again leave the table, and those that are new enter it. Rows are told apart by the hash of all columns but `built_at`.
#}
{% macro get_incremental_differing_sql(arg_dict) %}
    {%- set made = arg_dict["temp_relation"] -%}
    {%- set names = arg_dict["dest_columns"] | map(attribute="quoted") | list -%}
    {%- set told = names | reject("equalto", '"built_at"') | list -%}
    {%- set old = "hash_record_extended(row(o." ~ told | join(", o.") ~ "), 0)" -%}
    {%- set new = "hash_record_extended(row(m." ~ told | join(", m.") ~ "), 0)" -%}
    {%- set rebuilt = is_rebuilt(*config.get("meta")["rebuilt"]) -%}
    delete from {{ this }} as o
    where ({{ rebuilt }}) and not exists (select from {{ made }} as m where {{ new }} = {{ old }});
    insert into {{ this }} ({{ names | join(", ") }})
    select {{ names | join(", ") }} from {{ made }} as m
    where not exists (select from {{ this }} as o where ({{ rebuilt }}) and {{ old }} = {{ new }})
{% endmacro %}

{# The same by date. #}
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
