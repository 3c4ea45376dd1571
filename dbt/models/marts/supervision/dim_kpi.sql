with kpis as (
    select * from {{ ref("kpi") }}
),

final as (
    select
        kpi_code,
        name_zh,
        name_en,
        formula_zh,
        formula_en,
        unit,
        grain,
        direction,
        owner,
        mart,
        date_column,
        condition,
        expression
    from kpis
)

select * from final
