with source as (
    select * from {{ source("cis", "payment") }}
),

final as (
    select
        payment_no::text as payment_no,
        bill_no::text as bill_no,
        account_no::text as account_no,
        paid_at::timestamptz as paid_at,
        amount_yuan::numeric(18, 2) as amount_yuan,
        channel_code::text as channel_code
    from source
)

select * from final
