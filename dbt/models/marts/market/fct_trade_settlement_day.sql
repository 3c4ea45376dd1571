with settlements as (
    select * from {{ ref("stg_market__settlement_day") }}
),

balances as (
    select * from {{ ref("fct_energy_balance_day") }}
    where level_code = 'company'
),

metered as (
    select
        business_date,
        sum(supplied_kwh) as supplied_kwh
    from balances
    group by business_date
),

final as (
    select
        settlements.business_date,
        settlements.contract_mwh,
        settlements.actual_mwh,
        settlements.deviation_mwh,
        (settlements.deviation_mwh / nullif(settlements.contract_mwh, 0))::numeric(12, 6) as deviation_share,
        settlements.contract_yuan,
        settlements.spot_yuan,
        settlements.deviation_fee_yuan,
        settlements.total_yuan,
        (settlements.total_yuan / nullif(settlements.actual_mwh, 0))::numeric(12, 2) as average_price_yuan_mwh,
        (metered.supplied_kwh / 1000)::numeric(18, 3) as metered_mwh,
        (settlements.actual_mwh - metered.supplied_kwh / 1000)::numeric(18, 3) as unexplained_mwh,
        settlements.status_code,
        current_timestamp as built_at
    from settlements
    left join metered on settlements.business_date = metered.business_date
)

select * from final
