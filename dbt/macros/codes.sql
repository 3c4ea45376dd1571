{#
Body of an import CTE: the contract's codes for a coded column of a source (seed source_code). Staging joins it from
the left and takes coalesce(contract_code, the code itself): an unknown code stays visible, and the arrival gate
names it.
#}
{% macro codes_of(source_name, source_column) -%}
    select source_code, contract_code
    from {{ ref("source_code") }}
    where source_name = '{{ source_name }}' and source_column = '{{ source_column }}'
{%- endmacro %}
