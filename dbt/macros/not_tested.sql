{#
Tests of facts by date or by month look at what was built since they last passed: in a test's YAML, `not_tested(column)`
stands for that, in `where` and in `where_expression`. What failed, or was not tested, is looked at again until it
passes; `intermediate.date_tested` says what passed, by test and date, with the version that the fact was built from.
All dates are looked at with `--vars '{every_date: true}'` (gridmart/warehouse/dbt.py), which maintenance does weekly.
#}
{% macro date_tested() -%}
    {{ target.database }}.intermediate.date_tested
{%- endmacro %}

{% macro create_date_tested() %}
    {% if execute and flags.WHICH in ("run", "build", "test") %}
        create table if not exists {{ date_tested() }} (
            test_name text not null,
            model_name text not null,
            business_date date not null,
            version text not null,
            primary key (test_name, business_date)
        )
    {% else %}
        select 1
    {% endif %}
{% endmacro %}

{# The condition with `not_tested(column)` written out for the test that runs; an array, so that an index is used. #}
{% macro of_dates(condition) -%}
    {%- if env_var("GRIDMART_DBT_EVERY_DATE", "") -%}
        {{ modules.re.sub("not_tested[(]\\w+[)]", "true", condition) }}
    {%- else -%}
        {%- set dates -%}
            any(array(
                select b.business_date from {{ fact_date_built() }} as b
                where b.model_name = '{{ (model.attached_node or "").split(".") | last }}' and not exists (
                    select from {{ date_tested() }} as t
                    where t.test_name = '{{ model.name }}'
                        and t.business_date = b.business_date and t.version = b.version
                )
            ))
        {%- endset -%}
        {{ modules.re.sub("not_tested[(](\\w+)[)]", "\\1 = " ~ dates, condition) }}
    {%- endif -%}
{%- endmacro %}

{# What dbt asks for a test's `where`. #}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get("where", "") -%}
    {{ return("(select * from " ~ relation ~ " where " ~ of_dates(where) ~ ") as of_dates" if where else relation) }}
{%- endmacro %}

{# At the end of a run: what a test has looked at and found good. #}
{% macro remember_tested(results) %}
    {% set passed = [] %}
    {% for result in results if result.node.resource_type == "test" and result.status | string == "pass" %}
        {% if "not_tested(" in (result.node.config.where or "") %}
            {% set model_name = result.node.attached_node.split(".") | last %}
            {% do passed.append("('" ~ result.node.name ~ "', '" ~ model_name ~ "')") %}
        {% endif %}
    {% endfor %}
    {% if passed %}
        insert into {{ date_tested() }} as t (test_name, model_name, business_date, version)
        select p.test_name, p.model_name, b.business_date, b.version
        from (values {{ passed | join(", ") }}) as p (test_name, model_name)
        inner join {{ fact_date_built() }} as b on p.model_name = b.model_name
        on conflict (test_name, business_date) do update set version = excluded.version
        where t.version <> excluded.version
    {% endif %}
{% endmacro %}
