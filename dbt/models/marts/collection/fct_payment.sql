{{
    built_by_month(
        [{"columns": ["bill_no"]}, {"columns": ["paid_date"]}, {"columns": ["bill_month"]}],
        versions="int_settled_month_version",
        also="bill_month is null",
        differing=true,
    )
}}

-- with the month of their bill; those without a known one are looked at every time
with payments as (
    select
        payments.*,
        bills.bill_month,
        bills.issued_date
    from {{ ref("stg_cis__payment") }} as payments
    left join {{ ref("stg_cis__bill") }} as bills on payments.bill_no = bills.bill_no
    {{ where_changed_month(
        "bills.bill_month", versions="int_settled_month_version", word="where bills.bill_no is null or"
    ) }}
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
        payments.bill_month,
        {{ local_date("payments.paid_at") }} - payments.issued_date as days_to_pay,
        current_timestamp as built_at
    from payments
    left join accounts on payments.account_no = accounts.account_no
)

select * from final
