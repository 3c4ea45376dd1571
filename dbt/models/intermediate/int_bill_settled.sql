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

-- dbt lets a failing test stop only what has all relations of the test upstream: with the lines here,
-- a bill that is not their sum stops every mart made from bills
lines as (
    select
        bill_no,
        sum(amount_yuan) as lines_yuan
    from {{ ref("stg_cis__bill_line") }}
    group by bill_no
),

final as (
    select
        bills.bill_no,
        bills.amount_yuan as receivable_yuan,
        coalesce(lines.lines_yuan, 0)::numeric(18, 2) as lines_yuan,
        coalesce(sum(payments.amount_yuan), 0)::numeric(18, 2) as received_yuan,
        (bills.amount_yuan - coalesce(sum(payments.amount_yuan), 0))::numeric(18, 2) as outstanding_yuan,
        min(payments.paid_date) filter (where payments.paid_so_far_yuan >= bills.amount_yuan) as settled_date
    from bills
    left join payments on bills.bill_no = payments.bill_no
    left join lines on bills.bill_no = lines.bill_no
    group by bills.bill_no, bills.amount_yuan, lines.lines_yuan
)

select * from final
