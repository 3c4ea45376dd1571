{{ config(indexes=[{"columns": ["bill_no"]}, {"columns": ["paid_date"]}]) }}

with payments as (
    select * from {{ ref("stg_cis__payment") }}
),

accounts as (
    select * from {{ ref("stg_cis__account") }}
),

final as (
    select
        payments.payment_no,
        payments.bill_no,
        payments.account_no,
        accounts.org_no,
        payments.paid_at,
        {{ local_date("payments.paid_at") }} as paid_date,
        payments.amount_yuan,
        payments.channel_code,
        current_timestamp as built_at
    from payments
    left join accounts on payments.account_no = accounts.account_no
)

select * from final
