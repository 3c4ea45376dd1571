{{ config(indexes=[{"columns": ["bill_no"], "unique": true}]) }}

with bills as (
    select * from {{ ref("stg_cis__bill") }}
),

payments as (
    select
        payment_no,
        bill_no,
        amount_yuan,
        {{ local_date("paid_at") }} as paid_date,
        sum(amount_yuan) over (partition by bill_no order by paid_at, payment_no) as paid_so_far_yuan
    from {{ ref("stg_cis__payment") }}
),

final as (
    select
        bills.bill_no,
        bills.amount_yuan as receivable_yuan,
        coalesce(sum(payments.amount_yuan), 0)::numeric(18, 2) as received_yuan,
        (bills.amount_yuan - coalesce(sum(payments.amount_yuan), 0))::numeric(18, 2) as outstanding_yuan,
        min(payments.paid_date) filter (where payments.paid_so_far_yuan >= bills.amount_yuan) as settled_date
    from bills
    left join payments on bills.bill_no = payments.bill_no
    group by bills.bill_no, bills.amount_yuan
)

select * from final
