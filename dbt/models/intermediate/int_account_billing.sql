{{ config(indexes=[{"columns": ["account_no"], "unique": true}]) }}

with bills as (
    select * from {{ ref("fct_bill") }}
),

as_of as (
    select * from {{ ref("int_as_of") }}
),

final as (
    select
        bills.account_no,
        max(bills.bill_month) as last_bill_month,
        coalesce(
            sum(bills.receivable_yuan)
            filter (where bills.bill_month > date_trunc('month', as_of.settled_as_of) - interval '13 months'), 0
        )::numeric(18, 2) as billed_12m_yuan,
        coalesce(sum(bills.outstanding_yuan) filter (where bills.is_overdue), 0)::numeric(18, 2) as arrears_yuan,
        max(bills.overdue_days) as arrears_days,
        -- of the bills whose due date has passed, the share settled by then
        (
            count(*) filter (where bills.due_date < as_of.settled_as_of and bills.settled_date <= bills.due_date)
        )::double precision
        / nullif(count(*) filter (where bills.due_date < as_of.settled_as_of), 0) as on_time_payment_share
    from bills
    cross join as_of
    group by bills.account_no
)

select * from final
