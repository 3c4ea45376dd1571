with source as (
    select * from {{ source("cis", "bill_line") }}
),

final as (
    select
        bill_no::text as bill_no,
        line_no::integer as line_no,
        line_kind::text as line_kind_code,
        period_code::text as period_code,
        quantity::numeric(18, 3) as quantity,
        unit_price::numeric(12, 6) as unit_price_yuan,
        amount_yuan::numeric(18, 2) as amount_yuan
    from source
)

select * from final
