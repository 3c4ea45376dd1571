{{
    built_by_month(
        [{"columns": ["bill_no"], "unique": true}, {"columns": ["bill_month"]}],
        versions="int_settled_month_version",
    )
}}

with bills as (
    select * from {{ ref("stg_cis__bill") }}
    {{ where_changed_month(versions="int_settled_month_version") }}
),

payments as (
    select
        payments.payment_no,
        payments.bill_no,
        payments.amount_yuan,
        {{ local_date("payments.paid_at") }} as paid_date,
        sum(payments.amount_yuan) over (
            partition by payments.bill_no order by payments.paid_at, payments.payment_no
        ) as paid_so_far_yuan
    from {{ ref("stg_cis__payment") }} as payments
    inner join bills on payments.bill_no = bills.bill_no
),

-- dbt lets a failing test stop only what has all relations of the test upstream: with the lines here,
-- a bill that is not their sum stops every mart made from bills
lines as (
    select
        lines.bill_no,
        sum(lines.amount_yuan) as lines_yuan
    from {{ ref("stg_cis__bill_line") }} as lines
    inner join bills on lines.bill_no = bills.bill_no
    group by lines.bill_no
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
        bills.bill_month,
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
