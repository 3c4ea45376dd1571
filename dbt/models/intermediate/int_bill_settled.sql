{{
    built_by_month(
        [{"columns": ["bill_no"], "unique": true}, {"columns": ["bill_month"]}],
        versions="int_settled_month_version",
        differing=true,
    )
}}

with bills as (
    select * from {{ ref("stg_cis__bill") }}
    {{ where_changed_month(versions="int_settled_month_version") }}
),

-- a month or two of many: payments and lines are looked up bill by bill, and not read as a whole.
-- what was paid beyond a bill is no recovery of it, and must not hide what others owe: it stands apart
final as (
    select
        bills.bill_no,
        bills.account_no,
        bills.bill_month,
        bills.issued_date,
        bills.due_date,
        bills.energy_kwh,
        bills.amount_yuan as receivable_yuan,
        coalesce(lines.lines_yuan, 0)::numeric(18, 2) as lines_yuan,
        least(coalesce(paid.paid_yuan, 0), bills.amount_yuan)::numeric(18, 2) as received_yuan,
        greatest(bills.amount_yuan - coalesce(paid.paid_yuan, 0), 0)::numeric(18, 2) as outstanding_yuan,
        greatest(coalesce(paid.paid_yuan, 0) - bills.amount_yuan, 0)::numeric(18, 2) as overpaid_yuan,
        -- a bill of nothing waits for no payment
        case when bills.amount_yuan > 0 then paid.settled_date else bills.issued_date end as settled_date
    from bills
    cross join
        lateral (
            select
                sum(payments.amount_yuan) as paid_yuan,
                min(payments.paid_date) filter (where payments.paid_so_far_yuan >= bills.amount_yuan) as settled_date
            from (
                select
                    p.amount_yuan,
                    {{ local_date("p.paid_at") }} as paid_date,
                    sum(p.amount_yuan) over (order by p.paid_at, p.payment_no) as paid_so_far_yuan
                from {{ ref("stg_cis__payment") }} as p
                where p.bill_no = bills.bill_no
            ) as payments
        ) as paid
    -- dbt lets a failing test stop only what has all relations of the test upstream: with the lines here,
    -- a bill that is not their sum stops every mart made from bills
    cross join
        lateral (
            select sum(l.amount_yuan) as lines_yuan
            from {{ ref("stg_cis__bill_line") }} as l
            where l.bill_no = bills.bill_no
        ) as lines
)

select * from final
