with source as (
    select * from {{ source("cis", "e_bill_det") }}
),

kinds as (
    {{ codes_of("cis", "item_code") }}
),

periods as (
    {{ codes_of("cis", "prd_code") }}
),

final as (
    select
        source.calc_id::text as bill_no,
        source.item_seq::integer as line_no,
        coalesce(kinds.contract_code, source.item_code)::text as line_kind_code,
        coalesce(periods.contract_code, source.prd_code)::text as period_code,
        source.qty::numeric(18, 3) as quantity,
        source.prc::numeric(12, 6) as unit_price_yuan,
        source.amt::numeric(18, 2) as amount_yuan
    from source
    left join kinds on source.item_code = kinds.source_code
    left join periods on source.prd_code = periods.source_code
)

select * from final
