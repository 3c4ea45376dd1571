with customers as (
    select * from {{ ref("customer_360") }}
),

final as (
    select
        segment_code,
        max(segment_name_zh) as segment_name_zh,
        max(segment_name_en) as segment_name_en,
        count(*) as accounts,
        sum(energy_30d_kwh)::numeric(18, 3) as energy_30d_kwh
    from customers
    group by segment_code
)

select * from final
