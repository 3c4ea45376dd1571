{{
    built_by_month(
        [
            {"columns": ["bill_no"]},
            {"columns": ["account_no"]},
            {"columns": ["bill_month"]},
            {"columns": ["outstanding_yuan"]},
        ],
        versions="int_settled_month_version",
        also="outstanding_yuan > 0 or bill_month is null",
        differing=true,
    )
}}

-- a bill that is owed is older every day; of the others those of changed months
with bills as (
    select * from {{ ref("fct_bill") }}
    {{ where_changed_month(versions="int_settled_month_version", word="where outstanding_yuan > 0 or") }}
),

payments as (
    select * from {{ ref("fct_payment") }} where bill_month is null
),

accounts as (
    select * from {{ ref("dim_account") }} where is_current
),

classes as (
    select * from {{ ref("ageing_class") }}
),

as_of as (
    select settled_as_of from {{ ref("int_as_of") }}
),

-- the fee stops with the debt: the last span of a settled bill is one of nothing
fees as (
    select
        debts.bill_no,
        debts.fee_before_yuan + {{ late_fee("debts", "as_of.settled_as_of") }} as late_fee_yuan
    from {{ ref("int_debt_span") }} as debts
    cross join as_of
    where debts.valid_to is null
),

asked as (
    select
        'bill' as kind_code,
        bills.bill_no as reference_no,
        bills.bill_no,
        bills.account_no,
        bills.org_no,
        bills.station_name_zh,
        bills.district_name_zh,
        bills.usage_category,
        bills.usage_category_zh,
        bills.bill_month,
        bills.issued_date,
        bills.due_date,
        bills.receivable_yuan,
        bills.received_yuan,
        bills.outstanding_yuan,
        bills.overpaid_yuan,
        0::numeric(18, 2) as unallocated_yuan,
        bills.settled_date,
        bills.is_overdue,
        bills.overdue_days,
        classes.ageing_code,
        case when bills.due_date >= as_of.settled_as_of then 0 else round(fees.late_fee_yuan, 2) end as late_fee_yuan
    from bills
    cross join as_of
    left join fees on bills.bill_no = fees.bill_no
    left join classes
        on
            bills.overdue_days >= classes.from_days
            and (classes.to_days is null or bills.overdue_days <= classes.to_days)
),

-- money that no bill asks for is not lost: it waits for its bill, or goes back
unasked as (
    select
        'unallocated' as kind_code,
        payments.payment_no as reference_no,
        payments.bill_no,
        payments.account_no,
        accounts.org_no,
        accounts.station_name_zh,
        accounts.district_name_zh,
        accounts.usage_category,
        accounts.usage_category_zh,
        null::date as bill_month,
        null::date as issued_date,
        null::date as due_date,
        0::numeric(18, 2) as receivable_yuan,
        0::numeric(18, 2) as received_yuan,
        0::numeric(18, 2) as outstanding_yuan,
        0::numeric(18, 2) as overpaid_yuan,
        payments.amount_yuan as unallocated_yuan,
        payments.paid_date as settled_date,
        false as is_overdue,
        0 as overdue_days,
        null::text as ageing_code,
        0::numeric(18, 2) as late_fee_yuan
    from payments
    left join accounts on payments.account_no = accounts.account_no
),

ledger as (
    select * from asked
    union all
    select * from unasked
),

final as (
    select
        kind_code,
        reference_no,
        bill_no,
        account_no,
        org_no,
        station_name_zh,
        district_name_zh,
        usage_category,
        usage_category_zh,
        bill_month,
        issued_date,
        due_date,
        receivable_yuan,
        received_yuan,
        outstanding_yuan,
        overpaid_yuan,
        unallocated_yuan,
        settled_date,
        is_overdue,
        overdue_days,
        ageing_code,
        late_fee_yuan::numeric(18, 2) as late_fee_yuan,
        current_timestamp as built_at
    from ledger
)

select * from final
