with prices as (
    select * from {{ ref("stg_market__spot_price") }}
),

final as (
    select
        hour_start_at,
        {{ local_date("hour_start_at") }} as business_date,
        max(price_yuan_mwh) filter (where market_code = 'day_ahead')::numeric(12, 2) as day_ahead_yuan_mwh,
        max(price_yuan_mwh) filter (where market_code = 'real_time')::numeric(12, 2) as real_time_yuan_mwh,
        (
            max(price_yuan_mwh) filter (where market_code = 'real_time')
            - max(price_yuan_mwh) filter (where market_code = 'day_ahead')
        )::numeric(12, 2) as spread_yuan_mwh,
        current_timestamp as built_at
    from prices
    group by hour_start_at
)

select * from final
