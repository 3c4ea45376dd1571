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

paid as (
    select
        bill_no,
        sum(amount_yuan) as paid_yuan
    from payments
    group by bill_no
),

settled as (
    select
        payments.bill_no,
        min(payments.paid_date) as settled_date
    from payments
    inner join bills on payments.bill_no = bills.bill_no and payments.paid_so_far_yuan >= bills.amount_yuan
    group by payments.bill_no
),

-- what was paid beyond a bill is no recovery of it, and must not hide what others owe: it stands apart
final as (
    select
        bills.bill_no,
        bills.amount_yuan as receivable_yuan,
        coalesce(lines.lines_yuan, 0)::numeric(18, 2) as lines_yuan,
        least(coalesce(paid.paid_yuan, 0), bills.amount_yuan)::numeric(18, 2) as received_yuan,
        greatest(bills.amount_yuan - coalesce(paid.paid_yuan, 0), 0)::numeric(18, 2) as outstanding_yuan,
        greatest(coalesce(paid.paid_yuan, 0) - bills.amount_yuan, 0)::numeric(18, 2) as overpaid_yuan,
        -- a bill of nothing waits for no payment
        case when bills.amount_yuan > 0 then settled.settled_date else bills.issued_date end as settled_date
    from bills
    left join paid on bills.bill_no = paid.bill_no
    left join settled on bills.bill_no = settled.bill_no
    left join lines on bills.bill_no = lines.bill_no
)

select * from final
