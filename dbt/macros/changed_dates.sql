{#
Facts by date are rebuilt date by date. `int_date_version` says which version of raw data and register each
date has (`versions` names another such model, for facts of other sources); `fact_date_built` which version each fact
was built from. What differs is built again, also when
it arrived out of order, was promoted late, or the register changed afterwards. A clock decides nothing.
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
{% macro changed_dates(versions="int_date_version") %}
    select coalesce(v.business_date, b.business_date) as business_date
    from {{ ref(versions) }} as v
    full outer join (
        select f.business_date, f.version from {{ fact_date_built() }} as f where f.model_name = '{{ this.name }}'
    ) as b on v.business_date = b.business_date
    where v.version is distinct from b.version
    {%- if var("from_date") and var("to_date") %}
        or coalesce(v.business_date, b.business_date)
            between date '{{ var("from_date") }}' and date '{{ var("to_date") }}'
    {%- endif %}
{% endmacro %}

{# Condition of a fact by date; nothing on a full refresh. #}
{% macro where_changed(column="business_date", versions="int_date_version") -%}
    {%- if is_incremental() %}where {{ column }} in ({{ changed_dates(versions) }}){% endif -%}
{%- endmacro %}

{# Before the insert: the dates to rebuild leave the table, in the same transaction. #}
{% macro delete_changed_dates(versions="int_date_version") %}
    {% if is_incremental() %}
        delete from {{ this }} where business_date in ({{ changed_dates(versions) }})
    {% else %}
        select 1
    {% endif %}
{% endmacro %}

{# After the insert: remember what was built. #}
{% macro remember_built_dates(versions="int_date_version") %}
    delete from {{ fact_date_built() }} where model_name = '{{ this.name }}';
    insert into {{ fact_date_built() }} (model_name, business_date, version)
    select '{{ this.name }}', v.business_date, v.version from {{ ref(versions) }} as v
{% endmacro %}
