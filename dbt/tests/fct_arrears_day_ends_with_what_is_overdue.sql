-- the last evening of the history is what the ledger calls overdue
with overdue as (
    select
        bill_no,
        outstanding_yuan
    from {{ ref("fct_receivable") }}
    where is_overdue
),

evening as (
    select
        days.bill_no,
        days.unpaid_yuan
    from {{ ref("fct_arrears_day") }} as days
    inner join {{ ref("int_as_of") }} as as_of on days.business_date = as_of.settled_as_of
)

select
    overdue.bill_no,
    overdue.outstanding_yuan,
    evening.unpaid_yuan
from overdue
full outer join evening on overdue.bill_no = evening.bill_no
where overdue.outstanding_yuan is distinct from evening.unpaid_yuan
