{# Limit of the loss rate at a level (var high_loss_limit). #}
{% macro high_loss_limit(column) -%}
    case {{ column }}
        {%- for level, limit in var("high_loss_limit").items() %}
        when '{{ level }}' then {{ limit }}
        {%- endfor %}
    end
{%- endmacro %}
