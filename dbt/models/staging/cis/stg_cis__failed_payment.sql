with source as (
    select * from {{ source("cis", "a_pay_fail") }}
),

channels as (
    {{ codes_of("cis", "pay_mode") }}
),

reasons as (
    {{ codes_of("cis", "a_pay_fail.fail_code") }}
),

final as (
    select
        source.fail_id::text as failed_payment_no,
        source.calc_id::text as bill_no,
        source.cons_no::text as account_no,
        source.try_time::timestamptz as tried_at,
        source.try_amt::numeric(18, 2) as amount_yuan,
        coalesce(channels.contract_code, source.pay_mode)::text as channel_code,
        coalesce(reasons.contract_code, source.fail_code)::text as reason_code
    from source
    left join channels on source.pay_mode = channels.source_code
    left join reasons on source.fail_code = reasons.source_code
)

select * from final
