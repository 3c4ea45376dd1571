with months as (
    select * from {{ ref("stg_market__contract_month") }}
),

contracts as (
    select * from {{ ref("stg_market__contract") }}
),

final as (
    select
        months.delivery_month,
        coalesce(contracts.contract_kind, '')::text as contract_kind,
        count(*) as contracts,
        sum(months.energy_mwh)::numeric(18, 3) as energy_mwh,
        sum(months.energy_mwh * months.price_yuan_mwh)::numeric(18, 2) as amount_yuan,
        (sum(months.energy_mwh * months.price_yuan_mwh) / nullif(sum(months.energy_mwh), 0))::numeric(
            12, 2
        ) as average_price_yuan_mwh,
        current_timestamp as built_at
    from months
    left join contracts on months.contract_no = contracts.contract_no
    group by months.delivery_month, coalesce(contracts.contract_kind, '')
)

select * from final
