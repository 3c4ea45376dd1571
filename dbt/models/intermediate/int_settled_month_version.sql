{{ config(indexes=[{"columns": ["bill_month"], "unique": true}], post_hook="analyze {{ this }}") }}

with months as (
    select * from {{ ref("int_bill_month_version") }}
),

-- not materialized: all cores then read and hash together
bills as not materialized (
    select * from {{ ref("stg_cis__bill") }}
),

payments as not materialized (
    select * from {{ ref("stg_cis__payment") }}
),

paid as (
    select
        bills.bill_month,
        count(*) as payments,
        sum(
            hash_record_extended(
                row(
                    payments.payment_no, payments.bill_no, payments.account_no, payments.paid_at, payments.amount_yuan,
                    payments.channel_code
                ), 0
            )
        ) as hash
    from payments
    inner join bills on payments.bill_no = bills.bill_no
    group by bills.bill_month
),

final as (
    select
        months.bill_month,
        md5(concat_ws('|', months.version, paid.payments, paid.hash)) as version
    from months
    left join paid on months.bill_month = paid.bill_month
)

select * from final
