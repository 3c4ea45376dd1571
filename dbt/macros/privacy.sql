{#
Keyed hash of personal data. The key comes through the connection (PGOPTIONS of `gridmart dbt`), so that it
stands in no compiled file, log or manifest. PostgreSQL without pgcrypto has sha256() but no hmac().
#}
{% macro keyed_hash(value) -%}
    encode(sha256(convert_to(current_setting('gridmart.pii_hash_key') || {{ value }}, 'utf8')), 'hex')
{%- endmacro %}

{# First character and two stars; an empty name stays unknown. #}
{% macro masked(value) -%}
    left(nullif(trim({{ value }}), ''), 1) || '**'
{%- endmacro %}

{% macro local_date(column) -%}
    ({{ column }} at time zone '{{ env_var("GRIDMART_TIMEZONE", "Asia/Shanghai") }}')::date
{%- endmacro %}

{# The moment (UTC) at which a local date begins. #}
{% macro local_midnight(day) -%}
    (({{ day }})::timestamp at time zone '{{ env_var("GRIDMART_TIMEZONE", "Asia/Shanghai") }}')
{%- endmacro %}
