with source as (
    select * from {{ source("market", "mkt_settle_day") }}
),

states as (
    {{ codes_of("market", "mkt_settle_day.status_code") }}
),

final as (
    select
        source.settle_date::date as business_date,
        source.contract_mwh::numeric(16, 3) as contract_mwh,
        source.actual_mwh::numeric(16, 3) as actual_mwh,
        source.dev_mwh::numeric(16, 3) as deviation_mwh,
        source.contract_amt::numeric(18, 2) as contract_yuan,
        source.spot_amt::numeric(18, 2) as spot_yuan,
        source.dev_fee::numeric(18, 2) as deviation_fee_yuan,
        source.total_amt::numeric(18, 2) as total_yuan,
        coalesce(states.contract_code, source.status_code)::text as status_code
    from source
    left join states on source.status_code = states.source_code
)

select * from final
