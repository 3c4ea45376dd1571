{#
Bound of Wilson's 95 % interval of a share, sign + or -: E. B. Wilson (1927), with z = 1.959964. Two of them give
Newcombe's interval of a difference (1998, method 10), which also holds for small groups and shares near zero.
#}
{% macro wilson(hits, trials, sign) -%}
    (
        ({{ hits }} + 1.920729 {{ sign }} 1.959964 * sqrt(
            {{ hits }} * (1 - {{ hits }}::double precision / nullif({{ trials }}, 0)) + 0.960365
        )) / ({{ trials }} + 3.841459)
    )
{%- endmacro %}
