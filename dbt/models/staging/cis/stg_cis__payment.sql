with source as (
    select * from {{ source("cis", "a_pay_flow") }}
),

channels as (
    {{ codes_of("cis", "pay_mode") }}
),

final as (
    select
        source.charge_id::text as payment_no,
        source.calc_id::text as bill_no,
        source.cons_no::text as account_no,
        source.charge_time::timestamptz as paid_at,
        source.rcv_amt::numeric(18, 2) as amount_yuan,
        coalesce(channels.contract_code, source.pay_mode)::text as channel_code
    from source
    left join channels on source.pay_mode = channels.source_code
)

select * from final
